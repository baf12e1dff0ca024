"""Teachers whose best measure is computed anew, without a sweep."""

from __future__ import annotations

from featlearn.claims.evidence import Evidence
from featlearn.theory.activations import activation
from featlearn.theory.optimum import Optimum, certified_optimum
from featlearn.training.networks import Network, generator, random_teacher

ACTIVATION = activation("relu", 2)


def number_of_teachers(evidence: Evidence) -> int:
    return int(evidence.parameters["quick_teachers" if evidence.quick else "teachers"])


def teacher_of(seed: int, *, rank: int, width: int, min_angle: float) -> Network:
    """The random teacher of a seed."""
    return random_teacher(
        generator(seed, "teacher"),
        input_dim=12,
        width=width,
        rank=rank,
        min_angle=min_angle,
        magnitude=(0.7, 1.3),
        sign="random",
    )


def best_measure(teacher: Network, weight_decay: float) -> Optimum:
    return certified_optimum(ACTIVATION, teacher.second_layer, teacher.first_layer, weight_decay)
