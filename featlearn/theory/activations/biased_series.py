"""Coefficients of Hermite series of neurons with biases, Σ_k c_k(u) c_k(v) t^k, and the degree at which they are cut.

Truncation after degree D errs by at most √(T_D(u) T_D(v)). The degree is a step function of the largest norm and the
largest |b| of a run's rows: that of the first level of norms at which T_D is small on a grid of both.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, log2, sqrt
from typing import Any

import numpy as np

from featlearn.theory.activations.hermite_functions import nodes, weights_at
from featlearn.theory.activations.series import END, LEAST_DIVISOR, TOLERANCE, HermiteSeries, Level

_LEVELS = 12  # that are tried, of norms in ratio 2^¼
_LEAST_BIAS = -2  # the exponent of the least level of biases
_MOST_BIAS = 40


def degree_of(series: HermiteSeries, norms: np.ndarray, biases: np.ndarray, tolerance: float = TOLERANCE) -> int | None:
    """D for rows with some norms and biases (n,), by the tolerance of ``HermiteSeries.level``; None beyond what the
    series holds to."""
    norm, bias = float(np.max(norms, initial=0.0)), float(np.max(np.abs(biases), initial=0.0))
    level = series.level(norm, tolerance)
    if level is None or not bias < 2.0**_MOST_BIAS:
        return None
    return _degree(series, level.norm, max(_LEAST_BIAS, ceil(log2(bias)) if bias else _LEAST_BIAS), tolerance)


@lru_cache(maxsize=256)
def _degree(series: HermiteSeries, norm: float, bias: int, tolerance: float) -> int | None:
    """D for rows of norms up to one, and of biases up to 2^bias."""
    largest = 2.0**bias
    near = np.linspace(-min(largest, 8.0), min(largest, 8.0), 33)
    far = 2.0 ** np.arange(3.25, bias + 0.1, 0.25)
    shifts, norms = np.concatenate([near, far, -far]), norm * 2.0 ** -np.arange(0.0, 4.0, 0.5)
    norms, shifts = (x.ravel() for x in np.meshgrid(norms, shifts))
    for number in range(_LEVELS):
        level = series.level(norm * 2.0 ** (number / 4), tolerance)
        if level is None:
            return None
        for order, allowed in enumerate((tolerance, 10 * tolerance)):
            size = np.sum(series.coefficients(np.array([norm]), level.degree, order) ** 2)
            if np.max(series.tail(norms, level.degree, order, shifts)) > allowed * size:
                break
        else:
            return level.degree
    return None


def bound_of(series: HermiteSeries, norm: float, bias: float, degree: int) -> float:
    """The most that truncation errs by in K and its derivatives, of 16 norms up to one and 33 biases up to one."""
    norms, shifts = (x.ravel() for x in np.meshgrid(norm * np.arange(1, 17) / 16, bias * np.linspace(-1.0, 1.0, 33)))
    value, slope, bend = (float(np.max(series.tail(norms, degree, order, shifts))) for order in range(3))
    return max(value, slope, 0.5 * sqrt(bend * value), sqrt(slope * value))


def coefficients_of(
    series: HermiteSeries, norms: np.ndarray, degree: int, shifts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """c_k, d_k, e_k = E[φ^{(i)}(xz + b) he_k(z)] for i = 0, 1, 2 and k = 0 … degree, each (n, degree + 1).

    Those of φ″ are quadratures, and from c_0 and d_0 the others follow, d_k = x e_{k−1}/√k and c_k = x d_{k−1}/√k,
    which keeps digits of short rows. Where φ″ is not known that of φ′ is the quadrature.

    Accuracy: 1e-15 (1 + x²) of the largest √E (φ^{(i)})².
    """
    bends = series.coefficients(norms, degree, 2, shifts)
    known = len(series.functions) > 2
    slopes = None if known else series.coefficients(norms, degree, 1, shifts)
    means = [series.means(norms, degree, order, shifts) for order in range(2)]
    slopes = _risen(means[1], norms, bends) if slopes is None else slopes
    return _risen(means[0], norms, slopes), slopes, bends


def coefficients_of_rows(
    series: HermiteSeries, norms: np.ndarray, degree: int, shifts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As ``coefficients_of``, for few degrees: each row by sums of its own, so that the others do not matter; NaN where
    the series does not hold."""
    ends = [degree_of(series, norms[i : i + 1], shifts[i : i + 1]) for i in range(len(norms))]
    levels = [
        None if end is None else series.level_for(float(x), max(end, degree))
        for x, end in zip(norms, ends, strict=True)
    ]
    value, slope, bend = (np.full((len(norms), degree + 1), np.nan) for _ in range(3))
    for level in dict.fromkeys(levels):
        if level is not None:
            rows = np.array([i for i, its in enumerate(levels) if its == level])
            value[rows], slope[rows], bend[rows] = _by_sums(series, level, norms[rows], degree, shifts[rows])
    return value, slope, bend


def _by_sums(
    series: HermiteSeries, level: Level, norms: np.ndarray, degree: int, shifts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    z, highest = nodes(level.step, END), min(2, len(series.functions) - 1)
    argument, weights = norms[:, None] * z + shifts[:, None], weights_at(level.step, END, degree + 1)

    def sums(order: int, count: int) -> np.ndarray:
        values = series.functions[order](argument)
        return np.stack([np.sum(values * weights[:, k].copy(), -1) for k in range(count)], -1)

    last = sums(highest, degree + 2)
    if highest == 2:
        bends, slopes = last[:, :-1], _risen(sums(1, 1)[:, 0], norms, last[:, :-1])
    else:
        slopes, roots = last[:, :-1], np.sqrt(np.arange(1.0, degree + 2))
        bends = last[:, 1:] * roots / np.maximum(norms, LEAST_DIVISOR)[:, None]
    return _risen(sums(0, 1)[:, 0], norms, slopes), slopes, bends


def _risen(mean: np.ndarray, norms: np.ndarray, derivative: np.ndarray) -> np.ndarray:
    """Coefficients from that of degree 0 and those of the derivative."""
    rising = norms[:, None] * derivative[:, :-1] / np.sqrt(np.arange(1.0, derivative.shape[1]))
    return np.concatenate([mean[:, None], rising], -1)


def numbers(x: Any) -> np.ndarray:
    """An array or a tensor as a NumPy array of float64."""
    return np.asarray(x, dtype=float) if isinstance(x, (np.ndarray, np.generic)) else x.detach().double().cpu().numpy()


def like(q: Any, coefficients: np.ndarray) -> Any:
    """(K, *q.shape) of coefficients (n, K), in the type of q."""
    shaped = np.ascontiguousarray(coefficients.T).reshape(coefficients.shape[1], *q.shape)
    return shaped if isinstance(q, (np.ndarray, np.generic)) else q.new_tensor(shaped)
