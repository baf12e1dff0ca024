"""Kernels without their low Hermite degrees, at any ℓ, to twelve digits of what is left: hard points, many digits."""

from collections.abc import Iterator
from itertools import product
from math import factorial

import numpy as np
import pytest
import torch

from featlearn.theory import double_double, quadrature
from featlearn.theory.activations import Activation, activation
from featlearn.theory.activations.registry import HIGHEST_DROP
from featlearn.theory.double_double import DoubleDouble
from featlearn.theory.hermite import hermite_polynomials
from tests.theory import exact
from tests.theory.exact import MP, Exact, number

ACCURACY = 1e-12  # of the value itself
SMALLEST = 1e-290  # under which products of powers underflow

# the settings whose records are those of another setting, for what lies between is 0 or nothing
SAME = {("abs", 1): 2, ("erf", 1): 0, ("quadratic", 1): 2}
NEW = [1, 3, 4, 6, 9, 20, HIGHEST_DROP]
ENTRIES = [activation(*which) for which in product(exact.CLOSED_NAMES, NEW) if which not in SAME]
every_entry = pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.name}-{e.drop_hermite_below}")

COSINES = np.array([0.0] + [sign * t for t in (1e-8, 1e-3, 0.1, 0.5, 0.999, 1 - 1e-12, 1.0) for sign in (1.0, -1.0)])
# √(q_u q_v) is exact: near t = ±1 its rounding would be magnified
NORMS = [(1.0, 1.0), (4.0**-10, 4.0**10), (4.0**10, 4.0), (4.0**10, 4.0**10), (4.0**-10, 4.0**-10)]
GRID = [np.array(x) for x in zip(*((u, v, t * np.sqrt(u * v)) for u, v in NORMS for t in COSINES), strict=True)]


@pytest.fixture(autouse=True)
def _digits_for_what_is_left() -> Iterator[None]:
    with MP.workdps(350):
        yield


def _exact(entry: Activation, q_u: float, q_v: float, s: float) -> tuple[Exact, Exact, Exact]:
    with MP.workdps(310 + 10 * entry.drop_hermite_below):
        return exact.kernel(entry.name, entry.drop_hermite_below, number(q_u), number(q_v), number(s))


@every_entry
def test_kernel_and_derivatives_have_twelve_digits_of_their_own(entry: Activation) -> None:
    found = entry.kernel(np, *GRID)
    # rows on opposite sides: of the slopes of gelu, ¼ on average, nothing is left
    lost = 1e-15 if (entry.name, entry.drop_hermite_below) == ("gelu", 1) else SMALLEST
    for point in zip(*GRID, *found, strict=True):
        for x, truth in zip(point[3:], _exact(entry, *point[:3]), strict=True):
            assert abs(x - truth) <= ACCURACY * abs(truth) + lost, point


@pytest.mark.parametrize(("name", "drop"), SAME)
def test_what_has_no_degree_between_is_the_same(name: str, drop: int) -> None:
    entry, same = activation(name, drop), activation(name, SAME[name, drop])
    for field in ("kernel", "tangents", "value_tangents", "symmetry", "compiled", "degree_one"):
        assert getattr(entry, field) is getattr(same, field)
    z = np.array([-2.0, 0.0, 0.3])
    np.testing.assert_allclose(entry.pointwise(z, 1.7), same.pointwise(z, 1.7), rtol=1e-14)


@every_entry
def test_kernel_in_torch_is_that_in_numpy(entry: Activation) -> None:
    for x, y in zip(entry.kernel(np, *GRID), entry.kernel(torch, *map(torch.from_numpy, GRID)), strict=True):
        np.testing.assert_allclose(y.numpy(), x, rtol=1e-13, atol=SMALLEST)


@every_entry
def test_kernel_in_double_double_is_right_to_a_share_of_the_norms(entry: Activation) -> None:
    k = entry.kernel(double_double, *map(DoubleDouble, GRID))[0]
    name, drop = entry.name, entry.drop_hermite_below
    half = 1e-17 if (name, drop) == ("relu", 1) else 0.0  # its π/2 is a float64 number, as other constants are
    for i, (q_u, q_v, s) in enumerate(zip(*GRID, strict=True)):
        at = q_u, q_v, s
        truth = exact.with_constants(name, drop, lambda name, at=at: _exact(activation(name, drop), *at)[0])  # type: ignore[misc]
        size = np.sqrt(entry.rounding_scale(q_u) * entry.rounding_scale(q_v))
        allowed = 1e-26 * max(1.0, size, np.sqrt(q_u * q_v)) + half * abs(s)
        assert abs(exact.double_double(k[i]) - truth) <= allowed, (q_u, q_v, s)


@every_entry
def test_a_zero_row_has_a_zero_kernel_and_finite_derivatives(entry: Activation) -> None:
    q_u, q_v, zero = np.array([0.0, 2.0, 0.0]), np.array([2.0, 0.0, 0.0]), np.zeros(3)
    k, k_s, k_q = entry.kernel(np, q_u, q_v, zero)
    assert not k.any()
    assert not k_q.any()
    at_zero, at_two = (entry.slope(np.array(q)) if entry.drop_hermite_below == 1 else 0.0 for q in (0.0, 2.0))
    np.testing.assert_allclose(k_s, [at_zero * at_two, at_zero * at_two, at_zero**2], rtol=1e-15)


@every_entry
@pytest.mark.parametrize("q", [0.25, 9.0])
def test_the_pointwise_function_has_no_degree_below(entry: Activation, q: float) -> None:
    coefficients = [
        quadrature.mean(lambda z, k=k: entry.pointwise(z, q) * list(hermite_polynomials(z, q, k + 1))[k], q)  # type: ignore[misc]
        for k in range(entry.drop_hermite_below)[:8]
    ]
    size = [np.sqrt(factorial(k) * q**k * quadrature.mean(lambda z: entry.phi(z) ** 2, q)) for k in range(8)]
    assert (np.abs(coefficients) <= 1e-11 * np.array(size[: len(coefficients)])).all()


@pytest.mark.parametrize(  # of higher degrees difference quotients keep too few digits
    "entry", [x for x in ENTRIES if x.drop_hermite_below <= 9], ids=lambda e: f"{e.name}-{e.drop_hermite_below}"
)
def test_the_pointwise_function_changes_with_both_its_arguments_as_its_slopes_say(entry: Activation) -> None:
    z, q, h = np.array([-3.0, -0.7, 0.2, 1.1]), 1.7, 1e-5
    along = (entry.pointwise(z + h, q) - entry.pointwise(z - h, q)) / (2 * h)
    np.testing.assert_allclose(entry.pointwise_prime(z, q), along, rtol=1e-7, atol=1e-7)
    by_square = (entry.pointwise(z, q + h) - entry.pointwise(z, q - h)) / (2 * h)
    np.testing.assert_allclose(entry.pointwise_by_square(z, q), by_square, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("name", exact.CLOSED_NAMES)
@pytest.mark.parametrize("q", [1e-6, 1.0, 3.0, 1e6])
def test_moments_of_all_degrees_are_those_of_fifty_digits(name: str, q: float) -> None:
    hermite = activation(name).hermite
    assert hermite is not None
    for k in range(HIGHEST_DROP + 3):  # of those that are 0, the sums of many digits leave 1e-287 and less
        truth = exact.hermite(name, k, number(q))[0]
        found = hermite(k, np.array(q))
        assert abs(found - truth) <= 1e-14 * (1 + k) * abs(truth) + 1e-200
        assert float(hermite(k, torch.tensor(q, dtype=torch.float64))) == pytest.approx(float(found), rel=1e-14)
    assert np.isfinite([hermite(k, np.array(0.0)) for k in range(8)]).all()
