"""The Hermite coefficients of hinges against quadrature, for every order of derivative that is needed."""

from math import factorial, prod, sqrt

import numpy as np
import pytest
import torch

from featlearn.theory import double_double
from featlearn.theory.activations.hinges import Hinge, Hinges
from featlearn.theory.activations.piecewise_linear import PiecewiseLinear
from featlearn.theory.double_double import DoubleDouble
from tests.theory.piecewise_truth import _moments

HINGES = Hinges((Hinge(1.5, 1, 1.0), Hinge(-0.7, -1, 0.5), Hinge(0.4, 1, 0.0)))


@pytest.mark.parametrize("order", range(5))
def test_coefficients_are_those_of_derivatives(order: int) -> None:
    x, degree = 1.7, 8
    moments = _moments(PiecewiseLinear(0.0, 0.0, HINGES), np.array([1.0, -0.5, 0.0]), x, degree + order)
    found = HINGES.coefficients(np, np.array([x, 0.0]), degree, order)
    for k in range(degree + 1):
        truth = moments[k + order] / x**order / sqrt(factorial(k))  # E[φ^{(r)}(xz) He_k] = E[φ(xz) He_{k+r}]/x^r
        assert found[k][0] == pytest.approx(truth, abs=1e-13 * sqrt(prod(range(k + 1, k + order + 1))))
        assert np.isfinite(found[k][1])
    in_torch = HINGES.coefficients(torch, torch.tensor([x, 0.0], dtype=torch.float64), degree, order)
    doubled = HINGES.coefficients(double_double, DoubleDouble(np.array([x, 0.0])), degree, order)
    for its, tensor, exact in zip(found, in_torch, doubled, strict=True):
        assert tensor.numpy() == pytest.approx(its, abs=1e-14)
        assert exact.to_float() == pytest.approx(its, abs=1e-14)
