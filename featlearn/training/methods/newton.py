"""Method ``newton``: trust-region Newton steps on the objective of a stage, with exact products of its Hessian.

Each iteration minimises the quadratic model of the objective within a distance by conjugate gradients, which end at
that distance where the model curves down (Steihaug 1983), and goes there if the objective falls as the model says. The
distance follows how well it does. Near the end float64 cannot tell two points apart by the objective: there a point is
better if its gradient is smaller. Where no distance leads to a better point, it stays. Where a product of the Hessian
is not a number it cannot go on: the weights become NaN, with which the run has diverged.
"""

from __future__ import annotations

from collections.abc import Callable
from math import nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from featlearn.training.backends import Backend
from featlearn.training.methods.points import LEAST_ROUNDING, Point, decays_at, point
from featlearn.training.methods.record import OwnSteps
from featlearn.training.objective import Objective
from featlearn.training.stages import Stage
from featlearn.training.state import State

if TYPE_CHECKING:
    from featlearn.training.problem import Problem

    Product = Callable[[np.ndarray], np.ndarray]

_TRIALS = 40  # distances that are tried from one point
_MOST_PRODUCTS = 2000  # for one model
_PART = 0.1  # of the distance to the origin that is gone at first
_FARTHEST = 1e150
_WANTED, _GOOD = 0.1, 0.75  # of what the model promises: the least that is taken, and from where it is trusted further
_TOO_LITTLE = 1e-3  # of the rounding error of the objective: no distance with less to gain is tried
_SMALLER = 0.999  # of the gradient, where it alone tells


class _NoWayOn(Exception):
    """A product of the Hessian is not a number."""


_RADIUS, _STALLED = "newton.radius", "newton.stalled"  # in a state's memory, batch axis first


def _walk(backend: Backend, problem: Problem, stage: Stage, state: State, done: int, count: int) -> State:
    """In single precision every point is rounded before it is judged."""
    objective = Objective(backend, problem, state, stage.train)
    x, memory = objective.start(), state.memory
    with np.errstate(over="ignore"):
        radius = float(memory[_RADIUS][0]) if _RADIUS in memory else min(_PART * objective.norm(x), _FARTHEST) or 1.0
    stalled = tuple(memory[_STALLED][0].tolist()) if _STALLED in memory else (nan, nan)
    decays: tuple[float, ...] = (nan, nan)
    here = None
    decay: np.ndarray | float = nan
    for step in range(done, done + count):
        used = decays_at(stage, step)
        if stalled == used:
            continue
        if here is None or used != decays:
            decays, decay = used, objective.decay(stage.weight_decay, step)
            here = point(objective, x, decay)
        try:
            with np.errstate(all="ignore"):  # a point that is not finite is no point to go to
                there, radius = _iterate(objective, here, radius, decay)
        except _NoWayOn:
            x = np.full_like(x, nan)
            break
        stalled = decays if there is here else (nan, nan)
        here, x = there, there.x
    return objective.state_at(x, {_RADIUS: np.array([radius]), _STALLED: np.array([stalled])})


def _iterate(objective: Objective, here: Point, radius: float, decay: np.ndarray | float) -> tuple[Point, float]:
    """The next point and the distance to trust there; the same point where none is better."""
    loss_rounding, slope_rounding = objective.rounding(here.x)
    size = objective.norm(here.slope) if here.finite() else nan
    if not size > slope_rounding:
        return here, radius
    rounding = loss_rounding + LEAST_ROUNDING * abs(here.value)
    bend = objective.second_order(here.x).product
    enough = max(slope_rounding, size * min(0.1, sqrt(size)))
    at = radius
    for _ in range(_TRIALS):
        move, promised = _minimum(objective, lambda v: bend(v) + decay * v, here.slope, at, enough)
        there = point(objective, objective.rounded(here.x + move), decay)
        fall, length = here.value - there.value, objective.norm(move)
        if there.finite() and fall >= max(_WANTED * promised, rounding):
            further = fall >= _GOOD * promised and length >= 0.99 * at
            return there, 2 * at if further else at
        level = promised <= 10 * rounding and abs(fall) <= rounding
        if there.finite() and level and objective.norm(there.slope) <= _SMALLER * size:
            return there, at
        if not promised > _TOO_LITTLE * rounding:
            break
        at = 0.25 * min(at, length)
    return here, radius


def _minimum(
    objective: Objective, product: Product, slope: np.ndarray, radius: float, enough: float
) -> tuple[np.ndarray, float]:
    """A move within the radius and the fall of the model along it; conjugate gradients until the rest is ``enough``."""
    move, rest = np.zeros_like(slope), slope
    direction, square = -slope, objective.product(slope, slope)
    for _ in range(min(10 * len(slope), _MOST_PRODUCTS)):
        bent = product(direction)
        if np.isnan(bent).any():
            raise _NoWayOn
        curvature = objective.product(direction, bent)
        length = square / curvature if curvature > 0 else np.inf
        edge = _to_edge(objective, move, direction, radius)
        if not length < edge:
            move, rest = move + edge * direction, rest + edge * bent
            break
        move, rest = move + length * direction, rest + length * bent
        before, square = square, objective.product(rest, rest)
        if not sqrt(square) > enough:
            break
        direction = square / before * direction - rest
    return move, -0.5 * objective.product(move, slope + rest)


def _to_edge(objective: Objective, move: np.ndarray, direction: np.ndarray, radius: float) -> float:
    """How far along a direction the norm of the move is the radius."""
    a, b = objective.product(direction, direction), objective.product(move, direction)
    left = max(radius**2 - objective.product(move, move), 0.0)
    length = b + sqrt(b * b + a * left)
    return left / length if length > 0 else 0.0


METHOD = OwnSteps(
    name="newton",
    aliases=("trust_region", "newton_cg"),
    sentence="goes to a minimum by trust-region steps with exact products of the Hessian, a finish where lbfgs stalls",
    step_size=None,
    fixed_loss=True,
    second_order=True,
    overflow="the loss, or a product of its Hessian, is not a number",
    walk=_walk,
)
