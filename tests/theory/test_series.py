"""The coefficients, tails and levels of Hermite series, against closed forms and numbers of many digits."""

from functools import cache
from math import factorial, sqrt

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.activations.series import TOLERANCE, HermiteSeries
from tests.theory.smooth_truth import FUNCTIONS, MP

NAMES = ["tanh", "sigmoid", "softplus", "silu"]
every_name = pytest.mark.parametrize("name", NAMES)


def _series(name: str) -> HermiteSeries:
    series = activation(name, 0).series
    assert series is not None
    return series


@cache
def _moments(name: str, order: int, x: float, shift: float = 0.0) -> list[float]:
    """E[φ^{(order)}(xz + b) he_k(z)] for k ≤ 21 in thirty digits, by the trapezoid rule."""
    step, totals = MP.mpf(1) / 12 / max(1, int(x)), [MP.zero] * 22
    for i in range(int(-11 / step), int(11 / step) + 1):
        z = i * step
        value = FUNCTIONS[name](MP.mpf(x) * z + MP.mpf(shift))[order] * step * MP.exp(-z * z / 2)
        before, here = MP.zero, MP.one
        for k in range(22):
            totals[k] += value * here
            before, here = here, (z * here - MP.sqrt(k) * before) / MP.sqrt(k + 1)
    return [float(total / MP.sqrt(2 * MP.pi)) for total in totals]


@every_name
@pytest.mark.parametrize("order", [0, 1, 2])
def test_coefficients_are_moments_in_many_digits(name: str, order: int) -> None:
    norms, degree = np.array([1e-3, 1.0, 2.0]), 21
    found = _series(name).coefficients(norms, degree, order)
    for i, x in enumerate(norms):
        for k in (0, 1, 2, 3, 8, 21):
            assert abs(found[i, k] - _moments(name, order, float(x))[k]) <= 3e-15 * max(1.0, x)


@every_name
def test_coefficients_of_shifted_functions_are_moments_in_many_digits(name: str) -> None:
    shifts = np.array([-1.5, 0.25])
    found = _series(name).coefficients(np.array([0.5, 2.0]), 9, 0, shifts)
    for i, (x, shift) in enumerate([(0.5, -1.5), (2.0, 0.25)]):
        for k in (0, 1, 4, 9):
            assert abs(found[i, k] - _moments(name, 0, x, shift)[k]) <= 3e-15 * x


@every_name
@pytest.mark.parametrize("x", [0.2, 1.0, 3.0])
def test_derivatives_that_are_not_given_follow_from_those_that_are(name: str, x: float) -> None:
    whole = _series(name)
    short = HermiteSeries(whole.functions[:2], whole.rest, whole.beside)
    norms = np.array([x])
    for order in (2, 3):
        ours, theirs = (its.coefficients(norms, 12, order) for its in (short, whole))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13 * max(1.0, x) / min(1.0, x) ** 2)


@every_name
def test_parity_leaves_out_coefficients_that_are_0(name: str) -> None:
    whole = _series(name)
    plain = HermiteSeries(whole.functions)
    for order in range(4):
        ours, theirs = (its.coefficients(np.array([0.7, 2.0]), 15, order) for its in (whole, plain))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-15)
    assert whole.beside == (whole.functions[whole.rest == "even"](np.zeros(1))[0])


@every_name
@pytest.mark.parametrize("norm", [0.3, 1.0, 2.5])
def test_the_tail_is_the_sum_of_the_squares_of_the_coefficients_that_follow(name: str, norm: float) -> None:
    series, norms = _series(name), np.array([norm, norm / 3])
    degree = series.degree(norm)
    assert degree is not None
    for order in range(3):
        further = series.coefficients(norms, 3 * degree, order)
        for last in (5, degree // 2, degree):
            squares = np.sum(further[:, last + 1 :] ** 2, -1)
            error = np.abs(series.tail(norms, last, order) - squares)
            assert (error <= 1e-6 * squares + 1e-15 * np.sqrt(squares) + 1e-28).all()


@every_name
def test_the_degree_keeps_its_promise_at_the_end_of_every_level(name: str) -> None:
    series, last = _series(name), 0
    for norm in 2.0 ** np.arange(-3.0, 2.25, 0.25):
        degree = series.degree(float(norm))
        assert degree is not None
        assert degree >= last
        last = degree
        for x in (norm, 0.83 * norm, norm / 5):
            assert series.tail(np.array([x]), degree, 0)[0] <= TOLERANCE * series.mean_square(np.array([norm]))[0]
        square = series.moment(0, 1, np.array([norm]))[0] ** 2  # a part of E φ′²
        assert series.bound(np.array([norm]), degree) <= 1e-11 * max(1.0, square, norm)


@every_name
def test_beyond_its_reach_a_series_says_nothing(name: str) -> None:
    series = _series(name)
    assert series.reach >= 5.0
    assert series.degree(series.reach) is not None
    for norm in (1.3 * series.reach, 1e10, np.inf, np.nan):
        assert series.degree(norm) is None
        assert np.isnan(series.coefficients(np.array([norm]), 3, 0)).all()
        known = series.beyond is not None and norm <= series.beyond.reach
        assert np.isnan(series.mean_square(np.array([norm]))).all() != known
        assert series.is_beyond(norm) == known


@pytest.mark.parametrize("norm", [1e3, 1e9, 1e200])
def test_no_table_is_made_of_rows_far_beyond_the_reach(norm: float) -> None:
    assert HermiteSeries(_series("tanh").functions, "odd").degree(norm) is None  # which no level before has told


@every_name
def test_a_moment_does_not_depend_on_the_other_rows(name: str) -> None:
    series, norms = _series(name), np.array([0.0, 1e-6, 0.4, 1.0, 1.01, 3.3])
    for k, order in [(0, 0), (1, 0), (2, 0), (3, 1), (0, 3), (0, 4)]:
        alone = [series.moment(k, order, norms[i : i + 1])[0] for i in range(len(norms))]
        np.testing.assert_array_equal(series.moment(k, order, norms), alone)
    alone = [series.mean_square(norms[i : i + 1])[0] for i in range(len(norms))]
    np.testing.assert_array_equal(series.mean_square(norms), alone)


def test_a_polynomial_is_its_few_coefficients() -> None:
    series = HermiteSeries((lambda z, xp=np: z**3 - z, lambda z, xp=np: 3 * z**2 - 1, lambda z, xp=np: 6 * z), "odd")
    for x in (0.1, 1.0, 30.0):
        found = series.coefficients(np.array([x]), 5, 0)[0]
        expected = [0.0, 3 * x**3 - x, 0.0, x**3 * sqrt(factorial(3)), 0.0, 0.0]
        np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-14 * x**3)
        assert series.degree(x) == 4
        assert series.tail(np.array([x]), 4, 0)[0] <= 1e-25 * x**6


def test_a_kink_leaves_more_than_any_degree_may() -> None:
    series = HermiteSeries((lambda z, xp=np: np.maximum(z, 0), lambda z, xp=np: 0.5 + 0.5 * np.sign(z)))
    assert series.degree(1.0) is None
    assert series.left_over(1.0) > 1e-8


def test_what_grows_beyond_the_nodes_has_no_degree() -> None:
    series = HermiteSeries((lambda z, xp=np: np.exp(0.12 * z * z), lambda z, xp=np: 0.24 * z * np.exp(0.12 * z * z)))
    assert not series.is_within_nodes(2.0)
    assert series.degree(2.0) is None


def test_fast_waves_have_a_degree_though_their_low_coefficients_vanish() -> None:
    """Those of sin(xz) are x^k exp(−x²/2)/√k!, below 1e-49 up to k = 60 at x = 20: no step resolves these."""
    series = HermiteSeries((lambda z, xp=np: np.sin(z), lambda z, xp=np: np.cos(z)), "odd")
    degree = series.degree(20.0)
    assert degree is not None
    k, found = 401, series.coefficients(np.array([20.0]), degree, 0)[0]
    assert found[k] == pytest.approx(float(MP.mpf(20) ** k * MP.exp(-200) / MP.sqrt(MP.fac(k))), rel=1e-12)


def test_series_that_share_nodes_leave_one_another_alone() -> None:
    one, other = HermiteSeries((np.sin, np.cos)), HermiteSeries((np.sin, np.cos), "odd")
    for step in (0.125, 0.25):
        _, weights = one.table(step, 1, 0)
        before = weights.copy()
        other.table(step, 1, 0)
        other.table(step, 1, 1)
        assert np.array_equal(one.table(step, 1, 0)[1], before)
        assert np.sum(weights[:, 0]) == pytest.approx(1.0, abs=1e-15)
