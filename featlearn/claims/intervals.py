"""Measured numbers with 95 % intervals over seeds: medians, proportions and exponents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_RESAMPLES = 4000
_FEWER_RESAMPLES = 1000  # for statistics that are computed one by one


@dataclass(frozen=True)
class Measured:
    """A number and its 95 % interval; ``count`` is how many seeds, or cases, it rests on."""

    value: float
    low: float
    high: float
    count: int


def median_of(values: Sequence[float] | np.ndarray) -> Measured:
    """The median and its bootstrap interval (percentiles).

    NaN is a run without the value. It counts as −∞ for the lower and as ∞ for the upper end of the interval, so that it
    can only widen it, and as ∞ for the median.

    Raises:
        ValueError: when there are no values.
    """
    x = np.asarray(values, dtype=float).ravel()
    least, most = _clean(x), _clean(x)
    least[np.isnan(x)] = -np.inf
    places = np.random.default_rng(0).integers(len(x), size=(_RESAMPLES, len(x)))
    low = np.sort(_medians(least[places]))[int(0.025 * _RESAMPLES)]
    high = np.sort(_medians(most[places]))[int(0.975 * _RESAMPLES)]
    return Measured(float(_medians(most)), float(low), float(high), len(x))


def _medians(x: np.ndarray) -> np.ndarray:
    """Medians along the last axis; halfway between −∞ and ∞ counts as ∞."""
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.median(x, axis=-1), nan=np.inf, posinf=np.inf, neginf=-np.inf)


def largest_of(values: Sequence[float] | np.ndarray) -> Measured:
    """The largest value, ∞ when one is missing; the interval is that value, for a maximum has no bootstrap."""
    x = _clean(values)
    return Measured(float(x.max()), float(x.max()), float(x.max()), len(x))


def smallest_of(values: Sequence[float] | np.ndarray) -> Measured:
    """The smallest value; see ``largest_of``. What is missing counts as −∞."""
    x = -_clean(-np.asarray(values, dtype=float))
    return Measured(float(x.min()), float(x.min()), float(x.min()), len(x))


def proportion_of(successes: Sequence[bool] | np.ndarray) -> Measured:
    """The share of successes with its interval by Wilson's score. Raises ValueError when there are no cases."""
    cases = np.asarray(successes, dtype=bool)
    if not len(cases):
        raise ValueError("there are no cases to count")
    from scipy import stats

    interval = stats.binomtest(int(cases.sum()), len(cases)).proportion_ci(method="wilson")
    return Measured(float(cases.mean()), float(interval.low), float(interval.high), len(cases))


def exponent_of(x: Sequence[float] | np.ndarray, y: np.ndarray) -> Measured:
    """The exponent p of y ∝ x^p, fitted for each seed by least squares in the logarithm; its median over seeds.

    Args:
        x: (n,) positive.
        y: (seeds, n); a row with a value that is not positive has no exponent; see ``median_of``.
    """
    return median_of([slope(x, row) for row in np.atleast_2d(y)])


def over_seeds(cases: np.ndarray, statistic: Callable[[np.ndarray], float]) -> Measured:
    """A number that all seeds together have, with its bootstrap interval: whole seeds are drawn anew.

    Where there is no such number (NaN), it counts as −∞ for the lower end and as ∞ for the rest.

    Args:
        cases: (seeds, …), what was measured of each.
        statistic: from such an array, with any seeds in it, to the number.
    """
    rng = np.random.default_rng(0)
    drawn = np.array([statistic(cases[rng.integers(len(cases), size=len(cases))]) for _ in range(_FEWER_RESAMPLES)])
    low = np.sort(np.where(np.isnan(drawn), -np.inf, drawn))[int(0.025 * _FEWER_RESAMPLES)]
    high = np.sort(np.where(np.isnan(drawn), np.inf, drawn))[int(0.975 * _FEWER_RESAMPLES)]
    value = statistic(cases)
    return Measured(np.inf if np.isnan(value) else value, float(low), float(high), len(cases))


def slope(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> float:
    """The exponent of one curve; NaN, which no threshold admits, where something is not positive, or for one point."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(x) < 2 or not ((x > 0).all() and (y > 0).all() and np.isfinite([x, y]).all()):
        return float("nan")
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def _clean(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """As floats, with NaN (a run without the value) as infinite."""
    x = np.asarray(values, dtype=float).ravel()
    if not len(x):
        raise ValueError("there are no values to measure")
    return np.where(np.isnan(x), np.inf, x)
