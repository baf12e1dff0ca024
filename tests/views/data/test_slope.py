"""Slopes are those of power laws, with the interval of the fit."""

import numpy as np
from scipy.stats import linregress, t

from featlearn.views.data.slope import slope_of, told_slope

X = np.array([1.0, 2.0, 5.0, 30.0])


def test_a_power_law_has_its_exponent() -> None:
    slope = slope_of(X, 7 * X**-1.5)
    assert slope is not None
    np.testing.assert_allclose((slope.exponent, slope.low, slope.high), -1.5, rtol=1e-12)
    assert str(slope) == "−1.5000 [−1.5000, −1.5000]"


def test_the_interval_is_that_of_least_squares() -> None:
    y = 7 * X**-1.5 * np.array([1.0, 1.1, 0.9, 1.0])
    slope, fit = slope_of(X, y), linregress(np.log(X), np.log(y))
    assert slope is not None
    reach = t.ppf(0.975, 2) * fit.stderr
    np.testing.assert_allclose(
        (slope.exponent, slope.low, slope.high), (fit.slope, fit.slope - reach, fit.slope + reach), rtol=1e-9
    )


def test_too_few_points_have_no_slope() -> None:
    assert slope_of(X[:3], X[:3]) is None
    assert slope_of(X, np.array([1.0, 2.0, np.nan, 3.0])) is None
    assert slope_of(X, -X) is None
    assert slope_of(np.ones(4), X) is None


def test_of_what_is_flat_or_no_power_law_no_slope_is_told() -> None:
    assert told_slope(X, np.array([3.0, 3.01, 3.0, 3.02])) is None
    assert told_slope(X, np.array([1.0, 0.1, 0.1, 1.0])) is None  # a V
    assert told_slope(X, X**-0.01) is not None
