"""Second derivatives of kernels with biases against differences in thirty digits, and of the gradient."""

from collections.abc import Callable
from functools import cache, partial
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import activation, activation_names
from featlearn.theory.activations.biased import with_biases
from featlearn.theory.hessian import Hessian
from featlearn.theory.pair_derivatives import is_known
from featlearn.theory.targets import loss as against
from featlearn.theory.targets.cross_bends import cross_bends
from featlearn.theory.targets.formula import hermite_terms
from featlearn.theory.targets.neurons import NeuronTarget
from featlearn.theory.targets.polynomial import HermiteTarget
from tests.theory.exact_biased import MP, Pair, coefficients

STEP = 10**-6  # of differences
U = [0.6, -0.3, 0.5]
PLACES = {
    "generic": [-0.25, 1.5, -0.5],
    "parallel": [1.2, -0.6, -0.25],
    "opposite": [-0.6, 0.3, 0.25],
    "nearly parallel": [0.6 + 1e-4, -0.3, 0.75],
    "far from the kink": [0.125, 0.125, 1.5],
}


def exact_second(of_pair: Callable[[Pair], Any], pair: tuple[str, str], v: list[float], places: list[Any]) -> list[Any]:
    """Second differences by the entries of ``U`` and v, end to end."""
    at, step = [MP.mpf(x) for x in (*U, *v)], MP.mpf(STEP)

    def moved(i: int, a: int, j: int, b: int) -> Any:
        x = list(at)
        x[i] += a * step
        x[j] += b * step
        (u_0, u_1, b_u), (v_0, v_1, b_v) = x[:3], x[3:]
        return of_pair(Pair(pair[0], u_0**2 + u_1**2, b_u, v_0**2 + v_1**2, b_v, u_0 * v_0 + u_1 * v_1, pair[1]))

    signs = [(a, b) for a in (1, -1) for b in (1, -1)]
    return [sum(a * b * moved(i, a, j, b) for a, b in signs) / (4 * step**2) for i, j in places]


@cache
def _coefficients(name: str, x: Any, b: Any, count: int) -> list[Any]:
    return coefficients(name, x, b, count)[0]


def low_degrees(pair: Pair, drop: int) -> Any:
    """Σ_{k<ℓ} c_k c_k t^k."""
    of_u = _coefficients(pair.name, pair.x, pair.b_u, drop)
    of_v = _coefficients(pair.other, pair.y, pair.b_v, drop)
    return sum(of_u[k] * of_v[k] * pair.t**k for k in range(drop))


def own(pair: tuple[str, str], drop: int, u: list[float], v: list[float]) -> np.ndarray:
    """∂_u∂_uᵀ K, (d, d)."""
    one, other = (with_biases(activation(name, drop)) for name in pair)
    return cross_bends(one, other, np.array([u]), np.ones(1), np.array([v])).block(0)


def mixed(name: str, drop: int, u: list[float], v: list[float]) -> np.ndarray:
    """∂_u∂_vᵀ K, (d, d)."""
    act, rows = with_biases(activation(name, drop)), np.array([u, v])
    return Hessian.at(act, np.ones(2), rows, np.zeros(0), np.zeros((0, 3))).blocks().first[0, :, 1] / 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pair", "place"),
    [
        *((("relu", "relu"), place) for place in PLACES),
        (("erf", "erf"), "generic"),
        (("relu", "erf"), "generic"),
        (("tanh", "erf"), "generic"),
        (("quadratic", "relu"), "nearly parallel"),
        (("abs", "leaky_relu"), "opposite"),
    ],
)
def test_they_are_second_differences_of_the_kernel(pair: tuple[str, str], place: str) -> None:
    v = PLACES[place]
    found, entries = own(pair, 0, U, v), [(0, 1), (0, 2), (2, 2)]
    if pair[0] == pair[1]:
        found, entries = np.concatenate([found, mixed(pair[0], 0, U, v)], 1), [*entries, (1, 3), (2, 4)]
    for (i, j), wanted in zip(entries, exact_second(Pair.kernel, pair, v, entries), strict=True):
        assert found[i, j] == pytest.approx(float(wanted), rel=0, abs=1e-10), (i, j)
    np.testing.assert_allclose(found[:, :3], found[:, :3].T, rtol=0, atol=1e-15)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pair", "drop", "place"),
    [
        (("relu", "relu"), 2, "generic"),
        (("erf", "erf"), 3, "nearly parallel"),
        (("leaky_relu", "leaky_relu"), 3, "opposite"),
        (("relu", "tanh"), 1, "parallel"),
        (("erf", "abs"), 2, "generic"),
    ],
)
def test_what_is_dropped_has_second_differences_too(pair: tuple[str, str], drop: int, place: str) -> None:
    v = PLACES[place]
    found, entries = own(pair, 0, U, v) - own(pair, drop, U, v), [(0, 1), (0, 2), (2, 2)]
    if pair[0] == pair[1]:
        both = [mixed(pair[0], its, U, v) for its in (0, drop)]
        found, entries = np.concatenate([found, both[0] - both[1]], 1), [(0, 1), (2, 2), (1, 3), (0, 5), (2, 5)]
    wanted = exact_second(partial(low_degrees, drop=drop), pair, v, entries)
    for (i, j), its in zip(entries, wanted, strict=True):
        assert found[i, j] == pytest.approx(float(its), rel=0, abs=1e-10), (i, j)


def _is_the_change_of_the_gradient(name: str, drop: int, teacher: Any, rest: Any) -> None:
    """A Hessian of ``teacher`` neurons, output weights and rows, and the rest."""
    rng, act, step = np.random.default_rng(0), with_biases(activation(name, drop)), 1e-5
    a, w = rng.standard_normal(4), rng.standard_normal((4, 4))
    w[3] *= 0.1
    h, k = rng.standard_normal(4), 0.5 * rng.standard_normal((4, 4))
    k[3] *= 0.1
    hessian = Hessian.at(act, a, w, teacher[0], teacher[1], rest)

    def gradient(by: float) -> np.ndarray:
        student = (a + by * h)[None], (w + by * k)[None]
        slope = against.gradient(act, *student, teacher[0][None], teacher[1][None], rest)
        return np.concatenate([slope.second_layer[0], slope.first_layer[0].ravel()])

    here, change = gradient(0.0), (gradient(step) - gradient(-step)) / (2 * step)
    slope, product, blocks = hessian.gradient(), hessian.product(h, k), hessian.blocks()
    scale = max(1.0, np.abs(change).max())
    found = np.concatenate([slope.second_layer, slope.first_layer.ravel()])
    np.testing.assert_allclose(found, here, rtol=0, atol=1e-12 * scale)
    ours = np.concatenate([product.second_layer, product.first_layer.ravel()])
    np.testing.assert_allclose(ours, change, rtol=0, atol=1e-8 * scale)
    by_second = blocks.second @ h + np.einsum("jkd,kd->j", blocks.crossed, k)
    by_first = np.einsum("jkd,j->kd", blocks.crossed, h) + np.einsum("jdke,ke->jd", blocks.first, k)
    np.testing.assert_allclose(ours, np.concatenate([by_second, by_first.ravel()]), rtol=0, atol=1e-12 * scale)
    whole = blocks.first.reshape(16, 16)
    np.testing.assert_allclose(whole, whole.T, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("drop", [0, pytest.param(1, marks=pytest.mark.slow), 3])
@pytest.mark.parametrize("formula", [None, "x1 + x1*x2 - 0.3*He3(x2) + 0.2*x1*He2(x2)"])
@pytest.mark.parametrize("name", activation_names())
def test_the_hessian_is_the_change_of_the_gradient(name: str, formula: str | None, drop: int) -> None:
    rng, axes = np.random.default_rng(1), np.concatenate([np.eye(3)[:2], np.zeros((2, 1))], 1)[None]
    rest = None if formula is None else HermiteTarget(hermite_terms(formula), axes)
    _is_the_change_of_the_gradient(name, drop, (rng.standard_normal(2), rng.standard_normal((2, 4))), rest)


KINDS = ["relu", "leaky_relu", "quadratic", "erf", "tanh", "gelu"]
FEW = [("relu", "leaky_relu"), ("relu", "tanh"), ("erf", "gelu"), ("quadratic", "relu"), ("leaky_relu", "quadratic")]


@pytest.mark.parametrize(
    "pair",
    [pytest.param(x, marks=() if x in FEW else pytest.mark.slow) for x in permutations(KINDS, 2)],
)
def test_so_it_is_for_teachers_of_another_activation(pair: tuple[str, str]) -> None:
    rng = np.random.default_rng(2)
    for drop in (0, 2):
        teacher = with_biases(activation(pair[1], drop))
        rest = NeuronTarget(teacher, rng.standard_normal((1, 2)), rng.standard_normal((1, 2, 4)))
        _is_the_change_of_the_gradient(pair[0], drop, (np.zeros(0), np.zeros((0, 4))), rest)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "erf", "tanh", "quadratic"])
def test_without_biases_they_are_those_of_rows_without(name: str) -> None:
    rows = np.random.default_rng(1).standard_normal((5, 3))
    rows[3], rows[4] = rows[2], -rows[1]
    padded = np.concatenate([rows, np.zeros((5, 1))], 1)
    a, nothing = np.ones(5), np.zeros(0)
    ours = Hessian.at(with_biases(activation(name, 0)), a, padded, nothing, padded[:0]).blocks()
    plain = Hessian.at(activation(name, 0), a, rows, nothing, rows[:0]).blocks()
    np.testing.assert_allclose(ours.first[:, :3, :, :3], plain.first, rtol=0, atol=1e-7)
    np.testing.assert_allclose(ours.crossed[..., :3], plain.crossed, rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", ["relu", "erf", "silu", "quadratic"])
def test_rows_without_directions_have_finite_derivatives(name: str) -> None:
    rows = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2.0], [1.0, 2.0, 300.0], [1.0, -1.0, -0.5]])
    act = with_biases(activation(name, 0))
    blocks = Hessian.at(act, np.ones(4), rows, np.ones(1), rows[3:] + 1.0).blocks()
    assert all(np.isfinite(x).all() for x in blocks)
    slope = population.gradient(act, np.ones((1, 4)), rows[None], np.ones((1, 1)), rows[None, 3:] + 1.0)
    ours = Hessian.at(act, np.ones(4), rows, np.ones(1), rows[3:] + 1.0).gradient()
    np.testing.assert_allclose(ours.first_layer, slope.first_layer[0], rtol=1e-12, atol=1e-12)
    assert is_known(act)
