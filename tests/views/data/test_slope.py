"""Slopes are those of power laws."""

import numpy as np

from featlearn.views.data.slope import slope_of


def test_a_power_law_has_its_exponent() -> None:
    x = np.array([1.0, 2.0, 5.0, 30.0])
    slope = slope_of(x, 7 * x**-1.5)
    assert slope is not None
    np.testing.assert_allclose((slope.exponent, slope.factor), (-1.5, 7.0), rtol=1e-12)
    assert slope.error < 1e-6  # SciPy takes it from 1 − r², which rounds
    noisy = slope_of(x, 7 * x**-1.5 * np.array([1.0, 1.1, 0.9, 1.0]))
    assert noisy is not None
    # the textbook formula: residual variance over the spread of x
    lx, ly = np.log(x), np.log(7 * x**-1.5 * np.array([1.0, 1.1, 0.9, 1.0]))
    fit = np.polyfit(lx, ly, 1)
    error = np.sqrt(np.sum((ly - np.polyval(fit, lx)) ** 2) / 2 / np.sum((lx - lx.mean()) ** 2))
    np.testing.assert_allclose((noisy.exponent, noisy.error), (fit[0], error), rtol=1e-9)
    assert slope_of(x, -x) is None
    assert str(slope_of(x[:2], x[:2])) == "1.00"
