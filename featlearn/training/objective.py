"""What a stage minimises, of one run, as a function of one vector: its trained layers, end to end.

Where a neuron stands for several equal ones, the vector holds its weights once, the gradient is that by the weights of
one of them, and inner products count an entry as often as there are neurons: norms and slopes are those of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from featlearn.theory.population import FLOAT64_ROUNDING
from featlearn.theory.targets import loss as against
from featlearn.training.backends import Backend
from featlearn.training.layers import separated, together
from featlearn.training.second_order import SecondOrder
from featlearn.training.sphere import along_sphere, unit_rows
from featlearn.training.stages import ByLayer, Layer, LossName, Schedule
from featlearn.training.state import State
from featlearn.training.trained import Trained

if TYPE_CHECKING:
    from featlearn.training.problem import Problem


@dataclass(frozen=True)
class Objective:
    """L + (λ/2)‖x‖² at x, the entries of the trained layers; L is a loss on the population or on a fixed sample.

    Attributes:
        backend: computes L and its gradient.
        problem: one run (B = 1), not with online data.
        state: gives the layers that are not trained, and the precision.
        train: the trained layers.
        loss: which one it is.
    """

    backend: Backend
    problem: Problem
    state: State
    train: tuple[Layer, ...]
    loss: LossName = "squared"

    @property
    def trained(self) -> Trained:
        """The layout of the vector."""
        return Trained(self.train, self.problem.has_biases)

    @cached_property
    def counts(self) -> np.ndarray:
        """(n,) how many weights each entry of the vector stands for."""
        second, first = np.ones(self.state.second_layer.shape), np.ones(self.state.first_layer.shape)
        if self.problem.multiplicity is not None:
            second, first = second * self.problem.multiplicity, first * self.problem.multiplicity[..., None]
        return self.trained.vector(second, first)

    def product(self, u: np.ndarray, v: np.ndarray) -> float:
        """The inner product of two vectors, over the weights of all neurons."""
        return float((self.counts * u) @ v)

    def norm(self, u: np.ndarray) -> float:
        return float(np.sqrt(self.product(u, u)))

    def start(self) -> np.ndarray:
        """The vector of ``state``, (n,) float64."""
        return self.trained.vector(self.state.second_layer, self.state.first_layer)

    def state_at(self, x: np.ndarray, memory: dict[str, np.ndarray] | None = None) -> State:
        """The state with the trained layers of ``x``, in the run's precision."""
        return State(*self.trained.layers(x, self.state.second_layer, self.state.first_layer), memory or {})

    def rounded(self, x: np.ndarray) -> np.ndarray:
        """``x`` as a state of the run's precision holds it."""
        return x.astype(self.state.first_layer.dtype).astype(np.float64)

    def loss_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """L as a float64 sum and ∇L, (n,), both without weight decay; not finite where the weights overflow."""
        at = self.state_at(x)
        at = State(at.second_layer.astype(np.float64), at.first_layer.astype(np.float64))
        with np.errstate(all="ignore"):
            if self.problem.samples():
                loss, gradient = self.backend.sample_loss_and_gradient(self.problem, at, self.loss)
            elif self.loss == "correlation":
                loss, gradient = self.problem.correlation_loss(at.second_layer, at.first_layer)
            else:
                loss, gradient = self.backend.loss_and_gradient(self.problem, at)
        return float(loss[0]), self.trained.vector(*gradient)

    def second_order(self, x: np.ndarray) -> SecondOrder:
        """∇L and its change along vectors at ``x``, of the squared loss."""
        return SecondOrder.at(self.problem, self.state_at(x), self.trained)

    def decay(self, schedule: Schedule, step: int) -> np.ndarray | float:
        """λ of a step: a number, or (n,) for each entry of the vector where layers have their own."""
        if not isinstance(schedule, ByLayer):
            return schedule.at_step(step)
        layers = separated(self.state.second_layer, self.state.first_layer, self.problem.has_biases)
        values = {name: np.full(x.shape, schedule.in_layer(name).at_step(step)) for name, x in layers.items()}
        return self.trained.vector(*together(values))

    def penalty(self, x: np.ndarray, decay: np.ndarray | float) -> float:
        """(λ/2)‖x‖²."""
        return 0.5 * (self.product(x, decay * x) if isinstance(decay, np.ndarray) else decay * self.product(x, x))

    def along_sphere(self, slope: np.ndarray, x: np.ndarray) -> np.ndarray:
        """The part of a slope that keeps the norms of the rows."""
        rows, at = (self._parts(y)["first_layer"].reshape(self._rows.shape) for y in (slope, x))
        return self._with_rows(slope, along_sphere(rows, at))

    def on_sphere(self, x: np.ndarray) -> np.ndarray:
        """The vector with its rows put on the unit sphere; those that are zeros in the state stay so."""
        rows = self._parts(x)["first_layer"].reshape(self._rows.shape)
        return self._with_rows(x, unit_rows(rows, self._rows))

    @property
    def _rows(self) -> np.ndarray:
        """The rows (m, d) of the state, without biases."""
        return self.problem.directions(self.state.first_layer)[0].astype(np.float64)

    def _parts(self, x: np.ndarray) -> dict[Layer, np.ndarray]:
        """The entries of a vector by layer."""
        return self.trained.parts(x, self.state.second_layer, self.state.first_layer)

    def _with_rows(self, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The vector with other rows."""
        return np.concatenate([rows.ravel() if name == "first_layer" else y for name, y in self._parts(x).items()])

    def rounding(self, x: np.ndarray) -> tuple[float, float]:
        """Bounds on the rounding errors of L and of ‖∇L‖ at ``x``, up to a small factor (docs/theory.md §5)."""
        at, problem = self.state_at(x), self.problem
        weights = problem.in_loss(at.second_layer.astype(np.float64), at.first_layer.astype(np.float64))
        with np.errstate(all="ignore"):
            loss = float(against.float64_rounding(problem.activation, *weights)[0])
            # Each ∂L/∂a_j and ∂L/∂w_j is a sum of terms whose sizes add up to a multiple of this, Σ|c_i|‖v_i‖.
            mass = np.sqrt(loss / FLOAT64_ROUNDING)
            longer = 1.0 if problem.root is None else float(problem.root.largest()[0])
            return loss, float(0.25 * FLOAT64_ROUNDING * mass * self.norm(x)) * longer
