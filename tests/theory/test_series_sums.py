"""Sums of Hermite series over pairs, against a loop over their terms."""

import numpy as np
import pytest

from featlearn.theory import double_double
from featlearn.theory.activations import activation
from featlearn.theory.activations.series_sums import Term, series_sums
from featlearn.theory.double_double import DoubleDouble


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "silu"])
@pytest.mark.parametrize("orders", [(0, 0), (1, 1), (2, 0), (3, 1), (2, 2), (4, 0)])
def test_the_sums_are_those_of_their_terms(name: str, orders: tuple[int, int]) -> None:
    series = activation(name, 0).series
    assert series is not None
    q_u, q_v, t = np.array([0.2, 1.0]), np.array([0.7, 0.3]), np.array([0.4, -0.9])
    degree = series.degree(1.0)
    assert degree is not None
    u, v = (series.coefficients(np.sqrt(q), degree, order) for q, order in zip((q_u, q_v), orders, strict=True))
    for lowest in (-1, 0, 1, 2, 5):
        (found,) = series_sums(np, series, [Term(*orders, lowest, 0.5)], q_u, q_v, t * np.sqrt(q_u * q_v))
        kept = range(max(0, lowest), degree + 1)
        expected = [0.5 * sum(u[i, k] * v[i, k] * t[i] ** k for k in kept) for i in range(2)]
        np.testing.assert_allclose(found, expected, rtol=0, atol=5e-15)


def test_small_differences_of_rows_keep_their_digits() -> None:
    """Σ_ij c_i c_j K(v_i, v_j) of two rows that differ by δ is δ² E[(z φ′)²] for the same direction."""
    series = activation("tanh", 0).series
    assert series is not None
    for away in (1e-7, 1e-9, 1e-11):
        x = np.array([[1.0, 1.0 + away]])
        pairs = DoubleDouble(np.repeat(x, 2, -1)), DoubleDouble(np.tile(x, 2))
        q_u, q_v, s = pairs[0] * pairs[0], pairs[1] * pairs[1], pairs[0] * pairs[1]
        (k,) = series_sums(double_double, series, [Term(0, 0, 0, 1.0)], q_u, q_v, s)
        square = float((k * np.array([[1.0, -1.0, -1.0, 1.0]])).sum().to_float()[0])
        z = np.linspace(-12, 12, 4001)
        mean = np.sum((z / np.cosh(z) ** 2) ** 2 * np.exp(-z * z / 2)) * (z[1] - z[0]) / np.sqrt(2 * np.pi)
        assert square == pytest.approx((x[0, 1] - 1.0) ** 2 * mean, rel=1e-6, abs=0)
