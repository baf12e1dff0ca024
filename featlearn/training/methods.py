"""Which engine takes the steps of a stage's method."""

from __future__ import annotations

from collections.abc import Sequence

from featlearn.training.backends import Backend
from featlearn.training.problem import Problem, State
from featlearn.training.stages import Method, Stage

STEPPED_BY_BACKEND: tuple[Method, ...] = ("gd", "momentum", "adam")


def advance(backend: Backend, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int) -> State:
    """Take ``count`` steps of a stage (not of ridge) of which ``done`` are done; see ``Backend.advance``.

    lbfgs and flow ask the backend for gradients and take the steps themselves, whichever backend it is.
    """
    if stages[0].method == "lbfgs":
        from featlearn.training import quasi_newton

        return quasi_newton.advance(backend, problem, stages, state, done, count)
    if stages[0].method == "flow":
        from featlearn.training import flow

        return flow.advance(backend, problem, stages, state, done, count)
    return backend.advance(problem, stages, state, done, count)
