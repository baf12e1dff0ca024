"""Method ``lbfgs``: limited-memory quasi-Newton steps on the objective of a stage.

Each iteration goes along −H g, H the inverse Hessian that the last ``HISTORY`` moves suggest (Liu & Nocedal 1989), to
a point that a line search accepts. Near the teacher the loss cancels until float64 cannot tell two points apart, while
the gradient is still good: there the search goes by slopes alone (Hager & Zhang 2005). Where neither helps, it stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from featlearn.training.backends import Backend
from featlearn.training.layers import layer_names
from featlearn.training.methods.points import LEAST_ROUNDING, Point, decays_at, point
from featlearn.training.methods.record import OwnSteps
from featlearn.training.objective import Objective
from featlearn.training.stages import Stage
from featlearn.training.state import State

if TYPE_CHECKING:
    from featlearn.training.problem import Problem

HISTORY = 10  # moves that are remembered
_DECREASE, _CURVATURE = 0.1, 0.9  # δ and σ of the conditions on a step (Hager & Zhang 2005)
_TRIALS = 40  # along one direction
_CURVED = 2.0**-40  # least cosine between a move and the change of the gradient along it, for the move to be used

# in a state's memory, batch axis first; `changes` are those of ∇L without weight decay, so that λ may change
_MOVES, _CHANGES, _COUNT, _STALLED = "lbfgs.moves", "lbfgs.changes", "lbfgs.count", "lbfgs.stalled"


@dataclass(frozen=True)
class _History:
    """The last moves (HISTORY, n) and the changes of ∇L along them, the newest first, zeros where there are none yet.

    ``stalled`` are the weight decays of all layers at which no better point was found, NaN if there was one.
    """

    moves: np.ndarray
    changes: np.ndarray
    count: int
    stalled: tuple[float, ...]

    @classmethod
    def of(cls, memory: dict[str, np.ndarray], n: int, layers: int) -> _History:
        if not memory:
            return cls.blank(n, layers)
        return cls(memory[_MOVES][0], memory[_CHANGES][0], int(memory[_COUNT][0]), _of_each(memory[_STALLED][0]))

    @classmethod
    def blank(cls, n: int, layers: int) -> _History:
        return cls(np.zeros((HISTORY, n)), np.zeros((HISTORY, n)), 0, (nan,) * layers)

    def with_move(self, move: np.ndarray, change: np.ndarray) -> _History:
        moves, changes = (
            np.concatenate([[new], old[:-1]]) for new, old in ((move, self.moves), (change, self.changes))
        )
        return _History(moves, changes, min(self.count + 1, HISTORY), (nan,) * len(self.stalled))

    def memory(self) -> dict[str, np.ndarray]:
        arrays = {_MOVES: self.moves, _CHANGES: self.changes, _COUNT: np.array(self.count)}
        return {name: x[None] for name, x in (arrays | {_STALLED: np.array(self.stalled)}).items()}

    def direction(
        self, slope: np.ndarray, decay: np.ndarray | float, product: Callable[[np.ndarray, np.ndarray], float]
    ) -> np.ndarray:
        """−H g by the two loops of Liu & Nocedal, without the moves along which the objective at this λ curves down."""
        pairs = []
        for s, change in zip(self.moves[: self.count], self.changes[: self.count], strict=True):
            y = change + decay * s
            along = product(s, y)
            if along > _CURVED * sqrt(product(s, s)) * sqrt(product(y, y)):
                pairs.append((s, y, 1.0 / along))
        q, weights = -slope, []
        for s, y, rho in pairs:
            weights.append(rho * product(s, q))
            q = q - weights[-1] * y
        if pairs:
            s, y, rho = pairs[0]
            q = q / (rho * product(y, y))
        for (s, y, rho), weight in zip(reversed(pairs), reversed(weights), strict=True):
            q = q + (weight - rho * product(y, q)) * s
        return q


def _of_each(stalled: np.ndarray) -> tuple[float, ...]:
    """Checkpoints of version 0.1.0 have one number for both layers."""
    return tuple(np.broadcast_to(stalled, np.shape(stalled) or 2).tolist())


def _walk(backend: Backend, problem: Problem, stage: Stage, state: State, done: int, count: int) -> State:
    """In single precision every point is rounded before it is judged."""
    objective = Objective(backend, problem, state, stage.train)
    x = objective.start()
    layers = layer_names(problem.has_biases)
    history = _History.of(objective.state.memory, len(x), len(layers))
    decays: tuple[float, ...] = (nan,) * len(layers)
    here = None
    decay: np.ndarray | float = nan
    for step in range(done, done + count):
        used = decays_at(stage, step, layers)
        if history.stalled == used:
            continue
        if here is None or used != decays:
            decays, decay = used, objective.decay(stage.weight_decay, step)
            here = point(objective, x, decay)
        with np.errstate(over="ignore", invalid="ignore"):  # a point that is not finite is no point to go to
            there, history = _iterate(objective, here, history, decay)
        here, history = (there, history) if there is not here else (here, replace(history, stalled=decays))
        x = here.x
    return objective.state_at(x, history.memory())


def _iterate(objective: Objective, here: Point, history: _History, decay: np.ndarray | float) -> tuple[Point, _History]:
    """The next point, and the history with the move to it; the same point, and none, where none is better."""
    blank = _History.blank(len(here.x), len(history.stalled))
    loss_rounding, slope_rounding = objective.rounding(here.x)
    size = objective.norm(here.slope) if here.finite() else np.nan
    if not size > slope_rounding:
        return here, blank
    rounding = loss_rounding + LEAST_ROUNDING * abs(here.value)
    for past in [history, blank] if history.count else [history]:
        direction = past.direction(here.slope, decay, objective.product)
        first = 1.0 if past.count else min(1.0, 1.0 / size)
        there = _search(objective, here, direction, first, decay, rounding)
        if there is not None:
            return there, past.with_move(there.x - here.x, there.loss_slope - here.loss_slope)
    return here, blank


def _search(
    objective: Objective,
    here: Point,
    direction: np.ndarray,
    first: float,
    decay: np.ndarray | float,
    rounding: float,
) -> Point | None:
    """A point along ``direction`` that meets the conditions of Wolfe, or where the loss cannot tell, those on slopes.

    A fall of less than ``rounding`` is not believed, a rise of less than it is not held against a point.

    Trials grow until the minimum is bracketed, and then go to where the slope would vanish if it were linear. When no
    trial is accepted (at the kinks of a sample's loss there may be none), the lowest that is visibly lower; or None.
    """
    start = objective.product(here.slope, direction)
    if not start < 0:
        return None
    low, low_slope, high, high_slope = 0.0, start, np.inf, np.nan
    length, best = first, None
    for _ in range(_TRIALS):
        there = point(objective, objective.rounded(here.x + length * direction), decay)
        slope = objective.product(there.slope, direction) if there.finite() else np.nan
        falls = there.value <= here.value + min(_DECREASE * length * start, -rounding)
        level = there.value <= here.value + rounding
        flatter = slope >= _CURVATURE * start
        if flatter and (falls or (level and slope <= (2 * _DECREASE - 1) * start)):
            return there
        if there.finite() and there.value < (here.value - rounding if best is None else best.value):
            best = there
        if there.finite() and level and not flatter:
            low, low_slope = length, slope
        else:
            high, high_slope = length, slope
        length = _next_length(low, low_slope, high, high_slope)
    return best


def _next_length(low: float, low_slope: float, high: float, high_slope: float) -> float:
    if high == np.inf:
        return 4.0 * low
    share = low_slope / (low_slope - high_slope) if high_slope > 0 else 0.5
    return low + min(max(share, 0.1), 0.9) * (high - low)


METHOD = OwnSteps(
    name="lbfgs",
    aliases=("bfgs",),
    sentence="goes to a minimum by quasi-Newton steps, whose lengths it finds by itself",
    step_size=None,
    fixed_loss=True,
    walk=_walk,
)
