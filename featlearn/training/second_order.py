"""The Hessian of the squared loss of one run, on the population or on its sample, over its trained layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from featlearn.theory.hessian import Hessian
from featlearn.theory.population import Gradient
from featlearn.theory.sample_hessian import SampleHessian
from featlearn.training.trained import Trained

if TYPE_CHECKING:
    from featlearn.training.problem import Problem
    from featlearn.training.state import State


@dataclass(frozen=True)
class SecondOrder:
    """∇L and its change along vectors of trained weights, without weight decay; make it with ``at``.

    Attributes:
        problem: one run (B = 1); fresh batches stand for the population.
        trained: the layout of vectors.
        like: both layers, (1, m) and (1, m, d), of zeros.
        hessian: in the output weights and rows of the loss (``Problem.in_loss``).
    """

    problem: Problem
    trained: Trained
    like: tuple[np.ndarray, np.ndarray]
    hessian: Hessian | SampleHessian

    @classmethod
    def at(cls, problem: Problem, state: State, trained: Trained) -> Self:
        """That of one run at a state."""
        weights = state.second_layer.astype(np.float64), state.first_layer.astype(np.float64)
        second, first, teacher_second, teacher_first, rest = problem.in_loss(*weights)
        found: Hessian | SampleHessian
        if (data := problem.samples()) is not None:
            sample = data[0].sample()
            found = SampleHessian(problem.activation, second[0], first[0], sample.inputs, sample.labels)
        else:
            found = Hessian.at(problem.activation, second[0], first[0], teacher_second[0], teacher_first[0], rest)
        return cls(problem, trained, (np.zeros_like(weights[0]), np.zeros_like(weights[1])), found)

    def gradient(self) -> np.ndarray:
        """∇L, (n,)."""
        return self._vector(self.hessian.gradient())

    def product(self, v: np.ndarray) -> np.ndarray:
        """The change of ∇L along a vector, both (n,); as gradients are, by the weights of single neurons."""
        problem, (second, first) = self.problem, self.trained.layers(v, *self.like)
        second = problem.output_weights(second)
        second = second if problem.multiplicity is None else problem.multiplicity * second
        return self._vector(self.hessian.product(second[0], problem.images(first)[0]))

    def _vector(self, gradient: Gradient) -> np.ndarray:
        second, first = gradient
        return self.trained.vector(*self.problem.by_each_neuron(Gradient(second[None], first[None])))

    def matrix(self) -> np.ndarray:
        """All of it, (n, n), of neurons that stand for one each."""
        assert self.problem.multiplicity is None
        (m, d), scale, blocks = self.hessian.slopes.shape, self.problem.scale[0], self.hessian.blocks()
        images = self.problem.images
        half = images(blocks.first.reshape(1, m * d * m, d)).reshape(m, d, m * d).transpose(0, 2, 1)
        both = images(half.reshape(1, m * m * d, d)).reshape(m, m * d, d)
        first = both.transpose(0, 2, 1).reshape(m * d, m * d)
        crossed = scale * images(blocks.crossed.reshape(1, m * m, d)).reshape(m, m * d)
        whole = np.block([[scale**2 * blocks.second, crossed], [crossed.T, first]])
        places = np.arange(m + m * d)
        order = self.trained.vector(places[None, :m], places[m:].reshape(1, m, d)).astype(int)
        return whole if np.array_equal(order, places) else whole[np.ix_(order, order)]
