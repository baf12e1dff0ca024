"""Intervals: known values, their coverage, and what a missing number does to them."""

import numpy as np
import pytest

from featlearn.claims.intervals import (
    Measured,
    exponent_of,
    largest_of,
    median_of,
    proportion_of,
    slope,
    smallest_of,
)

INF, NAN = float("inf"), float("nan")


def test_a_median_lies_in_its_interval_and_is_the_same_each_time() -> None:
    values = np.random.default_rng(3).lognormal(size=31)
    measured = median_of(values)
    assert measured.value == np.median(values)
    assert values.min() < measured.low < measured.value < measured.high < values.max()
    assert (measured.count, measured) == (31, median_of(values))


@pytest.mark.slow
def test_intervals_of_medians_cover_the_truth_about_95_times_in_100() -> None:
    samples = np.random.default_rng(0).normal(size=(300, 41))
    covered = [m.low <= 0.0 <= m.high for m in map(median_of, samples)]
    assert 0.91 <= np.mean(covered) <= 0.985


def test_intervals_follow_a_monotone_map() -> None:
    values = np.random.default_rng(1).uniform(0.1, 1.0, size=21)
    plain, cubed = median_of(values), median_of(values**3)
    assert [cubed.value, cubed.low, cubed.high] == pytest.approx([plain.value**3, plain.low**3, plain.high**3])


def test_one_value_is_its_own_interval() -> None:
    assert median_of([0.25]) == Measured(0.25, 0.25, 0.25, 1)


def test_a_missing_value_widens_an_interval_both_ways() -> None:
    values = np.linspace(0.96, 0.99, 30)
    some = np.where(np.arange(30) < 10, NAN, values)
    whole, rest, worse = median_of(values), median_of(values[10:]), median_of(some)
    assert worse.low < rest.low
    assert worse.high > rest.high
    assert (worse.count, whole.count) == (30, 30)
    most = np.where(np.arange(30) < 20, NAN, values)
    assert median_of(most) == Measured(INF, -INF, INF, 30)


def test_infinite_values_stay_on_their_side() -> None:
    assert median_of([INF] * 3) == Measured(INF, INF, INF, 3)
    mixed = median_of([0.1] * 20 + [INF] * 3)
    assert (mixed.value, mixed.low, mixed.high) == (0.1, 0.1, 0.1)
    assert median_of([-INF, INF]).value == INF


@pytest.mark.parametrize("measure", [median_of, largest_of, smallest_of, proportion_of])
def test_nothing_cannot_be_measured(measure) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="there are no"):
        measure([])


def test_extremes_and_what_is_missing() -> None:
    assert largest_of([1.0, 3.0, 2.0]) == Measured(3.0, 3.0, 3.0, 3)
    assert smallest_of([1.0, 3.0, 2.0]) == Measured(1.0, 1.0, 1.0, 3)
    assert largest_of([1.0, NAN]).value == INF
    assert smallest_of([1.0, NAN]).value == -INF


@pytest.mark.parametrize(
    ("successes", "cases", "low", "high"),
    [  # from Wilson's formula, by hand: (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n) with z = 1.959964
        (0, 10, 0.0, 0.277533),
        (10, 10, 0.722467, 1.0),
        (5, 10, 0.236593, 0.763407),
        (81, 263, 0.255288, 0.366179),
    ],
)
def test_proportions_have_wilsons_interval(successes: int, cases: int, low: float, high: float) -> None:
    z = 1.959963984540054
    p = successes / cases
    middle, half = p + z * z / (2 * cases), z * np.sqrt(p * (1 - p) / cases + z * z / (4 * cases * cases))
    assert ((middle - half) / (1 + z * z / cases), (middle + half) / (1 + z * z / cases)) == pytest.approx(
        (low, high), abs=1e-4
    )
    measured = proportion_of([True] * successes + [False] * (cases - successes))
    assert (measured.value, measured.count) == (p, cases)
    assert (measured.low, measured.high) == pytest.approx((low, high), abs=1e-4)


def test_exponents_of_powers_are_exact() -> None:
    x = np.array([1e-3, 1e-2, 1e-1])
    assert slope(x, 7 * x**2.5) == pytest.approx(2.5)
    measured = exponent_of(x, np.stack([c * x**-1 for c in (1, 2, 3, 4, 5)]))
    assert [measured.value, measured.low, measured.high] == pytest.approx([-1, -1, -1])
    assert measured.count == 5


@pytest.mark.parametrize("wrong", [0.0, -1.0, NAN, INF])
def test_a_curve_that_is_not_positive_has_no_exponent(wrong: float) -> None:
    assert np.isnan(slope([1, 2, 3], [1, wrong, 3]))
    assert np.isnan(slope([1, wrong, 3], [1, 2, 3]))
    measured = exponent_of([1, 2, 3], np.array([[1, wrong, 3]]))
    assert (measured.low, measured.high) == (-INF, INF)
