"""Judges of claims about what can be reached: the best measure J*_λ, networks on their way to it, linear predictors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from featlearn.claims.evidence import Evidence, start_of
from featlearn.claims.intervals import (
    exponent_of,
    largest_of,
    median_of,
    over_seeds,
    proportion_of,
    slope,
    smallest_of,
)
from featlearn.claims.judges_of_runs import against, curve
from featlearn.claims.model import Findings
from featlearn.claims.records import Panel, Series
from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.theory.alignment import angles, nearest_teacher
from featlearn.theory.linear_floors import random_features_floor, tangent_floor
from featlearn.theory.measures import Target, tangent_bases
from featlearn.theory.optimum import Optimum, certified_optimum
from featlearn.training.networks import Network, generator, random_teacher
from featlearn.training.optima import optimum_of
from featlearn.training.problem import Problem

_ACTIVATION = activation("relu", 2)
_DECAYS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
_SMALL_DECAYS = (1e-4, 3e-5, 1e-5, 3e-6)


def _teacher(seed: int, rank: int, width: int, min_angle: float) -> Network:
    return random_teacher(
        generator(seed, "teacher"),
        input_dim=12,
        width=width,
        rank=rank,
        min_angle=min_angle,
        magnitude=(0.7, 1.3),
        sign="random",
    )


def _teachers(count: int) -> list[Network]:
    """Ranks 2, 3 and 5 in turn, with as many neurons as the rank and up to 6."""
    found = []
    for seed in range(count):
        rank = (2, 3, 5)[seed % 3]
        width = rank + (seed // 3) % (7 - rank)
        found.append(_teacher(seed, rank, width, min(25.0, 144.0 / width) if rank == 2 else 20.0))
    return found


def _optimum(teacher: Network, decay: float) -> Optimum:
    return certified_optimum(_ACTIVATION, teacher.second_layer, teacher.first_layer, decay)


# --- the optimum itself -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Deviation:
    """How the best measure lies to the lines of the teacher, (m*,) each."""

    missing_mass: np.ndarray
    centre_angle: np.ndarray  # of the centre of the mass at each line, radians
    spread: np.ndarray  # rms angle of the mass to its line, radians


def _deviation(teacher: Network, optimum: Optimum) -> _Deviation:
    near = nearest_teacher("even", optimum.masses[None], optimum.directions[None], teacher.first_layer[None])
    at = near.index[0] == np.arange(len(teacher.first_layer))[:, None]  # (m*, atoms)
    mass = at @ optimum.masses
    centres = at @ ((optimum.masses * near.sign[0])[:, None] * optimum.directions) * np.sign(mass)[:, None]
    turn = np.diagonal(angles(centres[None], teacher.first_layer[None])[0])
    spread = np.sqrt((at @ (near.mass[0] * near.angle[0] ** 2)) / np.abs(mass))
    return _Deviation(np.abs(teacher.second_layer - mass), turn, spread)


def optimum(evidence: Evidence) -> Findings:
    """Bounds, and how masses and directions move with λ."""
    teachers = _teachers(int(evidence.parameters["quick_teachers" if evidence.quick else "teachers"]))
    every = dict.fromkeys([*_DECAYS, *_SMALL_DECAYS])
    solved = [{decay: _optimum(teacher, decay) for decay in every} for teacher in teachers]
    found = [optima[decay] for optima in solved for decay in _DECAYS]
    widths = [(o.upper - o.lower) / o.upper for o in found]
    highest = max(o.largest_certificate for o in found)
    moved = [
        [_deviation(teacher, optima[decay]) for decay in _SMALL_DECAYS]
        for teacher, optima in zip(teachers, solved, strict=True)
    ]
    missing = np.array([[np.linalg.norm(d.missing_mass) for d in row] for row in moved])
    turned = np.array([[np.linalg.norm(d.centre_angle) for d in row] for row in moved])
    spread = np.array([[np.linalg.norm(d.spread) for d in row] for row in moved])
    exponents = np.array([slope(_SMALL_DECAYS, row) for row in spread])
    split = np.median(spread / turned, axis=1) > 1.5
    decays = list(_SMALL_DECAYS)
    curves = [("missing mass", missing), ("angle of the centre", turned)]
    if split.any():
        curves.append(("rms angle of clusters", spread[split]))
    clusters = f"; their rms angles fall with exponents {exponents[split].min():.2f} … {exponents[split].max():.2f}"
    return Findings(
        {
            "certified": proportion_of([width <= 1e-8 for width in widths]),
            "shrinkage": exponent_of(_SMALL_DECAYS, missing),
            "turn": exponent_of(_SMALL_DECAYS, turned),
        },
        [
            f"widest bounds {max(widths):.1e} of J*, largest |η| 1 + {highest - 1:.0e}",
            f"{split.sum()} of {len(teachers)} teachers have clusters of atoms at a line"
            + (clusters if split.any() else ""),
        ],
        Panel(
            "weight decay λ",
            "deviation from the teacher (mass, radians)",
            [curve(name, decays, [median_of(column) for column in values.T]) for name, values in curves],
            log_x=True,
            log_y=True,
        ),
    )


def certificate(evidence: Evidence) -> Findings:
    """η at the atoms of the best measure and around them."""
    count = int(evidence.parameters["quick_teachers" if evidence.quick else "teachers"])
    decay = evidence.parameters["weight_decay"]
    turns = np.geomspace(0.01 * decay, 10 * decay, 25)
    near, around = turns < 0.11 * decay, turns > 0.9 * decay
    found = [_around(_teacher(seed, 2, 3, 25.0), decay, turns) for seed in range(count)]
    fallen = np.concatenate([one.falls for one in found])
    curvatures = np.concatenate([one.curvatures for one in found])
    flat = [_around(_teacher(seed, 3, 5, 20.0), decay, turns).curvatures.min() for seed in range(max(4, count // 4))]
    beyond = exponent_of(turns[around], fallen[:, around])
    return Findings(
        {
            "sign": largest_of([one.off_sign for one in found]),
            "exponent": exponent_of(turns[near], fallen[:, near]),
            "typical": median_of(curvatures),
            "curvature": smallest_of(curvatures),
        },
        [
            f"farther from an atom than λ the exponent is {beyond.value:.2f}: its kernel bends as |θ|³/λ",
            f"rank 3, five lines 20° apart: smallest curvature {min(flat):.2g}, median teacher {np.median(flat):.2g}",
        ],
        Panel(
            "angle from an atom / λ, radians",
            "1 − |η|",
            [curve("median over atoms", (turns / decay).tolist(), [median_of(column) for column in fallen.T])],
            log_x=True,
            log_y=True,
        ),
    )


@dataclass(frozen=True)
class _Around:
    """η at the atoms of one optimum: distance from ±1, falls of |η| at angles (atoms, angles), curvatures."""

    off_sign: float
    falls: np.ndarray
    curvatures: np.ndarray


def _around(teacher: Network, decay: float, turns: np.ndarray) -> _Around:
    found = _optimum(teacher, decay)
    target = Target(_ACTIVATION, teacher.second_layer, teacher.first_layer, decay)
    atoms = target.atoms_of(found.masses, found.directions)
    signs, units = atoms.signs, np.pad(atoms.directions, ((0, 0), (0, 1)))  # a coordinate out of the span
    at, _ = target.certificate(atoms, units)
    bent = (
        -signs[:, None, None] * target.curvature(atoms, units) + np.eye(units.shape[-1]) * (signs * at)[:, None, None]
    )
    tangents = tangent_bases(units)
    curvatures = np.linalg.eigvalsh(tangents @ bent @ tangents.mT)
    falls = []
    for sign, unit, tangent in zip(signs, units, tangents, strict=True):
        sides = [np.cos(turns)[:, None] * unit + np.sin(turns)[:, None] * way for way in (tangent[0], -tangent[0])]
        falls.append(np.mean([1 - sign * target.certificate(atoms, side)[0] for side in sides], axis=0))
    return _Around(float(np.abs(at - signs).max()), np.array(falls), curvatures.ravel())


# --- networks on their way to it ----------------------------------------------------------------


@dataclass(frozen=True)
class _Snapshot:
    """A network of the last stage at one snapshot, (1, m) and (1, m, d), with its row and the optimum at its λ."""

    seed: int
    decay: float
    gap: float
    gradient: float
    second_layer: np.ndarray
    first_layer: np.ndarray
    problem: Problem
    optimum: Optimum


def _snapshots(evidence: Evidence) -> Iterator[_Snapshot]:
    for full, config in evidence.runs("runs"):
        if full.status != "done":
            raise ValueError(f"the run of seed {config.seed} ended as {full.status}")
        problem, last = start_of(config)[0], list(config.stages)[-1]
        rows = {row["step"]: row for row in full.run.read_metrics()}
        arrays = full.run.read_arrays(full.run.snapshots_file)
        for step, a, w in zip(arrays["step"], arrays["second_layer"], arrays["first_layer"], strict=True):
            row = rows[int(step)]
            best = optimum_of(problem, 0, row["weight_decay"])
            if row["stage"] == last and best is not None:
                numbers = config.seed, row["weight_decay"], row["gap"], row["grad_norm"]
                yield _Snapshot(*numbers, a[None], w[None], problem, best)


def _misalignment(shot: _Snapshot) -> float:
    """Σ p_j δ_j² with δ_j the angle to the nearest atom."""
    symmetry = shot.problem.activation.symmetry
    near = nearest_teacher(symmetry, shot.second_layer, shot.first_layer, shot.optimum.directions[None])
    return float(np.sum(np.where(near.mass > 0, near.mass * near.angle**2, 0.0)))


def _near_and_far(evidence: Evidence, shots: list[_Snapshot]) -> tuple[list[_Snapshot], str]:
    """The clear snapshots near a solution (gaps above rounding and bounds), and a sentence about those that are far."""
    most, least = evidence.parameters["near_solution"], evidence.parameters["smallest_gap"]
    clear = [s for s in shots if s.gap > least * s.optimum.upper + 10 * (s.optimum.upper - s.optimum.lower)]
    near = [s for s in clear if s.gap <= most * s.optimum.upper]
    far = [s for s in shots if s.gap / s.optimum.upper > most]
    if not far:
        return near, f"no snapshot of the last stage has a gap above {most:g} of J*"
    flattest = min(far, key=lambda s: s.gradient**2 / s.gap)
    what = ": a plateau" if flattest.gradient**2 < 1e-5 * flattest.gap else ""
    runs = f"{len({s.seed for s in far})} of {len({s.seed for s in shots})} runs have snapshots above {most:g} of J*"
    ratio = f"‖∇L_λ‖² is as small as {flattest.gradient**2 / flattest.gap:.1e} of the gap"
    return near, f"{runs}; there {ratio} (seed {flattest.seed}, λ = {flattest.decay:.2g}){what}"


def geometry(evidence: Evidence) -> Findings:
    """Misalignment against gap/λ, and the gradient against the gap."""
    shots = list(_snapshots(evidence))
    near, plateau = _near_and_far(evidence, shots)
    gap, decay = np.array([s.gap for s in near]), np.array([s.decay for s in near])
    ratio = np.array([_misalignment(s) for s in near]) * decay / gap
    squared, seeds = np.array([s.gradient for s in near]) ** 2, np.array([s.seed for s in near])
    decays = np.unique(decay)
    per_decay = np.array([ratio[decay == x].max() for x in decays])

    def growth(some: np.ndarray) -> float:
        known = np.unique(decay[some])
        return slope(known, [ratio[some & (decay == x)].max() for x in known])

    def envelope(some: np.ndarray) -> float:
        return slope(*_envelope(gap[some], squared[some]))

    low_gap, low = _envelope(gap, squared)
    every = np.array([s.gap for s in shots if s.gap > 0]), np.array([s.gradient**2 for s in shots if s.gap > 0])
    return Findings(
        {
            "constant": largest_of([ratio[seeds == seed].max() for seed in np.unique(seeds)]),
            "growth": over_seeds(np.unique(seeds), lambda drawn: growth(np.isin(seeds, drawn))),
            "envelope": over_seeds(np.unique(seeds), lambda drawn: envelope(np.isin(seeds, drawn))),
        },
        [
            "largest ratio at each λ: "
            + ", ".join(f"{c:.1f} at {x:.2g}" for x, c in zip(decays, per_decay, strict=True)),
            f"near a solution the squared gradient is never below {(squared / gap).min():.1e} of the gap",
            plateau,
        ],
        Panel(
            "gap",
            "‖∇L_λ‖²",
            [
                Series("snapshots", every[0].tolist(), every[1].tolist(), style="points"),
                Series("lower envelope near a solution", low_gap.tolist(), low.tolist()),
            ],
            log_x=True,
            log_y=True,
        ),
    )


def _envelope(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest point in each decade of x that holds at least five."""
    decades = np.floor(np.log10(x))
    lowest = []
    for decade in np.unique(decades):
        here = np.flatnonzero(decades == decade)
        if len(here) >= 5:
            lowest.append(here[np.argmin(y[here])])
    return x[lowest], y[lowest]


def descent(evidence: Evidence) -> Findings:
    """The product of the gradient with the way to the lines, over the gap."""
    angle, local = np.radians(evidence.parameters["near_line"]), evidence.parameters["local_decay"]
    shots = list(_snapshots(evidence))
    near, plateau = _near_and_far(evidence, shots)
    atoms = np.array([_product(s, s.optimum.masses, s.optimum.directions, angle) / s.gap for s in near])
    lines = np.array([_product(s, *_own_teacher(s), angle) / s.gap for s in near])
    gap, late = np.array([s.gap for s in near]), np.array([s.decay for s in near]) <= local
    early = f"{lines[~late].min():.3g} at λ > {local:g}" if (~late).any() else "not known before"
    return Findings(
        {"atoms": smallest_of(atoms), "teacher": smallest_of(lines[late])},
        [
            f"medians: {np.median(atoms):.2f} with the lines of the best measure, {np.median(lines):.2f} the teacher's",
            f"with the teacher's lines the smallest is {early}: there the best measure is not yet at the teacher",
            plateau,
        ],
        Panel(
            "gap",
            "(θ − target) · ∇L_λ / gap",
            [
                Series("to the lines of the best measure", gap.tolist(), atoms.tolist(), style="points"),
                Series(f"to the teacher's, λ ≤ {local:g}", gap[late].tolist(), lines[late].tolist(), style="points"),
            ],
            log_x=True,
            log_y=True,
        ),
    )


def _own_teacher(shot: _Snapshot) -> tuple[np.ndarray, np.ndarray]:
    return shot.problem.teacher_second_layer[0], shot.problem.teacher_first_layer[0]


def _product(shot: _Snapshot, masses: np.ndarray, directions: np.ndarray, near: float) -> float:
    """⟨∇L_λ(θ), θ − θ'⟩, θ' with every neuron near a line at its share of the line's mass, and all others at 0."""
    phi, a, w = shot.problem.activation, shot.second_layer, shot.first_layer
    slope_a, slope_w = population.gradient(
        phi, a, w, shot.problem.teacher_second_layer, shot.problem.teacher_first_layer
    )
    lines = nearest_teacher(phi.symmetry, a, w, directions[None])
    index, mass = lines.index[0], lines.mass[0]
    belongs = (lines.angle[0] < near) & (np.sign(a[0]) == np.sign(masses[index]))
    total = np.bincount(index[belongs], mass[belongs], minlength=len(masses))[index]
    share = np.where(belongs, np.abs(masses)[index] * mass / np.where(total > 0, total, 1.0), 0.0)
    target_a = np.sign(a[0]) * np.sqrt(share)
    target_w = (np.sqrt(share) * lines.sign[0])[:, None] * directions[index]
    gradient_a, gradient_w = slope_a[0] + shot.decay * a[0], slope_w[0] + shot.decay * w[0]
    return float(np.sum(gradient_a * (a[0] - target_a)) + np.sum(gradient_w * (w[0] - target_w)))


# --- what the start could do --------------------------------------------------------------------


def beyond_ntk(evidence: Evidence) -> Findings:
    """The floors of the features at the start, and the loss of the trained network, against the dimension."""
    table, floors = evidence.table("dimension"), []
    for config in evidence.configs("dimension"):
        problem, start = start_of(config)
        second, first = problem.teacher_second_layer[0], problem.teacher_first_layer[0]
        size = population.squared_norm(problem.activation, second[None], first[None])[0]
        a, w = start.state.second_layer[0], start.state.first_layer[0]
        random = random_features_floor(problem.activation, w, second, first)
        tangent = tangent_floor(problem.activation, a, w, second, first)
        floors.append(
            [size, np.nan if random is None else random / size, np.nan if tangent is None else tangent / size]
        )
    size, random, tangent = np.array(floors).T
    axis = "teacher.input_dim"
    dims, trained = against(table, axis, np.where(table["status"] == "done", table["loss"], np.inf) / size)
    kernels = [against(table, axis, column)[1] for column in (random, tangent)]
    rises = np.concatenate([np.diff([m.value for m in medians]) for medians in kernels])
    names = ("random features", "tangent features", "trained, three stages")
    return Findings(
        {
            "trained": max(trained, key=lambda m: m.value),
            "random_features": kernels[0][-1],
            "ntk": kernels[1][-1],
            "growth": smallest_of(rises),
        },
        [
            f"{name}: " + ", ".join(f"{m.value:.3g} at d = {d:g}" for d, m in zip(dims, medians, strict=True))
            for name, medians in zip(names, [*kernels, trained], strict=True)
        ],
        Panel(
            "input dimension d",
            "loss / ‖f*‖²",
            [curve(name, dims, medians) for name, medians in zip(names, [*kernels, trained], strict=True)],
            log_x=True,
            log_y=True,
        ),
    )
