"""Second derivatives of kernels of two activations against differences in sixty digits, and of the gradient."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest

from featlearn.theory.activations import activation, activation_names
from featlearn.theory.hessian import Hessian
from featlearn.theory.targets import loss as against
from featlearn.theory.targets.cross_bends import cross_bends
from featlearn.theory.targets.neurons import NeuronTarget
from tests.theory import exact
from tests.theory.test_own import _registered
from tests.theory.test_own_kinks import HARDTANH

MP = exact.MP
STEP = 10**-12  # of differences
C, TEACHER = np.array([0.5, -1.25]), np.array([[0.6, 0.8], [-1.0, 0.0]])
ROWS = {
    "generic": [0.25, 1.0],
    "equal": [0.6, 0.8],
    "opposite": [-1.5, -2.0],
    "nearly equal": [0.6 + 1e-7, 0.8 - 2e-7],
    "short": [0.5e-3, -1e-3],
    "tiny": [1e-7, 0.5e-7],
}
SLOW = pytest.mark.slow
OF_ABSOLUTE = [("relu", "abs"), ("leaky_relu", "relu")]
OF_FEW_DEGREES = [("erf", "quadratic"), ("quadratic", "gelu"), ("polynomial", "relu"), ("relu", "polynomial")]
OF_MANY = [("gelu", "abs"), ("abs", "gelu"), ("leaky_relu", "gelu"), ("erf", "sin"), ("sin", "erf")]


@pytest.fixture(autouse=True)
def _sixty_digits() -> Iterator[None]:
    with MP.workdps(60):
        yield


@cache
def moments_of(name: str, degrees: range, q: Any) -> list[Any]:
    return [exact.hermite(name, k, q)[0] for k in degrees]


def exact_kernel(pair: tuple[str, str], drop: int, u: Sequence[Any], v: Sequence[Any]) -> Any:
    """Σ_k μ_k μ_k s^k/k!, of as many degrees as it takes; that of |z| in closed form."""
    q_u, q_v, s = (sum(x * y for x, y in zip(a, b, strict=True)) for a, b in ((u, u), (v, v), (u, v)))
    if pair in OF_ABSOLUTE:
        even = {"relu": 1, "abs": 2, "leaky_relu": 1 - exact.number(exact.SLOPE)}
        odd = {"relu": 1, "abs": 0, "leaky_relu": 1 + exact.number(exact.SLOPE)}
        one, two = pair
        linear = odd[one] * odd[two] * s / 4 if drop < 2 else 0
        return even[one] * even[two] * exact.kernel("abs", drop, q_u, q_v, s)[0] / 4 + linear
    degrees = range(drop, 6) if pair in OF_FEW_DEGREES else range(drop, 240)
    total, power = MP.zero, s**drop / MP.fac(drop)
    of_u, of_v = (moments_of(name, degrees, q) for name, q in zip(pair, (q_u, q_v), strict=True))
    for k, one, two in zip(degrees, of_u, of_v, strict=True):
        total += one * two * power
        power *= s / (k + 1)
    return total


def exact_bend(pair: tuple[str, str], drop: int, row: Sequence[float]) -> list[list[Any]]:
    step, w, teacher = MP.mpf(STEP), [exact.number(x) for x in row], exact.rows_of(TEACHER)
    step *= MP.norm(w)

    def moment(*moves: tuple[int, int]) -> Any:
        at = list(w)
        for place, by in moves:
            at[place] += by * step
        return sum(exact.number(c) * exact_kernel(pair, drop, at, v) for c, v in zip(C, teacher, strict=True))

    signs = list(product((1, -1), repeat=2))
    return [[sum(a * b * moment((i, a), (j, b)) for a, b in signs) / (4 * step**2) for j in range(2)] for i in range(2)]


@pytest.mark.parametrize(
    ("pair", "drop"),
    [
        *product(OF_ABSOLUTE + OF_FEW_DEGREES, (0, 1, 3)),
        *(pytest.param(*x, marks=SLOW) for x in product(OF_MANY, (0, 3))),
    ],
)
def test_they_are_second_differences_of_the_kernel(pair: tuple[str, str], drop: int) -> None:
    student, teacher = activation(pair[0], drop), activation(pair[1], 0)
    places = ["generic", "short"] if pair in OF_MANY else list(ROWS)  # the former take hundreds of terms
    bends = cross_bends(student, teacher, np.array([ROWS[place] for place in places]), C, TEACHER)
    for j, place in enumerate(places):
        truth, block = exact_bend(pair, drop, ROWS[place]), bends.block(j)
        largest = max(abs(x) for entries in truth for x in entries)
        for i, entries in enumerate(truth):
            for k, entry in enumerate(entries):
                assert abs(block[i, k] - entry) <= 1e-10 * (largest if largest > 1 else 1), (place, i, k)


@pytest.mark.parametrize("drop", [0, pytest.param(2, marks=SLOW), pytest.param(5, marks=SLOW)])
def test_the_hessian_against_a_teacher_of_any_activation_is_the_change_of_the_gradient(drop: int) -> None:
    rng, step = np.random.default_rng(1), 1e-5
    a, w, teacher = rng.standard_normal(3), rng.standard_normal((3, 4)), rng.standard_normal((2, 4))
    h, k = rng.standard_normal(3), rng.standard_normal((3, 4))
    no_a, no_w = np.zeros(0), np.zeros((0, 4))
    for pair in permutations(activation_names(), 2):
        act, target = activation(pair[0], drop), NeuronTarget(activation(pair[1], drop), C[None], teacher[None])
        found = Hessian.at(act, a, w, no_a, no_w, target)

        def gradient(by: float, act: Any = act, target: NeuronTarget = target) -> np.ndarray:
            slope = against.gradient(act, (a + by * h)[None], (w + by * k)[None], no_a[None], no_w[None], target)
            return np.concatenate([slope.second_layer[0], slope.first_layer[0].ravel()])

        change, ours = (gradient(step) - gradient(-step)) / (2 * step), found.product(h, k)
        scale = 1e-9 + np.abs(change).max()
        np.testing.assert_allclose(
            np.concatenate([ours.second_layer, ours.first_layer.ravel()]),
            change,
            rtol=0,
            atol=1e-7 * scale,
            err_msg=pair,
        )
        blocks = found.blocks()
        by_blocks = np.einsum("jkd,j->kd", blocks.crossed, h) + np.einsum("jdke,ke->jd", blocks.first, k)
        np.testing.assert_allclose(ours.first_layer, by_blocks, rtol=0, atol=1e-12 * scale, err_msg=pair)


def test_rows_of_zeros_have_finite_second_derivatives() -> None:
    rows = np.array([[0.0, 0.0], [1.0, 2.0]])
    for pair in permutations(activation_names(), 2):
        bends = cross_bends(activation(pair[0], 0), activation(pair[1], 0), rows, C, TEACHER)
        assert np.isfinite(bends.product(rows[::-1])).all(), pair


def test_piecewise_linear_ones_have_those_of_hinges() -> None:
    with _registered("hardtanh", *HARDTANH, kinks=[-1, 1]):
        rows, step = np.array([[0.25, 1.0], [0.6, 0.8]]), 1e-5
        for pair in (("hardtanh", "relu"), ("abs", "hardtanh"), ("hardtanh", "tanh")):
            student, target = activation(pair[0], 0), NeuronTarget(activation(pair[1], 0), C[None], TEACHER[None])
            found = target.bends(student, rows).product(rows[::-1])
            ends = [target.moments(student, (rows + by * rows[::-1])[None]).by_row[0] for by in (step, -step)]
            np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * step), rtol=0, atol=1e-8, err_msg=str(pair))
