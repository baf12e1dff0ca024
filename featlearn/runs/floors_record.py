"""The floors of linear predictors as ``run.json`` holds them."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from featlearn.runs.records import FloorsRecord
from featlearn.theory.linear_floors import random_features_floor, tangent_floor
from featlearn.training.problem import Problem


def floors_record(problem: Problem) -> FloorsRecord | None:
    """The least loss of random features and of the tangent kernel at the start, and ‖f*‖²; of the run's own problem.

    A floor is None where the network is too large for it; the whole is without a teacher of neurons of the student's
    activation, with biases, and where numbers overflow or memory ends.
    """
    if not problem.has_teacher or problem.function is not None or problem.has_biases:
        return None
    act, second, first = problem.activation, problem.initial_second_layer, problem.initial_first_layer
    # the features of images span what those of the rows do, since R is invertible
    teacher, first = (
        (problem.teacher_second_layer[0], problem.images(problem.teacher_first_layer)[0]),
        problem.images(first),
    )
    # a run that is done must not fail for them
    with np.errstate(all="ignore"), suppress(ValueError, np.linalg.LinAlgError, MemoryError):
        target = float(problem.target().squared_norm()[0])
        if second is not None and np.isfinite(target):
            return FloorsRecord(
                random_features=random_features_floor(act, first[0], *teacher),
                ntk=tangent_floor(act, second[0], first[0], *teacher),
                target=target,
            )
    return None
