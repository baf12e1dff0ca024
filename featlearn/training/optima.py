"""The certified optimum that a run is held against, computed once for each teacher and weight decay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.optimum import Optimum, certified_optimum
from featlearn.theory.span import dimension_of_span
from featlearn.training.problem import Problem
from featlearn.training.reach import within_reach

if TYPE_CHECKING:
    from featlearn.training.plan import Plan

_KEPT = 4096  # So many optima are kept in memory.

_ahead: dict[tuple[Any, ...], Future[Optimum | None]] = {}  # those that are being solved beside the steps


def optimum_of(problem: Problem, run: int, weight_decay: float) -> Optimum | None:
    """J*_λ of the teacher of one run of a batch; None where there is none.

    There is none for targets that are not neurons of the student's activation, for activations without a kernel of
    degree 1 (``Activation.degree_one``), for λ = 0, for a large teacher (``within_reach``), and where the solver's
    arithmetic breaks down.
    """
    asked = _key(problem, run, weight_decay)
    if asked is None:
        return None
    beside = _ahead.pop(asked, None) if _ahead else None
    if beside is not None and not beside.cancel():
        return beside.result()
    return _optimum(*asked)


def least_objectives(problem: Problem, weight_decay: np.ndarray) -> np.ndarray:
    """The certified lower bounds of J*_λ for each run of a batch, each with its λ, (B,); NaN where there is none.

    The last answer is kept with the problem: λ changes at few rows.
    """
    asked = weight_decay.tobytes()
    if asked not in problem.least_objectives:
        optima = [optimum_of(problem, run, decay) for run, decay in enumerate(weight_decay)]
        problem.least_objectives.clear()
        problem.least_objectives[asked] = np.array([np.nan if found is None else found.lower for found in optima])
    return problem.least_objectives[asked]


def _key(problem: Problem, run: int, weight_decay: float) -> tuple[Any, ...] | None:
    """The arguments of ``_optimum``; None where there is no optimum."""
    if problem.function is not None or problem.activation.degree_one is None or not 0 < weight_decay < np.inf:
        return None
    width = problem.teacher_second_layer.shape[1]
    return problem.activation, *problem.teachers_as_bytes[run], width, float(weight_decay)


@contextmanager
def solved_beside(problem: Problem, plans: Sequence[Plan], *, every_row: bool = True) -> Iterator[None]:
    """Within it, the optima that the rows of a batch will ask for are solved in a thread, in their order.

    Each is what it would be without; one that is asked for before its turn is solved by whoever asks.
    """
    if not plans[0].gap or problem.scaled is not None or not problem.has_teacher:
        yield
        return
    decays = [_decays(plan, every_row=every_row) for plan in plans]
    asked = [_key(problem, run, decay) for both in zip_longest(*decays) for run, decay in enumerate(both) if decay]
    with ThreadPoolExecutor(1) as pool:
        started = {key: pool.submit(_optimum, *key) for key in dict.fromkeys(asked) if key is not None}
        _ahead.update(started)
        try:
            yield
        finally:
            for key, future in started.items():
                future.cancel()
                _ahead.pop(key, None)


def _decays(plan: Plan, *, every_row: bool) -> list[float]:
    """Each λ that the rows of a run use, in their order; of the first row and the last of each stage, or of all."""
    found = [plan.stages[0].weight_decay.at_step(0)]
    for stage, rows in zip(plan.stages, plan.rows, strict=True):
        found += stage.weight_decay.at(np.maximum(rows if every_row else rows[-1:], 1) - 1).tolist()
    return list(dict.fromkeys(found))


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
