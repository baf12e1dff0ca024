"""Method ``flow``: gradient flow dx/dt = −∇L_λ(x) of the trained layers, the limit of gradient descent as η → 0.

A step of the stage covers a time ``step_size`` at constant λ. The solver starts afresh at each step: nothing but the
weights goes from one step to the next (in float32, the weights and what rounding took from them).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from featlearn.training.backends import Backend
from featlearn.training.methods.record import OwnSteps
from featlearn.training.objective import Objective
from featlearn.training.stages import Stage
from featlearn.training.state import State

if TYPE_CHECKING:
    from featlearn.training.problem import Problem

TOLERANCES = {"rtol": 1e-9, "atol": 1e-12}  # the error allowed in each of the solver's own steps
KINK_TOLERANCES = {"rtol": 1e-6, "atol": 1e-8}  # the same where ∇L jumps
MOST_STIFF = 4000  # trained weights whose Jacobian is affordable
MOST_EVALUATIONS = 40_000  # the most gradients in one step of the stage
_REST = "flow.rest"  # the name, in a state's memory, of what rounding to float32 took from the last step, (1, n)


class _NoWayOn(Exception):
    """The gradient is not finite, or was asked for too often."""


def _walk(backend: Backend, problem: Problem, stage: Stage, state: State, done: int, count: int) -> State:
    """Each step ends with rounding to the run's precision; the trained weights are NaN where there is no way on."""
    assert stage.step_size is not None
    for step in range(done, done + count):
        objective = Objective(backend, problem, State(state.second_layer, state.first_layer), stage.train)
        decay, duration = float(stage.weight_decay.at(step)), float(stage.step_size.at(step))
        start = objective.start()
        if _REST in state.memory:
            start = start + state.memory[_REST][0]
        end = _flow(objective, start, decay, duration)
        rest = {_REST: (end - objective.rounded(end))[None]} if state.first_layer.dtype == np.float32 else {}
        state = objective.state_at(end, rest)
    return state


def _flow(objective: Objective, x: np.ndarray, decay: float, duration: float) -> np.ndarray:
    """The vector of weights a time after ``x``; NaN where there is no way on."""
    asked = 0

    from scipy import integrate

    def velocity(_: float, x: np.ndarray) -> np.ndarray:
        nonlocal asked
        asked += 1
        with np.errstate(all="ignore"):
            slope = objective.loss_and_gradient(x)[1] + decay * x
        if asked > MOST_EVALUATIONS or not np.isfinite(slope).all():
            raise _NoWayOn
        return -slope

    if duration == 0:
        return x
    try:
        first = velocity(0.0, x)  # a solver that cannot begin might not end
        with np.errstate(all="ignore"):
            if np.array_equal(x + duration * first, x):  # too short to move any weight, and no time for the solver
                return x
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a solver that gives up warns; its result says so, too
            end = integrate.solve_ivp(
                velocity,
                (0.0, duration),
                x,
                t_eval=[duration],
                **_solver(objective, len(x)),
            )
    except _NoWayOn:
        return np.full_like(x, np.nan)
    return end.y[:, -1] if end.success else np.full_like(x, np.nan)


def _solver(objective: Objective, n: int) -> dict[str, Any]:
    """The solver for n weights, with its tolerances, as SciPy takes them.

    LSODA (Petzold 1983) changes by itself between Adams formulas and, where the flow is stiff, backward differentiation
    formulas; it differences the gradient for its Jacobian. Where that is too large, DOP853, which is explicit. The loss
    on a sample has a kink wherever the activation has one at an input: a low order and no Jacobian do better there.
    """
    if objective.problem.samples() and objective.problem.activation.kinks:
        return {"method": "RK45"} | KINK_TOLERANCES
    return {"method": "LSODA" if n <= MOST_STIFF else "DOP853"} | TOLERANCES


METHOD = OwnSteps(
    name="flow",
    aliases=("gradient_flow",),
    sentence="follows the gradient flow, the limit of gd for small steps",
    step_size="the time that a step covers",
    fixed_loss=True,
    overflow="the solver of the flow met a gradient that is not finite, or asked for more of them than it may",
    walk=_walk,
)
