"""Kernels of smooth neurons with biases: Σ_k c_k(u) c_k(v) t^k with c_k(x, b) = E[φ(xz + b) he_k(z)].

Their derivatives by s, q_u and b are Σ d_k d_k t^k, ½ Σ e_k c_k t^k and Σ d_k c_k t^k, with the coefficients d of φ′,
e of φ″. Truncation after degree D errs by at most √(T_D(u) T_D(v)). The degree is a step function of the largest norm
and the largest |b| of a run's rows: that of the first level of norms at which T_D is small on a grid of both.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, log2
from types import ModuleType
from typing import Any

import numpy as np

from featlearn.theory.activations.record import BiasedValues
from featlearn.theory.activations.series import TOLERANCE, HermiteSeries
from featlearn.theory.pairs import Array

_LEVELS = 12  # that are tried, of norms in ratio 2^¼
_LEAST_BIAS = -2  # the exponent of the least level of biases
_MOST_BIAS = 40


def series_kernel(
    series: HermiteSeries, xp: ModuleType, q_u: Array, b_u: Array, q_v: Array, b_v: Array, s: Array
) -> BiasedValues:
    """See ``Activation.biased``; NaN for runs with rows beyond what the series holds to.

    Arrays of three axes have the runs as their first; in NumPy each run has its own degree.
    """
    given = q_u, b_u, q_v, b_v, s
    if xp is np and np.ndim(s) == 3:
        runs = [_of_run(series, np, *(x[run : run + 1] for x in given)) for run in range(len(s))]
        if runs:
            return BiasedValues(*(np.concatenate(parts) for parts in zip(*runs, strict=True)))
    return _of_run(series, xp, *given)


def _of_run(series: HermiteSeries, xp: Any, q_u: Array, b_u: Array, q_v: Array, b_v: Array, s: Array) -> BiasedValues:
    rows_u, rows_v = (numbers(x) for x in (q_u, b_u)), (numbers(x) for x in (q_v, b_v))
    (x_u, c_u), (x_v, c_v) = ((np.sqrt(q).ravel(), b.ravel()) for q, b in (rows_u, rows_v))
    degree = degree_of(series, np.concatenate([x_u, x_v]), np.concatenate([c_u, c_v]))
    n = xp.sqrt(q_u * q_v)
    t = xp.clip(s / xp.where(n > 0, n, n * 0 + 1), -1.0, 1.0)
    if degree is None:
        return BiasedValues(*[t * float("nan")] * 4)
    of_u = [like(q_u, series.coefficients(x_u, degree, order, c_u)) for order in range(3)]
    of_v = [like(q_v, series.coefficients(x_v, degree, order, c_v)) for order in range(2)]
    value, by_s, by_q, by_b = (_horner(of_u[i], of_v[j], t) for i, j in ((0, 0), (1, 1), (2, 0), (1, 0)))
    return BiasedValues(value, by_s, 0.5 * by_q, by_b)


def degree_of(series: HermiteSeries, norms: np.ndarray, biases: np.ndarray) -> int | None:
    """D for rows with some norms and biases (n,); None beyond what the series holds to."""
    norm, bias = float(np.max(norms, initial=0.0)), float(np.max(np.abs(biases), initial=0.0))
    level = series.level(norm)
    if level is None or not bias < 2.0**_MOST_BIAS:
        return None
    return _degree(series, level.norm, max(_LEAST_BIAS, ceil(log2(bias)) if bias else _LEAST_BIAS))


@lru_cache(maxsize=256)
def _degree(series: HermiteSeries, norm: float, bias: int) -> int | None:
    """D for rows of norms up to one, and of biases up to 2^bias."""
    largest = 2.0**bias
    near = np.linspace(-min(largest, 8.0), min(largest, 8.0), 33)
    far = 2.0 ** np.arange(3.25, bias + 0.1, 0.25)
    shifts, norms = np.concatenate([near, far, -far]), norm * 2.0 ** -np.arange(0.0, 4.0, 0.5)
    norms, shifts = (x.ravel() for x in np.meshgrid(norms, shifts))
    for number in range(_LEVELS):
        level = series.level(norm * 2.0 ** (number / 4))
        if level is None:
            return None
        for order, tolerance in enumerate((TOLERANCE, 10 * TOLERANCE)):
            size = np.sum(series.coefficients(np.array([norm]), level.degree, order) ** 2)
            if np.max(series.tail(norms, level.degree, order, shifts)) > tolerance * size:
                break
        else:
            return level.degree
    return None


def _horner(u: Array, v: Array, t: Array) -> Array:
    """Σ_k u_k v_k t^k."""
    total = u[-1] * v[-1] + 0 * t
    for k in range(len(u) - 2, -1, -1):
        total *= t
        total += u[k] * v[k]
    return total


def numbers(x: Any) -> np.ndarray:
    """An array or a tensor as a NumPy array of float64."""
    return np.asarray(x, dtype=float) if isinstance(x, (np.ndarray, np.generic)) else x.detach().double().cpu().numpy()


def like(q: Any, coefficients: np.ndarray) -> Any:
    """(K, *q.shape) of coefficients (n, K), in the type of q."""
    shaped = np.ascontiguousarray(coefficients.T).reshape(coefficients.shape[1], *q.shape)
    return shaped if isinstance(q, (np.ndarray, np.generic)) else q.new_tensor(shaped)
