"""The bounds of the best measure, and how its masses and directions move with λ."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from featlearn.claims.curves import median_curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import exponent_of, proportion_of, slope
from featlearn.claims.papers.zhou_ge_2024.teachers import best_measure, number_of_teachers, teacher_of
from featlearn.claims.records import Panel
from featlearn.theory.alignment import angles, nearest_teacher
from featlearn.theory.optimum import Optimum
from featlearn.training.networks import Network

_DECAYS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)  # at which the bounds are compared
_SMALL_DECAYS = (1e-4, 3e-5, 1e-5, 3e-6)  # at which the deviation from the teacher is a power of λ


_LINES = (3, 4, 5, 6, 8)  # in a plane, 5 degrees apart at least, at
_CLOSE_DECAYS = (1e-2, 1e-3)


def measure(evidence: Evidence) -> Findings:
    count = number_of_teachers(evidence)
    teachers = [_teacher(seed) for seed in range(count)]
    every = dict.fromkeys([*_DECAYS, *_SMALL_DECAYS])
    solved = [{decay: best_measure(teacher, decay) for decay in every} for teacher in teachers]
    close = {
        width: [_close(seed, width) for seed in range(round(evidence.parameters["close"] * count))] for width in _LINES
    }
    missing, turned, spread = np.array(
        [
            [_deviation(teacher, optima[decay]) for decay in _SMALL_DECAYS]
            for teacher, optima in zip(teachers, solved, strict=True)
        ]
    ).transpose(2, 0, 1)
    clustered = spread[np.median(spread / turned, axis=1) > 1.5]
    deviations = {"missing mass": missing, "angle of the centre": turned, "rms angle of clusters": clustered}
    return Findings(
        {
            "certified": proportion_of([_certified(optima[decay] for decay in _DECAYS) for optima in solved]),
            "close": proportion_of([_certified(optima) for width in _LINES for optima in close[width]]),
            "shrinkage": exponent_of(_SMALL_DECAYS, missing),
            "turn": exponent_of(_SMALL_DECAYS, turned),
        },
        [
            f"widest bounds {max(_width(optima[decay]) for optima in solved for decay in _DECAYS):.1e} of J*",
            *(_told(width, optima) for width, optima in close.items()),
            f"{len(clustered)} of {len(teachers)} teachers have clusters of atoms at a line{_exponents(clustered)}",
        ],
        Panel(
            "weight decay λ",
            "deviation from the teacher (mass, radians)",
            [median_curve(name, _SMALL_DECAYS, values) for name, values in deviations.items() if len(values)],
            log_x=True,
            log_y=True,
        ),
    )


def _width(optimum: Optimum) -> float:
    return (optimum.upper - optimum.lower) / optimum.upper


def _certified(optima: Iterable[Optimum]) -> bool:
    """Whether the bounds of all agree to 1e-8."""
    return all(_width(optimum) <= 1e-8 for optimum in optima)


def _close(seed: int, width: int) -> list[Optimum]:
    """The optima of a teacher in a plane whose lines may be 5 degrees apart."""
    teacher = teacher_of(seed, rank=2, width=width, min_angle=5.0)
    return [best_measure(teacher, decay) for decay in _CLOSE_DECAYS]


def _told(width: int, optima: list[list[Optimum]]) -> str:
    share = proportion_of([not _certified(own) for own in optima])
    apart = max(_width(optimum) for own in optima for optimum in own)
    return (
        f"{width} lines in a plane, 5° apart: {share.value * len(optima):.0f} of {len(optima)} teachers not certified "
        f"[{share.low:.3f}, {share.high:.3f}] at λ = 0.01 or 0.001, bounds up to {apart:.1e} of J* apart"
    )


def _teacher(seed: int) -> Network:
    """Ranks 2, 3 and 5 in turn, with as many neurons as the rank and up to 6."""
    rank = (2, 3, 5)[seed % 3]
    width = rank + (seed // 3) % (7 - rank)
    return teacher_of(seed, rank=rank, width=width, min_angle=min(25.0, 144.0 / width) if rank == 2 else 20.0)


def _deviation(teacher: Network, optimum: Optimum) -> tuple[float, float, float]:
    """How far the best measure is from the teacher: norms over its lines of what each line shows.

    Returns:
        The mass that is missing, the angle of the centre of the mass to the line, and the rms angle of the mass to the
        line, in radians.
    """
    near = nearest_teacher("even", optimum.masses[None], optimum.directions[None], teacher.first_layer[None])
    at = near.index[0] == np.arange(len(teacher.first_layer))[:, None]  # (m*, atoms)
    mass = at @ optimum.masses
    centres = at @ ((optimum.masses * near.sign[0])[:, None] * optimum.directions) * np.sign(mass)[:, None]
    turn = np.diagonal(angles(centres[None], teacher.first_layer[None])[0])
    spread = np.sqrt((at @ (near.mass[0] * near.angle[0] ** 2)) / np.abs(mass))
    missing = np.abs(teacher.second_layer - mass)
    return float(np.linalg.norm(missing)), float(np.linalg.norm(turn)), float(np.linalg.norm(spread))


def _exponents(clustered: np.ndarray) -> str:
    """How the spread of clusters (teachers, decays) falls with λ, where there are any."""
    if not len(clustered):
        return ""
    exponents = [slope(_SMALL_DECAYS, row) for row in clustered]
    return f"; their rms angles fall with exponents {min(exponents):.2f} … {max(exponents):.2f}"
