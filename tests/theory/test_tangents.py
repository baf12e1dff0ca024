"""Products of tangents against derivatives of the pair kernel taken in a hundred digits, rows that meet included."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from featlearn.theory import double_double
from featlearn.theory.activations import CompiledKernel, activation
from featlearn.theory.pairs import Pairs
from featlearn.theory.tangents import tangent_products, value_products, value_tangent_products
from tests.theory import exact

MP = exact.MP
STEP = 10**-30  # of differences


@pytest.fixture(autouse=True)
def _a_hundred_digits() -> Iterator[None]:
    with MP.workdps(100):
        yield


U = np.array([1.0, -0.5, 0.25])
PLACES = {
    "generic": np.array([-0.25, 1.5, 0.75]),
    "equal": U,
    "opposite": -U,
    "stretched": 3.0 * U,
    "nearly equal": U + np.array([1e-7, 2e-7, 0.0]),
    "nearly opposite": -U + np.array([0.0, 1e-5, -1e-5]),
    "short": 1e-4 * np.array([0.5, 1.0, -1.0]),
    "long": 30.0 * np.array([0.5, 1.0, 1.0]),
}
SETTINGS = list(product(exact.CLOSED_NAMES, (0, 1, 2, 3, 4, 6)))


def exact_products(name: str, drop: int, u: np.ndarray, v: np.ndarray, h: np.ndarray, k: np.ndarray) -> list[Any]:
    """E[φ̃(u) ∂_k φ̃(v)] and E[∂_h φ̃(u) ∂_k φ̃(v)] by central differences of K."""
    step = MP.mpf(STEP)

    def moved(row: np.ndarray, direction: np.ndarray, by: Any) -> list[Any]:
        return [exact.number(x) + by * exact.number(y) for x, y in zip(row, direction, strict=True)]

    def kernel(i: int, j: int) -> Any:
        one, other = moved(u, h, i * step), moved(v, k, j * step)
        products = (
            sum(x * y for x, y in zip(a, b, strict=True)) for a, b in ((one, one), (other, other), (one, other))
        )
        return exact.kernel(name, drop, *products)[0]

    first = (kernel(0, 1) - kernel(0, -1)) / (2 * step)
    mixed = (kernel(1, 1) - kernel(1, -1) - kernel(-1, 1) + kernel(-1, -1)) / (4 * step**2)
    return [first, mixed]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("name", "drop"), SETTINGS)
def test_products_are_the_derivatives_of_the_kernel(name: str, drop: int, place: str) -> None:
    v, act, rng = PLACES[place], activation(name, drop), np.random.default_rng(0)
    pairs = Pairs.of_rows(U[None], v[None])
    norms = U @ U, v @ v
    powers = np.sqrt(act.rounding_scale(norms[0]) * act.rounding_scale(norms[1]) / (norms[0] * norms[1]))
    size = powers if name in ("quadratic", "polynomial") else 1.0
    for h, k in rng.standard_normal((3, 2, 3)):
        truth = exact_products(name, drop, U, v, h, k)
        found = (
            value_tangent_products(act, pairs, k @ U, k @ v),
            tangent_products(act, pairs, h @ U, h @ v, k @ U, k @ v, h @ k),
        )
        scale = size * np.linalg.norm(k)
        assert abs(found[0][0, 0] - truth[0]) <= 2e-14 * scale * np.linalg.norm(U)
        assert abs(found[1][0, 0] - truth[1]) <= 2e-14 * scale * np.linalg.norm(h)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("name", "drop"), SETTINGS)
def test_double_double_has_the_same_products_with_more_digits(name: str, drop: int, place: str) -> None:
    v, (h, k) = PLACES[place], np.random.default_rng(1).standard_normal((2, 3))
    products = double_double.gram(np.stack([U, v, h, k]))
    act, pairs = activation(name, drop), Pairs.of_products(products[0, 0], products[1, 1], products[0, 1])
    hu, hv, ku, kv, hk = products[2, 0], products[2, 1], products[3, 0], products[3, 1], products[2, 3]
    found = [
        exact.double_double(value_tangent_products(act, pairs, ku, kv)),
        exact.double_double(tangent_products(act, pairs, hu, hv, ku, kv, hk)),
    ]
    # the constants 2/π, 1/2π are float64 numbers: one relative error, the same in every product and in K. So is the
    # π/2 of plain relu, which adds a hundredth of an ulp of a kernel E[(h·x)(k·x)] to all, or that of leaky_relu.
    for i, (ours, size) in enumerate(zip(found, (k @ U, h @ k), strict=True)):
        truth = _with_constants(name, drop, lambda name, i=i: exact_products(name, drop, U, v, h, k)[i])  # type: ignore[misc]
        half = abs(size) * 1e-17 if name in ("relu", "leaky_relu") and drop < 2 else 0.0
        assert abs(ours - truth) <= 1e-24 * (1 + abs(truth)) + half


def _with_constants(name: str, drop: int, of: Callable[[str], Any]) -> Any:
    """As ``exact.with_constants``; of degree one the constant of tangents is one number for all that are dropped."""
    if name not in ("relu", "abs", "leaky_relu"):
        return exact.with_constants(name, drop, of)
    kernel = activation(name, drop).compiled
    assert isinstance(kernel, CompiledKernel)
    factor = exact.number(kernel.factor) * MP.pi / 2
    return factor * (of("abs") + (exact.number(kernel.half) * 2 / MP.pi * of("linear") if drop < 2 else 0))


@pytest.mark.parametrize(("name", "drop"), SETTINGS)
def test_a_zero_row_has_the_derivative_of_its_pointwise_twin(name: str, drop: int) -> None:
    act, zero = activation(name, drop), np.zeros(3)
    h, k = np.random.default_rng(2).standard_normal((2, 3))
    slope = float(act.pointwise_prime(np.zeros(1), 0.0)[0])  # ∂_h φ̃ = slope · h·x at w = 0
    pairs = Pairs.of_rows(zero[None], zero[None])
    both = tangent_products(act, pairs, np.zeros(1), 0.0, 0.0, 0.0, h @ k)
    assert both.item() == pytest.approx(slope**2 * (h @ k), abs=1e-15)
    # with another row: E[slope h·x ∂_k φ̃(v·x)] = slope h·E[x ∂_k φ̃], and E[x φ̃(v·x)] = μ1 v, or 0 where dropped
    pairs = Pairs.of_rows(zero[None], U[None])
    one = tangent_products(act, pairs, np.zeros(1), h @ U, 0.0, k @ U, h @ k)
    mu1, mu1_prime = (float(f(U @ U)) if drop < 2 else 0.0 for f in (act.slope, act.slope_prime))
    assert one.item() == pytest.approx(slope * (mu1 * (h @ k) + 2 * mu1_prime * (k @ U) * (h @ U)), abs=1e-15)


def test_a_tangent_along_its_own_row_is_the_value_times_the_degree() -> None:
    v = PLACES["generic"]
    for name, drop in SETTINGS:
        act = activation(name, drop)
        if act.homogeneous_degree is not None:
            pairs = Pairs.of_rows(U[None], v[None])
            found = value_tangent_products(act, pairs, v @ U, v @ v).item()
            assert found == pytest.approx(act.homogeneous_degree * value_products(act, pairs).item(), rel=1e-13)
