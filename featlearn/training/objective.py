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
from featlearn.training.stages import Layer
from featlearn.training.state import State

if TYPE_CHECKING:
    from featlearn.training.problem import Problem


@dataclass(frozen=True)
class Objective:
    """L + (λ/2)‖x‖² at x, the entries of the trained layers; L is the loss on the population or on a fixed sample.

    Attributes:
        backend: computes L and its gradient.
        problem: one run (B = 1), not with online data.
        state: gives the layers that are not trained, and the precision.
        train: the trained layers.
    """

    backend: Backend
    problem: Problem
    state: State
    train: tuple[Layer, ...]

    @cached_property
    def counts(self) -> np.ndarray:
        """(n,) how many weights each entry of the vector stands for."""
        second, first = np.ones(self.state.second_layer.shape), np.ones(self.state.first_layer.shape)
        if self.problem.multiplicity is not None:
            second, first = second * self.problem.multiplicity, first * self.problem.multiplicity[..., None]
        return self._vector(second, first)

    def product(self, u: np.ndarray, v: np.ndarray) -> float:
        """The inner product of two vectors, over the weights of all neurons."""
        return float((self.counts * u) @ v)

    def norm(self, u: np.ndarray) -> float:
        return float(np.sqrt(self.product(u, u)))

    def start(self) -> np.ndarray:
        """The vector of ``state``, (n,) float64."""
        return self._vector(self.state.second_layer, self.state.first_layer)

    def state_at(self, x: np.ndarray, memory: dict[str, np.ndarray] | None = None) -> State:
        """The state with the trained layers of ``x``, in the run's precision."""
        second, first = self.state.second_layer, self.state.first_layer
        used = 0
        if "second_layer" in self.train:
            used = second.size
            second = x[:used].reshape(second.shape).astype(second.dtype)
        if "first_layer" in self.train:
            first = x[used:].reshape(first.shape).astype(first.dtype)
        return State(second, first, memory or {})

    def rounded(self, x: np.ndarray) -> np.ndarray:
        """``x`` as a state of the run's precision holds it."""
        return x.astype(self.state.first_layer.dtype).astype(np.float64)

    def loss_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """L as a float64 sum and ∇L, (n,), both without weight decay; not finite where the weights overflow."""
        at = self.state_at(x)
        at = State(at.second_layer.astype(np.float64), at.first_layer.astype(np.float64))
        with np.errstate(all="ignore"):
            if self.problem.samples():
                loss, gradient = self.backend.sample_loss_and_gradient(self.problem, at)
            else:
                loss, gradient = self.backend.loss_and_gradient(self.problem, at)
        return float(loss[0]), self._vector(*gradient)

    def rounding(self, x: np.ndarray) -> tuple[float, float]:
        """Bounds on the rounding errors of L and of ‖∇L‖ at ``x``, up to a small factor (docs/theory.md §5)."""
        at, problem = self.state_at(x), self.problem
        weights = problem.in_loss(at.second_layer.astype(np.float64), at.first_layer.astype(np.float64))
        with np.errstate(all="ignore"):
            loss = float(against.float64_rounding(problem.activation, *weights)[0])
            # Each ∂L/∂a_j and ∂L/∂w_j is a sum of terms whose sizes add up to a multiple of this, Σ|c_i|‖v_i‖.
            mass = np.sqrt(loss / FLOAT64_ROUNDING)
            return loss, float(0.25 * FLOAT64_ROUNDING * mass * self.norm(x))

    def _vector(self, second: np.ndarray, first: np.ndarray) -> np.ndarray:
        layers = {"second_layer": second, "first_layer": first}
        return np.concatenate([layers[name].ravel() for name in layers if name in self.train]).astype(np.float64)
