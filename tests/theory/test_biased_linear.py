"""Piecewise linear neurons with biases and without low degrees, where bias and length are far from each other."""

import numpy as np
import pytest

from tests.theory import exact_biased
from tests.theory.exact import number
from tests.theory.test_biased_kernels import values_of, with_product

HARD = [
    (1.0, 0.5, 1.0, 0.5 + 1e-7, 1 - 1e-12),
    (1.0, 0.5, 1.0, -0.5, -1 + 1e-10),
    (1.0, -6.0, 1.0, 0.2, 0.5),
    (1.0, 8.0, 1.0, -7.5, 0.9),
    (1e-6, 0.2, 1.0, 0.4, 0.3),
    (1e-6, 1e-3, 25.0, -2.0, -0.8),
    (1e-6, 1e-3, 1e-6, -2e-3, 0.5),
    (1e-6, 0.5, 1e-6, 0.4, 0.5),
]


@pytest.mark.parametrize("drop", [1, 2, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", [pytest.param("relu", marks=()), pytest.param("leaky_relu", marks=pytest.mark.slow)])
@pytest.mark.parametrize("point", [HARD[0], *(pytest.param(p, marks=pytest.mark.slow) for p in HARD[1:])])
def test_errors_are_of_the_size_of_rows_without_their_biases(name: str, drop: int, point: tuple[float, ...]) -> None:
    at = with_product(point)
    exact = exact_biased.Pair(name, *map(number, at)).values_from(drop)
    x, y = np.sqrt([point[0], point[2]])
    along = 1e-11 if abs(point[4]) > 0.999 else 1e-15  # the cosine is found from s, which magnifies its rounding
    sizes = 1e-15 * x * y, along, max(along, 3e-15) * y / x, 1e-15 * y
    for value, its, size in zip(values_of(name, name, drop, at), exact, sizes, strict=True):
        assert abs(number(value) - its) <= size


@pytest.mark.parametrize("drop", [2, 3, 4])
def test_a_neuron_and_its_opposite_are_one_without_their_affine_part(drop: int) -> None:
    q_u, b_u, q_v, b_v, s = with_product((1.3, 0.8, 0.7, -0.3, 0.6))
    value, by_s, by_q, by_b = values_of("relu", "relu", drop, (q_u, b_u, q_v, b_v, s))
    assert values_of("relu", "relu", drop, (q_u, -b_u, q_v, b_v, -s)) == [value, -by_s, by_q, -by_b]


@pytest.mark.parametrize("drop", [1, 2])
@pytest.mark.parametrize("bias", [0.0, 0.7, -0.7])
def test_rows_of_zeros_have_nothing_left(drop: int, bias: float) -> None:
    found = values_of("relu", "relu", drop, (0.0, bias, 1.5, 0.4, 0.0))
    assert np.isfinite(found).all()
    assert found[0] == 0.0
    assert found[3] == pytest.approx(0.0, abs=1e-15)
