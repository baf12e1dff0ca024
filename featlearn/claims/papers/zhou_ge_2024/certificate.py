"""The dual certificate η at the atoms of the best measure and around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.claims.curves import median_curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import exponent_of, largest_of, median_of, smallest_of
from featlearn.claims.papers.zhou_ge_2024.teachers import (
    ACTIVATION,
    best_measure,
    number_of_teachers,
    teacher_of,
)
from featlearn.claims.records import Panel
from featlearn.theory.measures import Target, tangent_bases
from featlearn.training.networks import Network


def measure(evidence: Evidence) -> Findings:
    count, decay = number_of_teachers(evidence), evidence.parameters["weight_decay"]
    turns = np.geomspace(0.01 * decay, 10 * decay, 25)
    near, around = turns < 0.11 * decay, turns > 0.9 * decay
    planar = [_around(teacher_of(seed, rank=2, width=3, min_angle=25.0), decay, turns) for seed in range(count)]
    fallen = np.concatenate([one.falls for one in planar])
    curvatures = np.concatenate([one.curvatures for one in planar])
    beyond = exponent_of(turns[around], fallen[:, around])
    clustered = [teacher_of(seed, rank=3, width=5, min_angle=20.0) for seed in range(max(4, count // 4))]
    flat = [_around(teacher, decay, turns).curvatures.min() for teacher in clustered]
    return Findings(
        {
            "sign": largest_of([one.off_sign for one in planar]),
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
            [median_curve("median over atoms", (turns / decay).tolist(), fallen)],
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
    found = best_measure(teacher, decay)
    target = Target(ACTIVATION, teacher.second_layer, teacher.first_layer, decay)
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
