"""Directions along which the function of a network does not change, or not to first order."""

import numpy as np
import pytest

from featlearn.theory import population, symmetries
from featlearn.theory.activations import activation

RNG = np.random.default_rng(0)
A, W = RNG.standard_normal(4), RNG.standard_normal((4, 5))


def distance(name: str, drop: int, one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> float:
    """The norm of the difference of two networks."""
    return float(np.sqrt(population.loss(activation(name, drop), *(x[None] for x in (*one, *other)))[0]))


@pytest.mark.parametrize(("name", "degree"), [("relu", 1), ("abs", 1), ("quadratic", 2)])
def test_balances_leave_the_function_to_first_order(name: str, degree: int) -> None:
    living = np.array([True, False, True, True])
    second, first = symmetries.balances(degree, A, W, living)
    assert len(second) == 3
    for a, w in zip(second, first, strict=True):
        changes = [distance(name, 0, (A + h * a, W + h * w), (A, W)) for h in (1e-3, 1e-4)]
        assert changes[1] < 0.02 * changes[0]


@pytest.mark.parametrize("rank", [0, 1, 3, 5])
def test_rotations_keep_all_products_and_the_fixed_rows(rank: int) -> None:
    fixed = RNG.standard_normal((rank, 5))
    second, first = symmetries.rotations(W, fixed, 1000)
    outside = 5 - rank
    reached = min(4, outside)
    assert len(first) == reached * (reached - 1) // 2 + reached * (outside - reached)
    assert not second.any()
    for w in first:
        np.testing.assert_allclose(w @ W.T + W @ w.T, 0.0, atol=1e-12)
        np.testing.assert_allclose(w @ fixed.T, 0.0, atol=1e-12)
    if len(first):
        assert np.linalg.matrix_rank(first.reshape(len(first), -1)) == len(first)


def test_more_rotations_than_wanted_are_none() -> None:
    assert len(symmetries.rotations(W, np.zeros((0, 5)), 10)[0]) == 10
    assert len(symmetries.rotations(W, np.zeros((0, 5)), 9)[0]) == 0


@pytest.mark.parametrize(
    ("name", "drop", "signs", "scales"),
    [
        ("relu", 0, [1, 1, 1], [1.0, 2.0, 0.5]),
        ("relu", 2, [1, -1, 1], [1.0, 2.0, 0.5]),
        ("erf", 0, [1, -1, -1], [1.0, 1.0, 1.0]),
        ("quadratic", 0, [-1, 1, -1], [1.0, 1.0, 1.0]),
    ],
)
def test_what_coinciding_neurons_exchange_leaves_the_function_to_first_order(
    name: str, drop: int, signs: list[int], scales: list[float]
) -> None:
    rows = np.concatenate([np.outer(np.array(signs) * np.array(scales), W[0]), W[1:2]])
    second, first = symmetries.coincidences(activation(name, drop), A, rows)
    assert len(second) == 3 * (1 + 5) - (5 if activation(name, drop).homogeneous_degree == 1 else 6)
    assert not second[:, 3].any()
    for a, w in zip(second, first, strict=True):
        changes = [distance(name, drop, (A + h * a, rows + h * w), (A, rows)) for h in (1e-3, 1e-4)]
        assert changes[1] < 0.05 * changes[0] + 1e-14


def test_neurons_that_do_not_coincide_exchange_nothing() -> None:
    assert len(symmetries.coincidences(activation("relu", 0), A, np.stack([W[0], -W[0], W[1], 0 * W[0]]))[0]) == 0
    assert len(symmetries.coincidences(activation("erf", 0), A, np.stack([W[0], 2 * W[0], W[1], 0 * W[0]]))[0]) == 0
