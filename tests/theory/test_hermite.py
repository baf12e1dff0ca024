"""Hermite polynomials of any variance against NumPy's of variance 1."""

import numpy as np
from numpy.polynomial import hermite_e

from featlearn.theory.hermite import hermite_polynomials


def test_they_are_scaled_ones_of_variance_one() -> None:
    z, q = np.array([-1.3, 0.0, 0.4, 2.0]), 2.3
    for k, found in enumerate(hermite_polynomials(z, q, 8)):
        expected = q ** (k / 2) * hermite_e.hermeval(z / np.sqrt(q), [0.0] * k + [1.0])
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


def test_at_no_variance_they_are_powers() -> None:
    z = np.array([0.5, -2.0])
    np.testing.assert_array_equal(list(hermite_polynomials(z, 0.0, 4)), [z**0, z, z**2, z**3])
