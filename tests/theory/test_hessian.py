"""The Hessian of the loss against differences of the loss in a hundred digits, rows that meet included."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import activation, activation_names
from featlearn.theory.hessian import Hessian
from tests.theory import exact

MP = exact.MP
STEP = 10**-30  # of differences

U = np.array([1.0, -0.5])
PLACES = {
    "generic": np.array([-0.25, 1.5]),
    "equal": U,
    "opposite": -U,
    "stretched": 3.0 * U,
    "nearly equal": U + np.array([1e-7, 2e-7]),
    "within rounding": U * (1 + 2.0**-50) + np.array([1e-15, 0.0]),
    "nearly opposite": -U + np.array([1e-6, 1e-5]),
    "short": 1e-4 * np.array([0.5, 1.0]),
    "tiny": 1e-9 * np.array([0.5, -1.0]),
    "long": 30.0 * np.array([0.5, 1.0]),
}
EASY = ("nearly equal", "opposite", "short")  # for kernels that have no angle in them
A, TEACHER = np.array([0.75, -1.25]), (np.array([0.5, 1.0]), np.array([[0.6, 0.8], [1.0, 0.0]]))


@pytest.fixture(autouse=True)
def _a_hundred_digits() -> Iterator[None]:
    with MP.workdps(100):
        yield


def matrix(hessian: Hessian) -> np.ndarray:
    """All of it, (n, n), from its blocks."""
    (m, d), blocks = hessian.slopes.shape, hessian.blocks()
    crossed = blocks.crossed.reshape(m, m * d)
    return np.block([[blocks.second, crossed], [crossed.T, blocks.first.reshape(m * d, m * d)]])


def matrix_by_products(hessian: Hessian) -> np.ndarray:
    m, d = hessian.slopes.shape
    columns = [hessian.product(e[:m], e[m:].reshape(m, d)) for e in np.eye(m * (d + 1))]
    return np.stack([np.concatenate([column.second_layer, column.first_layer.ravel()]) for column in columns], 1)


def exact_matrix(name: str, drop: int, a: np.ndarray, w: np.ndarray) -> list[list[Any]]:
    """Central differences of the loss, whose kernels are computed for the pairs that move alone."""
    step, (m, d) = MP.mpf(STEP), w.shape
    x = [exact.number(y) for y in np.concatenate([a, w.ravel()])]
    teacher = [-exact.number(y) for y in TEACHER[0]], exact.rows_of(TEACHER[1])

    kernel = exact.remembered_kernel(name, drop)

    def loss(*moves: tuple[int, Any]) -> Any:
        at = list(x)
        for place, by in moves:
            at[place] += by
        rows = [at[m + j * d : m + (j + 1) * d] for j in range(m)]
        return exact.loss_of(kernel, at[:m] + teacher[0], rows + teacher[1])

    n, here = len(x), loss()
    found = [[MP.zero] * n for _ in range(n)]
    up, down = [loss((i, step)) for i in range(n)], [loss((i, -step)) for i in range(n)]
    for i in range(n):
        found[i][i] = (up[i] - 2 * here + down[i]) / step**2
        for j in range(i):
            both = loss((i, step), (j, step)) + loss((i, -step), (j, -step))
            found[i][j] = found[j][i] = (both - up[i] - down[i] - up[j] - down[j] + 2 * here) / (2 * step**2)
    return found


def _is_tried(name: str, drop: int, place: str) -> bool:
    act = activation(name, drop)
    angles = act.degree_one is not None or name == "erf"
    return not act.is_zero and (angles or place in EASY)


@pytest.mark.parametrize(
    ("name", "drop", "place"), [x for x in product(exact.CLOSED_NAMES, (0, 2, 3), PLACES) if _is_tried(*x)]
)
def test_the_hessian_is_the_second_difference_of_the_loss(name: str, drop: int, place: str) -> None:
    w = np.stack([U, PLACES[place]])
    hessian = Hessian.at(activation(name, drop), A, w, *TEACHER)
    truth = exact_matrix(name, drop, A, w)
    rounding = 1e-13 * max(abs(entry) for row in truth for entry in row)
    for found in (matrix(hessian), matrix_by_products(hessian)):
        for i, row in enumerate(truth):
            for j, entry in enumerate(row):
                assert abs(found[i, j] - entry) <= 1e-10 * (1 + abs(entry)) + rounding, (i, j)


@pytest.mark.parametrize("drop", [0, 1, 2, 3])
@pytest.mark.parametrize("name", activation_names())
def test_products_are_differences_of_the_gradient(name: str, drop: int) -> None:
    rng, act, step = np.random.default_rng(4), activation(name, drop), 1e-5
    a, w, teacher = rng.standard_normal(5), rng.standard_normal((5, 3)), rng.standard_normal((2, 3))
    h, k = rng.standard_normal(5), rng.standard_normal((5, 3))

    def gradient(by: float) -> np.ndarray:
        student = (a + by * h)[None], (w + by * k)[None]
        slope = population.gradient(act, *student, TEACHER[0][None], teacher[None])
        return np.concatenate([slope.second_layer[0], slope.first_layer[0].ravel()])

    hessian = Hessian.at(act, a, w, TEACHER[0], teacher)
    ours, change = hessian.gradient(), (gradient(step) - gradient(-step)) / (2 * step)
    scale = np.abs(gradient(0.0)).max()
    np.testing.assert_allclose(
        np.concatenate([ours.second_layer, ours.first_layer.ravel()]), gradient(0.0), rtol=0, atol=1e-11 * scale
    )
    ours = hessian.product(h, k)
    scale = max(scale, np.abs(change).max())
    np.testing.assert_allclose(
        np.concatenate([ours.second_layer, ours.first_layer.ravel()]), change, rtol=0, atol=1e-6 * scale
    )


@pytest.mark.parametrize("drop", [0, 1, 2, 5])
@pytest.mark.parametrize("name", activation_names())
def test_blocks_and_products_are_one_symmetric_matrix(name: str, drop: int) -> None:
    rng = np.random.default_rng(3)
    a, w, teacher = rng.standard_normal(7), rng.standard_normal((7, 4)), rng.standard_normal((3, 4))
    w[2], w[3], w[4] = w[1], -w[1], teacher[0]
    hessian = Hessian.at(activation(name, drop), a, w, rng.standard_normal(3), teacher)
    whole = matrix(hessian)
    scale = 1e-13 * max(1.0, np.abs(whole).max())
    np.testing.assert_allclose(whole, whole.T, rtol=0, atol=scale)
    np.testing.assert_allclose(matrix_by_products(hessian), whole, rtol=0, atol=scale)


@pytest.mark.parametrize("name", activation_names())
def test_rows_of_zeros_have_finite_entries(name: str) -> None:
    w = np.array([[0.0, 0.0], [1.0, 2.0]])
    hessian = Hessian.at(activation(name, 0), np.array([0.0, 1.0]), w, *TEACHER)
    whole = matrix(hessian)
    assert np.isfinite(whole).all()
    np.testing.assert_allclose(matrix_by_products(hessian), whole, rtol=0, atol=1e-13)
