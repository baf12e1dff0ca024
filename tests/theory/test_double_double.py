"""Pairs of float64 carry some 31 digits: every operation against fifty-digit arithmetic, at the claimed bounds."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featlearn.theory import double_double
from featlearn.theory.double_double import DoubleDouble
from tests.theory.exact import MP, Exact, number
from tests.theory.exact import double_double as exactly

RELATIVE = MP.mpf(2) ** -100  # claimed for + − × ÷ √
ASIN_ABSOLUTE = MP.mpf(10) ** -29  # claimed for asin

PROPERTY = settings(max_examples=200, derandomize=True, deadline=None, database=None)


def _pair(high: float, part: float) -> DoubleDouble:
    """high + low with |low| at most half a unit in the last place of high."""
    return DoubleDouble(high, 0.5 * part * np.spacing(abs(high)))


_parts = st.integers(-99, 99).map(lambda percent: percent / 100)
_pairs = st.builds(
    lambda x, sign, part: _pair(sign * x, part), st.floats(1e-60, 1e60), st.sampled_from([-1.0, 1.0]), _parts
)


def _assert_relative(result: DoubleDouble, truth: Exact) -> None:
    assert abs(exactly(result) - truth) <= RELATIVE * abs(truth)
    assert abs(float(result.low)) <= np.spacing(abs(float(result.high)))  # still a pair: nothing overlaps


@PROPERTY
@given(_pairs, _pairs)
def test_sum_and_difference_keep_thirty_digits(x: DoubleDouble, y: DoubleDouble) -> None:
    _assert_relative(x + y, exactly(x) + exactly(y))
    _assert_relative(x - y, exactly(x) - exactly(y))


@PROPERTY
@given(_pairs, st.integers(1, 100), _parts)
def test_difference_of_near_equals_keeps_thirty_digits_of_what_is_left(
    x: DoubleDouble, units: int, part: float
) -> None:
    near = _pair(float(x.high) + units * float(np.spacing(x.high)), part)
    _assert_relative(x - near, exactly(x) - exactly(near))


@PROPERTY
@given(_pairs, _pairs)
def test_product_and_quotient_keep_thirty_digits(x: DoubleDouble, y: DoubleDouble) -> None:
    _assert_relative(x * y, exactly(x) * exactly(y))
    _assert_relative(x / y, exactly(x) / exactly(y))


@PROPERTY
@given(_pairs)
def test_square_root_keeps_thirty_digits(x: DoubleDouble) -> None:
    magnitude = -x if x.high < 0 else x
    _assert_relative(double_double.sqrt(magnitude), MP.sqrt(exactly(magnitude)))


@PROPERTY
@given(st.floats(-700.0, 600.0))
def test_exponential_keeps_thirty_digits(x: float) -> None:
    found = double_double.exp(DoubleDouble(x) + DoubleDouble(x * 1e-17))
    truth = MP.exp(exactly(DoubleDouble(x) + DoubleDouble(x * 1e-17)))
    assert abs(exactly(found) - truth) <= 1e-30 * (1 + abs(x)) * truth + 1e-322


def test_exponential_of_what_is_far_below_zero_is_zero() -> None:
    x = DoubleDouble(np.array([-1e4, -1e300, 0.0]))
    np.testing.assert_array_equal(double_double.exp(x).to_float(), [0.0, 0.0, 1.0])


def test_square_root_of_zero_is_zero() -> None:
    root = double_double.sqrt(DoubleDouble(np.zeros(2)))
    np.testing.assert_array_equal(root.to_float(), 0.0)


@pytest.mark.parametrize(
    "operation",
    [lambda x, y: y + x, lambda x, y: y - x, lambda x, y: y * x, lambda x, y: y / x, lambda x, y: x / y],
    ids=["add", "subtract", "multiply", "divide", "divide by"],
)
@pytest.mark.parametrize("other", [3.0, np.array([3.0, -0.1, 7e5])], ids=["float", "array"])
def test_floats_and_arrays_mix_with_pairs_on_either_side(operation: Callable[[Any, Any], Any], other: Any) -> None:
    x = DoubleDouble([0.3, 2.0, -5.5], [1e-18, -1e-17, 3e-17])
    result, others = operation(x, other), np.broadcast_to(other, 3)
    for i in range(3):
        _assert_relative(result[i], operation(exactly(x[i]), number(others[i])))


def _asin_points() -> list[DoubleDouble]:
    """Both branches, their seam, both ends, and within 1e-30 of an end."""
    half = [DoubleDouble(0.5, low) for low in (0.0, 1e-17, -1e-17, 1e-30, -1e-30)]
    half += [DoubleDouble(np.nextafter(0.5, side), low) for side in (0.0, 1.0) for low in (0.0, 2e-17, -2e-17)]
    ends = [DoubleDouble(1.0, -low) for low in (0.0, 1e-30, 1e-24, 1e-20, 5e-17)]
    ends += [DoubleDouble(1.0 - gap, 1e-19) for gap in (1e-15, 1e-12, 1e-6, 1e-3)]
    inside = [DoubleDouble(x, 1e-17 * x) for x in (0.0, 1e-300, 1e-12, 1e-3, 0.1, 0.3, 0.45, 0.6, 0.75, 0.9, 0.99)]
    return [sign * x for x in half + ends + inside for sign in (1.0, -1.0)]


def test_arcsine_is_right_to_29_digits_on_both_branches_and_at_the_ends() -> None:
    points = _asin_points()
    x = DoubleDouble([p.high for p in points], [p.low for p in points])
    result = double_double.asin(x)
    for i in range(len(points)):
        assert abs(exactly(result[i]) - MP.asin(exactly(x[i]))) <= ASIN_ABSOLUTE, (points[i].high, points[i].low)


def test_arcsine_is_right_to_29_digits_at_random_points() -> None:
    rng = np.random.default_rng(1)
    high = rng.uniform(-1, 1, 500)
    x = DoubleDouble(high, 0.4 * np.spacing(np.abs(high)) * rng.uniform(-1, 1, 500))
    result = double_double.asin(x)
    worst = max(abs(exactly(result[i]) - MP.asin(exactly(x[i]))) for i in range(500))
    assert worst <= ASIN_ABSOLUTE


def test_clip_looks_at_both_parts() -> None:
    x = DoubleDouble([1.0, 1.0, -1.0, -1.0, 0.3], [1e-20, -1e-20, -1e-20, 1e-20, 1e-18])
    clipped = double_double.clip(x, -1.0, 1.0)
    np.testing.assert_array_equal(clipped.high, [1.0, 1.0, -1.0, -1.0, 0.3])
    np.testing.assert_array_equal(clipped.low, [0.0, -1e-20, 0.0, 1e-20, 1e-18])


@pytest.mark.parametrize("size", [1, 2, 7, 64, 101])
def test_a_sum_that_cancels_to_its_last_digits_is_right(size: int) -> None:
    rng = np.random.default_rng(size)
    high = rng.standard_normal(size)
    terms = DoubleDouble(np.concatenate([high, -high]), 1e-18 * rng.standard_normal(2 * size))
    truth = sum((exactly(terms[i]) for i in range(2 * size)), MP.zero)
    assert abs(exactly(terms.sum()) - truth) <= 1e-30 * np.sum(np.abs(high))


def _gram_error_in_units_of_the_norms(rows: np.ndarray) -> float:
    """max |computed − exact| / (‖row‖‖row′‖), the exact value from rational arithmetic."""
    result = double_double.gram(rows)
    fractions = [[Fraction(float(x)) for x in row] for row in rows]
    worst = 0.0
    for i, u in enumerate(fractions):
        for j, v in enumerate(fractions):
            exact = sum((x * y for x, y in zip(u, v, strict=True)), Fraction(0))
            error = abs(Fraction(float(result.high[i, j])) + Fraction(float(result.low[i, j])) - exact)
            scale = float(np.linalg.norm(rows[i])) * float(np.linalg.norm(rows[j]))
            worst = max(worst, float(error / Fraction(scale))) if scale else max(worst, float(error))
    return worst


@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 64, 200])
def test_gram_is_right_to_its_bound_for_rows_of_any_scale(dimension: int) -> None:
    rng = np.random.default_rng(dimension)
    rows = rng.standard_normal((6, dimension))
    rows[1] = rows[0] + 1e-9 * rng.standard_normal(dimension)  # nearly parallel
    rows[2] *= 1e-8
    rows[3] *= 1e8
    rows[4] *= np.exp2(rng.integers(-40, 40, dimension))  # entries of very different size in one row
    rows[5] = 0.0
    assert _gram_error_in_units_of_the_norms(rows) <= 2.0**-85


def test_gram_is_right_when_every_entry_has_all_bits_set() -> None:
    ones = np.nextafter(1.0, 0.0)  # the sums that carry furthest
    rows = np.array([[ones] * 128, [ones, -ones] * 64, [np.nextafter(2.0, 0.0)] * 128])
    assert _gram_error_in_units_of_the_norms(rows) <= 2.0**-85


def test_gram_of_equal_rows_is_their_squared_norm_to_the_last_bit() -> None:
    row = np.random.default_rng(5).standard_normal(32)
    result = double_double.gram(np.stack([row, row, -row]))
    for i, j, sign in [(0, 1, 1.0), (1, 1, 1.0), (0, 2, -1.0), (2, 2, 1.0)]:
        assert result.high[i, j] == sign * result.high[0, 0]
        assert result.low[i, j] == sign * result.low[0, 0]
