"""Second derivatives of the moments of polynomials against differences in a hundred digits."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from featlearn.theory.activations import activation, activation_names
from featlearn.theory.hessian import Hessian
from featlearn.theory.targets import loss as against
from tests.theory import exact
from tests.theory.targets.examples import polynomial

MP = exact.MP
STEP = 10**-30  # of differences
FORMULAS = ["1.5 + x1 - 2*x2", "x1*x2 + 0.5*He2(x2)", "He3(x1) + x1*x2*x3", "He4(x2) - x1**2*x2*x3 + 2"]
ROWS = {
    "generic": [0.5, -1.0, 0.75, 0.25],
    "on an axis": [2.0, 0.0, 0.0, 0.0],
    "outside": [0.0, 0.0, 0.0, 1.0],
    "tiny": [1e-5, 2e-5, -1e-5, 1e-5],
    "long": [20.0, -10.0, 5.0, 15.0],
}


@pytest.fixture(autouse=True)
def _a_hundred_digits() -> Iterator[None]:
    with MP.workdps(100):
        yield


def exact_moment(name: str, drop: int, formula: str, w: list[Any]) -> Any:
    total, q = MP.zero, sum(x * x for x in w)
    for coefficient, degrees in polynomial(formula).terms:
        k = sum(degrees)
        if k >= drop:
            mu, _ = exact.hermite(name, k, q)
            total += (
                MP.mpf(coefficient.numerator)
                / coefficient.denominator
                * mu
                * MP.fprod(x**power for x, power in zip(w, degrees, strict=False))
            )
    return total


def exact_bend(name: str, drop: int, formula: str, row: list[float]) -> list[list[Any]]:
    step, w = MP.mpf(STEP), [exact.number(x) for x in row]

    def moment(*moves: tuple[int, Any]) -> Any:
        at = list(w)
        for place, by in moves:
            at[place] += by
        return exact_moment(name, drop, formula, at)

    n = len(w)
    found = [[MP.zero] * n for _ in w]
    for i in range(n):
        for j in range(i, n):
            changes = (a * b * moment((i, a * step), (j, b * step)) for a in (1, -1) for b in (1, -1))
            found[i][j] = found[j][i] = sum(changes) / (4 * step**2)
    return found


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize(("name", "drop"), list(product(exact.CLOSED_NAMES, (0, 2))))
def test_they_are_second_differences_of_the_moments(name: str, drop: int, formula: str) -> None:
    act, rows = activation(name, drop), np.array(list(ROWS.values()))
    bends = polynomial(formula).bends(act, rows)
    for j, row in enumerate(rows.tolist()):
        truth, block = exact_bend(name, drop, formula, row), bends.block(j)
        for i, entries in enumerate(truth):
            for k, entry in enumerate(entries):
                assert abs(block[i, k] - entry) <= 1e-10 * (1 + abs(entry)), (j, i, k)
    moved = np.random.default_rng(0).standard_normal(rows.shape)
    blocks = np.array([bends.block(j) for j in range(len(rows))])
    scale = 1e-13 * max(1.0, np.abs(blocks).max())
    np.testing.assert_allclose(bends.product(moved), np.einsum("mde,me->md", blocks, moved), rtol=0, atol=scale)


def test_a_zero_row_keeps_the_bend_of_the_quadratic_part() -> None:
    bends = polynomial("x1*x2").bends(activation("quadratic", 0), np.zeros((1, 4)))
    wanted = np.zeros((4, 4))
    wanted[0, 1] = wanted[1, 0] = 2.0
    np.testing.assert_array_equal(bends.block(0), wanted)


@pytest.mark.parametrize("name", activation_names())
def test_the_hessian_against_a_polynomial_is_the_change_of_the_gradient(name: str) -> None:
    rng, act, target = np.random.default_rng(1), activation(name, 0), polynomial("x1 + x1*x2 - He4(x3)")
    a, w, step = rng.standard_normal(3), rng.standard_normal((3, 4)), 1e-5
    no_a, no_w = np.zeros(0), np.zeros((0, 4))
    found = Hessian.at(act, a, w, no_a, no_w, target)

    def gradient(a: np.ndarray, w: np.ndarray) -> np.ndarray:
        slope = against.gradient(act, a[None], w[None], no_a[None], no_w[None], target)
        return np.concatenate([slope.second_layer[0], slope.first_layer[0].ravel()])

    here, slope = gradient(a, w), found.gradient()
    scale = max(1.0, np.abs(here).max())
    np.testing.assert_allclose(
        np.concatenate([slope.second_layer, slope.first_layer.ravel()]), here, atol=1e-13 * scale
    )
    h, k = rng.standard_normal(3), rng.standard_normal((3, 4))
    change = (gradient(a + step * h, w + step * k) - gradient(a - step * h, w - step * k)) / (2 * step)
    product, blocks = found.product(h, k), found.blocks()
    ours = np.concatenate([product.second_layer, product.first_layer.ravel()])
    np.testing.assert_allclose(ours, change, rtol=0, atol=1e-7 * np.abs(change).max())
    by_blocks = np.einsum("jkd,j->kd", blocks.crossed, h) + np.einsum("jdke,ke->jd", blocks.first, k)
    np.testing.assert_allclose(product.first_layer, by_blocks, rtol=0, atol=1e-12 * np.abs(change).max())
