"""Polynomial targets as compiled code takes them; see ``moment_kernels``."""

from __future__ import annotations

from math import factorial, sqrt
from typing import NamedTuple

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.activations.series import HermiteSeries
from featlearn.theory.targets.function import Polynomial
from featlearn.training.backends.layout import LANES
from featlearn.training.problem import Problem


class FusedTarget(NamedTuple):
    """What runs learn beside the neurons in their columns.

    Args:
        factors, coefficients: of the terms that the activation has, see ``moment_kernels.Target``.
        directions: (runs, r, d).
        degree: the highest of a term.
        squared_norm, mass: (runs,) of the target, with all its terms.
    """

    factors: np.ndarray
    coefficients: np.ndarray
    degree: int
    directions: np.ndarray
    squared_norm: np.ndarray
    mass: np.ndarray

    def take(self, runs: slice) -> FusedTarget:
        """That of some of the runs."""
        return self._replace(**{x: getattr(self, x)[runs] for x in ("directions", "squared_norm", "mass")})

    def rows_of_directions(self) -> np.ndarray:
        """The directions, padded with zeros to rows of LANES numbers for each run."""
        runs, lines, d = self.directions.shape
        rows = np.zeros((runs, -(-lines * d // LANES) * LANES))
        rows[:, : lines * d] = self.directions.reshape(runs, -1)
        return rows.reshape(-1, LANES)


def fused_target(problem: Problem) -> FusedTarget:
    """The target of a problem, but for neurons of the student's activation.

    Raises:
        TypeError: for neurons of another activation, and for inputs with a covariance.
    """
    runs, none = len(problem.teacher_first_layer), np.zeros(0, np.int64)
    if problem.root is not None:
        raise TypeError("the fused backend computes for inputs N(0, I); a covariance needs the torch backend")
    rest = problem.rest()
    if rest is None:
        zero = np.zeros(runs)
        return FusedTarget(none, np.zeros(0), 0, np.zeros((runs, 0, problem.teacher_first_layer.shape[2])), zero, zero)
    if not isinstance(problem.function, Polynomial):
        raise TypeError("the fused backend learns neurons of the student's activation and polynomials; use torch")
    factors: list[int] = []
    coefficients = []
    for coefficient, degrees in problem.function.terms:
        k = sum(degrees)
        constant = _constant(problem.activation, k)
        if constant and k >= problem.activation.drop_hermite_below:
            among = [(i, degree) for i, degree in enumerate(degrees) if degree]
            factors += [len(among), *(x for pair in among for x in pair)]
            coefficients.append(float(coefficient) * constant)
    degree = max(sum(degrees) for _, degrees in problem.function.terms)
    numbers = np.array(factors, np.int64), np.array(coefficients), degree
    return FusedTarget(*numbers, problem.teacher_first_layer, rest.squared_norm(), rest.mass())


def _constant(activation: Activation, k: int) -> float:
    """h_k of μ_k(q) = h_k q^{(p − k)/2}, for erf h_k (1 + q)^{−k/2}; √k! of a series (``series_kernels.moments``) and
    with biases (``biased_moment_kernels``)."""
    if isinstance(activation.compiled, HermiteSeries) or activation.biased is not None:
        return sqrt(factorial(k))
    if activation.hermite is None:
        raise TypeError(f"the Hermite moments of {activation.name} are unknown")
    return float(activation.hermite(k, 0.0 if activation.homogeneous_degree is None else 1.0))
