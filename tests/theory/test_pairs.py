"""Pairs of rows: products and angles, where rows meet and vanish too."""

import numpy as np
import pytest

from featlearn.theory import double_double
from featlearn.theory.pairs import Pairs, mixed_derivative

ROWS = np.array([[1.0, -0.5, 0.25], [-0.25, 1.5, 0.75], [2.0, -1.0, 0.5], [-1.0, 0.5, -0.25], [0.0, 0.0, 0.0]])


def test_products_and_angles_are_those_of_the_rows() -> None:
    pairs = Pairs.of_rows(ROWS[:2], ROWS)
    np.testing.assert_allclose(pairs.s, ROWS[:2] @ ROWS.T, rtol=1e-15)
    np.testing.assert_allclose(pairs.q_u[:, 0], np.sum(ROWS[:2] ** 2, -1), rtol=1e-15)
    np.testing.assert_allclose(pairs.q_v, np.sum(ROWS**2, -1), rtol=1e-15)
    n = np.sqrt(pairs.q_u * pairs.q_v)
    np.testing.assert_allclose(pairs.cosine, np.divide(pairs.s, n, out=np.zeros_like(n), where=n > 0), atol=1e-15)
    np.testing.assert_allclose(pairs.cosine**2 + pairs.sine**2, 1.0, rtol=1e-14)
    np.testing.assert_allclose(pairs.complement, np.pi / 2 - np.arccos(pairs.cosine), atol=1e-7)


def test_parallel_rows_have_a_sine_of_rounding_and_zero_rows_a_right_angle() -> None:
    pairs = Pairs.of_rows(ROWS[:1], ROWS)
    assert (pairs.sine[0, [0, 2, 3]] < 1e-15).all()
    np.testing.assert_allclose(pairs.cosine[0, [0, 2, 3]], [1.0, 1.0, -1.0], rtol=1e-15)
    assert (pairs.cosine[0, 4], pairs.sine[0, 4], pairs.complement[0, 4]) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize("tilt", [1e-4, 1e-8, 1e-12])
def test_a_small_angle_keeps_its_digits(tilt: float) -> None:
    u, v = np.array([[1.0, 0.0]]), np.array([[1.0, tilt]])
    assert Pairs.of_rows(u, v).sine.item() == pytest.approx(np.sin(np.arctan(tilt)), rel=1e-3)
    products = double_double.gram(np.concatenate([u, v]))
    exact = Pairs.of_products(products[0, 0], products[1, 1], products[0, 1])
    assert float(exact.sine.to_float()) == pytest.approx(np.sin(np.arctan(tilt)), rel=1e-3)


def test_in_double_double_rows_on_a_line_are_parallel_and_zero_rows_at_right_angles() -> None:
    products = double_double.gram(ROWS)
    i = np.zeros(5, dtype=int)
    pairs = Pairs.of_products(products[i, i], products[np.arange(5), np.arange(5)], products[i, np.arange(5)])
    np.testing.assert_array_equal(pairs.sine.to_float()[[0, 2, 3]], 0.0)
    np.testing.assert_array_equal(pairs.cosine.to_float()[[0, 2, 3]], [1.0, 1.0, -1.0])
    assert (pairs.cosine.to_float()[4], pairs.sine.to_float()[4]) == (0.0, 1.0)


def test_swapping_and_indexing_change_nothing_else() -> None:
    pairs = Pairs.of_rows(ROWS[:2], ROWS)
    assert pairs.swapped().q_u is pairs.q_v
    assert pairs.swapped().q_v is pairs.q_u
    picked = pairs.at((slice(None), 1))
    np.testing.assert_array_equal(picked.s, pairs.s[:, 1])
    np.testing.assert_array_equal(picked.q_u, pairs.q_u[:, 0])
    np.testing.assert_array_equal(picked.q_v, pairs.q_v[[1, 1]])


def test_the_mixed_derivative_is_a_difference_quotient() -> None:
    """Of K = q_u q_v² s + s³, whose second derivatives are polynomials."""
    rng = np.random.default_rng(0)
    u, v, h, k = rng.standard_normal((4, 3))

    def kernel(i: int, j: int, step: float) -> float:
        one, other = u + i * step * h, v + j * step * k
        q_u, q_v, s = one @ one, other @ other, one @ other
        return float(q_u * q_v**2 * s + s**3)

    step = 1e-4
    quotient = sum(i * j * kernel(i, j, step) for i in (1, -1) for j in (1, -1)) / (4 * step**2)
    q_u, q_v, s = u @ u, v @ v, u @ v
    second = q_u * q_v**2 + 3 * s**2, 6 * s, q_v**2, 2 * q_u * q_v, 2 * q_v * s
    assert mixed_derivative(second, h @ u, h @ v, k @ u, k @ v, h @ k) == pytest.approx(quotient, rel=1e-6)
