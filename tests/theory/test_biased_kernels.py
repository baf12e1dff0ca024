"""Kernels with biases of two activations, and without low degrees: thirty digits, and gradients against differences."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from featlearn.theory.activations import activation, biased_kernels
from featlearn.theory.activations.biased_kernels import biased_kernel, side_of
from tests.theory import exact_biased
from tests.theory.exact import number

POINTS = [(1.0, 0.3, 2.0, -0.7, 0.4), (4.0, 2.5, 0.25, 0.1, -0.95)]
PAIRS = [
    ("relu", "abs"),
    ("leaky_relu", "relu"),
    ("erf", "relu"),
    ("tanh", "abs"),
    ("quadratic", "relu"),
    ("tanh", "erf"),
    ("relu", "relu"),
    ("erf", "erf"),
]
FAST = {("relu", "abs", 2), ("erf", "relu", 0), ("quadratic", "relu", 1), ("tanh", "erf", 2), ("leaky_relu", "relu", 1)}
CASES = [(*pair, drop) for pair in PAIRS for drop in (0, 1, 2, 5) if drop or pair[0] != pair[1]]


def values_of(name: str, other: str, drop: int, at: tuple[float, ...], xp: Any = np) -> list[float]:
    kernel = biased_kernel(activation(name, drop), activation(other, drop), drop)
    given = [np.float64(x) if xp is np else torch.tensor(x, dtype=torch.float64) for x in at]
    return [float(x) for x in kernel(xp, *given)]


def with_product(point: tuple[float, ...]) -> tuple[float, ...]:
    q_u, b_u, q_v, b_v, cosine = point
    return q_u, b_u, q_v, b_v, cosine * float(np.sqrt(q_u * q_v))


@pytest.mark.parametrize(
    ("name", "other", "drop"), [c if c in FAST else pytest.param(*c, marks=pytest.mark.slow) for c in CASES]
)
def test_kernel_and_derivatives_have_all_digits(name: str, other: str, drop: int) -> None:
    for point in POINTS[: 1 if (name, other, drop) in FAST else 2]:
        at = with_product(point)
        q_u, b_u, q_v, b_v, s = map(number, at)
        exact = exact_biased.Pair(name, q_u, b_u, q_v, b_v, s, other).values_from(drop)
        found = values_of(name, other, drop, at)
        for value, its in zip(found, exact, strict=True):
            assert abs(number(value) - its) <= 1e-15 * max(1.0, point[0])
        np.testing.assert_allclose(values_of(name, other, drop, at, torch), found, rtol=1e-12, atol=1e-15)


ALL = ["relu", "abs", "leaky_relu", "erf", "quadratic", "polynomial", "tanh", "softplus"]


@pytest.mark.parametrize("drop", [0, 1, 2, 3])
@pytest.mark.parametrize("name", ALL)
def test_derivatives_are_those_of_the_kernel_which_is_symmetric(name: str, drop: int) -> None:
    at, step = np.array(with_product(POINTS[0])), 1e-5
    for other in ALL:
        found = values_of(name, other, drop, tuple(at))
        swapped = values_of(other, name, drop, tuple(at[[2, 3, 0, 1, 4]]))
        size = max(1.0, *map(abs, found))
        assert swapped[0] == pytest.approx(found[0], abs=3e-12 * size)
        assert swapped[1] == pytest.approx(found[1], abs=3e-12 * size)
        for place, derivative in zip((4, 0, 1), found[1:], strict=True):
            ends = []
            for sign in (1, -1):
                moved = at.copy()
                moved[place] += sign * step
                ends.append(values_of(name, other, drop, tuple(moved))[0])
            assert derivative == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=2e-8 * size), (other, place)


@pytest.mark.parametrize("drop", [1, 2, 5])
@pytest.mark.parametrize("name", ["relu", "abs", "erf", "quadratic", "tanh", "sin", "gelu"])
def test_without_biases_it_is_the_plain_kernel_of_the_degrees(name: str, drop: int) -> None:
    for t in (0.3, -0.99, 1.0):
        at = with_product((1.3, 0.0, 0.7, 0.0, t))
        plain = activation(name, drop).kernel(np, *(np.float64(at[i]) for i in (0, 2, 4)))
        np.testing.assert_allclose(values_of(name, name, drop, at)[:3], [float(x) for x in plain], atol=1e-13)


def test_what_is_unknown_is_refused() -> None:
    made_up = replace(activation("tanh", 0), name="made up", kinks=(1.0,), series=None)
    with pytest.raises(ValueError, match="the kernel of made up with biases is unknown"):
        side_of(made_up)


@pytest.mark.parametrize("lowest", [0, 3])
def test_high_degrees_of_near_rows_are_not_lost(lowest: int) -> None:
    act, rng = activation("tanh", 0), np.random.default_rng(0)
    q, b, d = (np.full((6, 1), 9.0) * rng.random((6, 1)), rng.standard_normal((6, 1)), rng.standard_normal((6, 6)))
    t = np.sign(d) * 10.0 ** -np.abs(3 * d)
    t[0], t[1] = 1.0 - np.abs(t[0]) / 1e3, -1.0
    u, v = (np.asarray(its) for its in side_of(act).coefficients(np, 1830, q, b)[:2])
    powers = t ** np.arange(1831)[:, None, None]
    direct = np.sum((u * v.mT * powers)[lowest:], 0)
    np.testing.assert_allclose(biased_kernels._sum(np, u, v.mT, t, lowest), direct, rtol=1e-12, atol=1e-15)
