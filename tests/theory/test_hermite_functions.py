"""Hermite functions in many digits, and as an orthonormal set."""

import mpmath
import numpy as np

from featlearn.theory.activations.hermite_functions import hermite_functions, nodes, weights_at
from featlearn.theory.activations.series_levels import HIGHEST_DEGREE
from tests.theory.smooth_truth import MP


def test_hermite_functions_are_those_of_many_digits_where_their_first_one_is_below_every_float() -> None:
    z = np.array([0.0, 0.3, 20.0, 70.0, 120.0])
    found = hermite_functions(z, HIGHEST_DEGREE)
    for k in (0, 1, 500, HIGHEST_DEGREE):
        for i, at in enumerate(z):
            polynomial = mpmath.hermite(k, MP.mpf(at) / MP.sqrt(2)) / MP.sqrt(MP.mpf(2) ** k * MP.factorial(k))
            truth = polynomial * MP.exp(-(MP.mpf(at) ** 2) / 4) / (2 * MP.pi) ** 0.25
            assert abs(found[i, k] - float(truth)) <= 2e-14


def test_the_trapezoid_rule_makes_them_orthonormal() -> None:
    z, degree = nodes(0.2, 30.0), 40
    products = 0.2 * hermite_functions(z, degree).T @ hermite_functions(z, degree)
    np.testing.assert_allclose(products, np.eye(degree + 1), atol=1e-14)
    first = np.eye(degree + 1)[0]
    np.testing.assert_allclose(np.ones(len(nodes(0.2, 16.0))) @ weights_at(0.2, 16.0, degree), first, atol=1e-14)
