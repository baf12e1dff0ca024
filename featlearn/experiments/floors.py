"""The floors of linear predictors as ``run.json`` holds them."""

from __future__ import annotations

from typing import Any

import numpy as np

from featlearn.theory import population
from featlearn.theory.linear_floors import random_features_floor, tangent_floor
from featlearn.training.problem import Problem


def floors_record(problem: Problem) -> dict[str, Any] | None:
    """The least loss of random features and of the tangent kernel at the start, and ‖f*‖²; of the run's own problem.

    Null where a network is too large; the whole is None where the weights are so large that products overflow.
    """
    act, second, first = problem.activation, problem.initial_second_layer, problem.initial_first_layer
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    with np.errstate(all="ignore"):
        target = float(population.squared_norm(act, *teacher)[0])
        if second is None or not np.isfinite(target):
            return None
        return {
            "random_features": random_features_floor(act, first[0], teacher[0][0], teacher[1][0]),
            "ntk": tangent_floor(act, second[0], first[0], teacher[0][0], teacher[1][0]),
            "target": target,
        }
