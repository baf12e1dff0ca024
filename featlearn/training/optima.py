"""The certified optimum that a run is held against, computed once for each teacher and weight decay."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.optimum import Optimum, certified_optimum
from featlearn.theory.span import dimension_of_span
from featlearn.training.problem import Problem

MOST_LINES_IN_A_PLANE = 50  # A teacher of rank 1 or 2 may have so many neurons m*.
MOST_TEACHER_NUMBERS = 100  # For others m*·r is at most this: beyond, the optimum takes minutes and has wide bounds.
_KEPT = 4096  # So many optima are kept in memory.


def within_reach(lines: int, rank: int) -> bool:
    """Whether the optimum is looked for, of a teacher with so many neurons that span so many dimensions."""
    return lines <= MOST_LINES_IN_A_PLANE if rank <= 2 else lines * rank <= MOST_TEACHER_NUMBERS


def optimum_of(problem: Problem, run: int, weight_decay: float) -> Optimum | None:
    """J*_λ of the teacher of one run of a batch; None where there is none.

    There is none for activations without a kernel of degree 1 (``Activation.degree_one``), for λ = 0, for a large
    teacher (``within_reach``), and where the solver's arithmetic breaks down.
    """
    if problem.activation.degree_one is None or not 0 < weight_decay < np.inf:
        return None
    width = problem.teacher_second_layer.shape[1]
    return _optimum(problem.activation, *problem.teachers_as_bytes[run], width, float(weight_decay))


@lru_cache(maxsize=_KEPT)
def _optimum(activation: Activation, second: bytes, first: bytes, width: int, weight_decay: float) -> Optimum | None:
    rows = np.frombuffer(first).reshape(width, -1)
    if not np.frombuffer(second).any() or not within_reach(width, dimension_of_span(rows)):
        return None
    # In the solver eigenvalues may not converge, and least squares may not end or may meet a NaN.
    with np.errstate(all="ignore"), suppress(np.linalg.LinAlgError, RuntimeError, ValueError):
        found = certified_optimum(activation, np.frombuffer(second), rows, weight_decay)
        return found if np.isfinite(found.lower) else None
    return None
