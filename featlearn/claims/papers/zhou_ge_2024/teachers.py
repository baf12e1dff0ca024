"""The teachers of configurations, and teachers whose best measure is computed anew, without a sweep."""

from __future__ import annotations

import numpy as np

from featlearn.claims.evidence import Evidence
from featlearn.config.build import build
from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.theory.conditioning import conditioning
from featlearn.theory.optimum import Optimum, certified_optimum
from featlearn.training.networks import Network, generator, random_teacher
from featlearn.training.problem import Problem

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


def conditionings(evidence: Evidence, sweep: str) -> np.ndarray:
    """The conditioning of the teacher of every point of a sweep, see ``theory.conditioning``."""
    problems = [build(config)[0] for config in evidence.configs(sweep)]
    return np.array([conditioning(p.teacher_second_layer[0], p.teacher_first_layer[0]) for p in problems])


def squared_norm(problem: Problem) -> float:
    """‖f*‖² of the teacher of a run."""
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    return float(population.squared_norm(problem.activation, *teacher)[0])
