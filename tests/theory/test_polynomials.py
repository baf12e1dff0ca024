"""Polynomials: all their Hermite degrees, whatever they are made of, and those that the package had before."""

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.activations.polynomials import HIGHEST_DEGREE

Q_U, Q_V, S = np.array([1.5, 0.3]), np.array([0.7, 2.0]), np.array([-0.6, 0.25])


@pytest.mark.parametrize("drop", [0, 1, 2])
def test_the_square_is_the_quadratic(drop: int) -> None:
    square, quadratic = activation("polynomial", drop, coefficients=[0, 0, 1]), activation("quadratic", drop)
    for x, y in zip(square.kernel(np, Q_U, Q_V, S), quadratic.kernel(np, Q_U, Q_V, S), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-15)
    assert (square.symmetry, square.homogeneous_degree, square.highest) == ("even", 2, (2, -1))


def test_the_linear_function_is_the_product_itself() -> None:
    k, k_s, k_q = activation("linear", 0).kernel(np, Q_U, Q_V, S)
    np.testing.assert_array_equal(k, S)
    np.testing.assert_array_equal(k_s, 1.0)
    np.testing.assert_array_equal(k_q, 0.0)
    assert activation("linear", 2).is_zero


def test_symmetry_is_that_of_what_is_left() -> None:
    given = {"coefficients": [1.0, 2.0, 3.0, 0.0, 5.0]}
    assert [activation("polynomial", drop, **given).symmetry for drop in (0, 1, 2)] == ["none", "none", "even"]
    assert activation("polynomial", 3, coefficients=[1.0, 2.0, 3.0, 4.0]).symmetry == "odd"
    assert activation("polynomial", 0, coefficients=[0.0, 2.0, 0.0, 4.0]).symmetry == "odd"


def test_the_highest_degree_alone_is_a_power_of_the_product() -> None:
    top = activation("polynomial", HIGHEST_DEGREE, coefficients=[1.0] * HIGHEST_DEGREE + [0.5])
    factorial = float(np.prod(np.arange(1.0, HIGHEST_DEGREE + 1)))
    np.testing.assert_allclose(top.kernel(np, Q_U, Q_V, S)[0], 0.25 * factorial * S**HIGHEST_DEGREE, rtol=1e-13)
