"""Sums Σ_k c_k(u) c_k(v) t^k over pairs of rows, from the coefficients of ``series``; in NumPy, PyTorch, double-double.

The level of a run is that of its own rows, and products of matrices are those of one run: its bits do not depend on the
other runs of its batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from featlearn.theory import double_double
from featlearn.theory.activations.series import HermiteSeries, Level
from featlearn.theory.double_double import PAIRS_IN_CACHE, DoubleDouble
from featlearn.theory.pairs import Array

_NEAR = 1e-6  # norms so near have the same rounding errors in their coefficients


Sums = Callable[[Array, Array, Array], Sequence[Array]]  # of q_u, q_v, s


class Term(NamedTuple):
    """factor · Σ_{k ≥ lowest} (coefficient k of order_u of u) (that of order_v of v) t^k."""

    order_u: int
    order_v: int
    lowest: int
    factor: float


def series_sums(
    xp: ModuleType, series: HermiteSeries, terms: Sequence[Term], q_u: Array, q_v: Array, s: Array
) -> list[Array]:
    """The sums of some terms over pairs of rows u and v.

    Args:
        q_u, q_v, s: ‖u‖², ‖v‖², u·v, which broadcast. In three axes, and in double-double in two, the first is that of
            the runs.
    Returns:
        For each term an array of the pairs, NaN for runs with rows beyond the norms that the series holds to.
    Accuracy: 1e-15 of E φ² beside the truncation (tests/theory/test_series_sums.py).
    """
    if xp is not double_double and xp is not np:
        level = series.level(max(_largest(q_u), _largest(q_v)) ** 0.5)
        return _sums(xp, series, terms, level, q_u, q_v, s)
    given = [x if isinstance(x, DoubleDouble) else np.asarray(x, dtype=float) for x in (q_u, q_v, s)]
    shape = np.broadcast_shapes(*(_high(x).shape for x in given))
    if len(shape) < (3 if xp is np else 2):
        level = series.level(max(float(np.max(_high(q), initial=0.0)) for q in given[:2]) ** 0.5)
        return (_sums if xp is np else _doubled_sums)(xp, series, terms, level, *given)
    found: list[Any] = [np.full(shape, np.nan) for _ in terms]
    low = np.zeros((len(terms), *shape))
    for runs, level in _levels(series, *given, together=xp is np):
        part = [x[runs] if len(_high(x)) > 1 else x for x in given]
        for i, its in enumerate((_sums if xp is np else _doubled_sums)(xp, series, terms, level, *part)):
            found[i][runs] = _high(its)
            low[i][runs] = its.low if isinstance(its, DoubleDouble) else 0.0
    return found if xp is np else [DoubleDouble(high, its) for high, its in zip(found, low, strict=True)]


def _largest(q: Any) -> float:
    return float(q.max()) if q.numel() else 0.0


def _high(x: Any) -> np.ndarray:
    return x.high if isinstance(x, DoubleDouble) else x


def _levels(
    series: HermiteSeries, q_u: Any, q_v: Any, s: Any, *, together: bool
) -> Iterator[tuple[np.ndarray, Level | None]]:
    """The runs, as many at a time as the cache holds, of one level; each by itself unless ``together``."""
    shape = np.broadcast_shapes(_high(q_u).shape, _high(q_v).shape, _high(s).shape)
    levels = [series.level(float(square) ** 0.5) for square in _largest_by_run(q_u, q_v, shape[0])]
    most = max(1, PAIRS_IN_CACHE // max(1, int(np.prod(shape[1:])))) if together else 1
    for level in dict.fromkeys(levels):
        runs = np.array([i for i, its in enumerate(levels) if its == level])
        for begin in range(0, len(runs), most):
            yield runs[begin : begin + most], level


def _largest_by_run(q_u: Any, q_v: Any, runs: int) -> np.ndarray:
    largest = np.zeros(runs)
    for q in (q_u, q_v):
        high = _high(q)
        largest = np.maximum(largest, np.max(high.reshape(len(high), -1), -1, initial=0.0))
    return largest


def beyond_or_within(
    xp: ModuleType, series: HermiteSeries, within: Sums, beyond: Sums, q_u: Array, q_v: Array, s: Array
) -> list[Array]:
    """What ``within`` makes of the pairs of rows for which a series holds, and ``beyond`` of those of runs with longer
    ones, for which there is something else (``HermiteSeries.is_beyond``).

    Args:
        q_u, q_v, s: as those of ``series_sums``, which ``within`` and ``beyond`` take too.
    """
    if series.beyond is None:
        return list(within(q_u, q_v, s))
    if xp is not double_double and xp is not np:
        far = series.is_beyond(max(_largest(q_u), _largest(q_v)) ** 0.5)
        return list((beyond if far else within)(q_u, q_v, s))
    given = [x if isinstance(x, DoubleDouble) else np.asarray(x, dtype=float) for x in (q_u, q_v, s)]
    shape = np.broadcast_shapes(*(_high(x).shape for x in given))
    if len(shape) < (3 if xp is np else 2):
        far = series.is_beyond(max(float(np.max(_high(q), initial=0.0)) for q in given[:2]) ** 0.5)
        return list((beyond if far else within)(*given))
    found = list(within(*given))
    for run, square in enumerate(_largest_by_run(given[0], given[1], shape[0])):
        if series.is_beyond(float(square) ** 0.5):
            part = (x[[run]] if len(_high(x)) > 1 else x for x in given)
            for total, its in zip(found, beyond(*part), strict=True):
                if isinstance(total, DoubleDouble):
                    total.high[run], total.low[run] = its.high[0], its.low[0]
                else:
                    total[run] = its[0]
    return found


def _divisor(xp: Any, x: Any) -> Any:
    return xp.where(x > 0, x, x * 0 + 1)


# --- in NumPy and PyTorch -----------------------------------------------------------------------


def _sums(
    xp: Any, series: HermiteSeries, terms: Sequence[Term], level: Level | None, q_u: Any, q_v: Any, s: Any
) -> list[Any]:
    if level is None:
        return [(q_u + q_v + s) * float("nan") for _ in terms]
    t = xp.clip(s / _divisor(xp, xp.sqrt(q_u * q_v)), -1.0, 1.0)
    of_u = {order: _coefficients(xp, series, level, order, q_u) for order in {term.order_u for term in terms}}
    of_v = {order: _coefficients(xp, series, level, order, q_v) for order in {term.order_v for term in terms}}
    square = t * t
    found = []
    for term in terms:
        first, stride = series.stride(term.order_u)
        skipped = max(0, -((first - term.lowest) // stride))
        u, v = of_u[term.order_u][skipped:], of_v[term.order_v][skipped:]
        total = _horner(xp, u, v, square if stride == 2 else t)
        for _ in range(first + stride * skipped):
            total = total * t
        alone = _alone(series, term, xp.sqrt(q_u), xp.sqrt(q_v), t)
        found.append(term.factor * (total if alone is None else total + alone))
    return found


def _alone(series: HermiteSeries, term: Term, x_u: Any, x_v: Any, t: Any) -> Any:
    """What the coefficient beside those of the quadratures adds; None where it adds nothing."""
    left, right = series.alone(term.order_u), series.alone(term.order_v)
    if left is None or right is None or left[0] < term.lowest:
        return None
    value = left[1] * right[1] + 0 * t
    return value if not left[0] else value * x_u ** left[2] * x_v ** right[2] * t


def _coefficients(xp: Any, series: HermiteSeries, level: Level, order: int, q: Any) -> Any:
    """The coefficients of the quadratures, (K, *q.shape)."""
    runs = q.shape[0] if q.ndim > 1 else 1
    flat = xp.sqrt(q).reshape(runs, int(np.prod(q.shape)) // max(1, runs))
    if order < len(series.functions):
        z, weights = series.table(level.step, level.degree, order, None if xp is np else q)
        found = series.values(order, flat, z, xp) @ weights
    else:
        first, stride = series.stride(order)
        norms = flat if xp is np else flat.cpu().numpy()
        found = np.stack([series.coefficients(its, level.degree, order)[:, first::stride] for its in norms])
        found = found if xp is np else q.new_tensor(found)
    if xp is np:
        return np.ascontiguousarray(np.moveaxis(found, -1, 0)).reshape(found.shape[-1], *q.shape)
    return found.movedim(-1, 0).contiguous().reshape(found.shape[-1], *q.shape)


def _horner(xp: Any, u: Any, v: Any, t: Any) -> Any:
    """Σ_i u_i v_i t^i."""
    if not len(u):
        return 0 * t
    total = u[-1] * v[-1] + 0 * t
    if xp is not np:
        for a, b in zip(u.flip(0)[1:], v.flip(0)[1:], strict=True):
            total.mul_(t).addcmul_(a, b)
        return total
    product = np.empty_like(total)
    for a, b in zip(u[-2::-1], v[-2::-1], strict=True):
        total *= t
        total += np.multiply(a, b, out=product)
    return total


# --- in double-double ---------------------------------------------------------------------------


def _doubled_sums(
    xp: Any, series: HermiteSeries, terms: Sequence[Term], level: Level | None, q_u: Any, q_v: Any, s: Any
) -> list[Any]:
    """Products and powers in double-double, from one coefficient for each distinct row."""
    if level is None:
        return [(q_u + q_v + s) * float("nan") for _ in terms]
    t = xp.clip(s / _divisor(xp, xp.sqrt(q_u * q_v)), -1.0, 1.0)
    square = t * t
    rows_u, rows_v, x = _distinct(q_u, q_v)
    coefficients = {
        order: _doubled(series, level, order, x)
        for order in {term.order_u for term in terms} | {term.order_v for term in terms}
    }
    found = []
    for term in terms:
        first, stride = series.stride(term.order_u)
        skipped = max(0, -((first - term.lowest) // stride))
        u, v = coefficients[term.order_u], coefficients[term.order_v]
        total = 0 * t
        for k in range(u.high.shape[-1] - 1, skipped - 1, -1):
            total = total * (square if stride == 2 else t) + u[:, k][rows_u] * v[:, k][rows_v]
        for _ in range(first + stride * skipped):
            total = total * t
        left, right = series.alone(term.order_u), series.alone(term.order_v)
        if left is not None and right is not None and left[0] >= term.lowest:
            value = t * 0 + left[1] * DoubleDouble(right[1])
            if left[0]:  # x_u x_v t, or t
                value = value * (s if left[2] else t)
            total = total + value
        found.append(total * term.factor)
    return found


def _distinct(q_u: Any, q_v: Any) -> tuple[np.ndarray, np.ndarray, Any]:
    """The distinct norms of rows, and which of them each row has."""
    q_u, q_v = (q if isinstance(q, DoubleDouble) else DoubleDouble(q) for q in (q_u, q_v))
    parts = [(q.high.ravel(), np.broadcast_to(q.low, q.high.shape).ravel()) for q in (q_u, q_v)]
    both = np.stack([np.concatenate(its) for its in zip(*parts, strict=True)], -1)
    values, index = np.unique(both, axis=0, return_inverse=True)
    index = index.ravel()
    rows_u, rows_v = index[: q_u.high.size].reshape(q_u.high.shape), index[q_u.high.size :].reshape(q_v.high.shape)
    return rows_u, rows_v, double_double.sqrt(DoubleDouble(values[:, 0], values[:, 1]))


def _doubled(series: HermiteSeries, level: Level, order: int, x: DoubleDouble) -> DoubleDouble:
    """The coefficients of the quadratures at rising norms x, (n, K).

    Rows whose norms differ by little have those of one of them, in float64, and a difference
    E[(f(xz) − f(x₀z)) he_k(z)] ≈ (x − x₀) E[z (f′(xz) + f′(x₀z))/2 he_k(z)] in which no digits cancel: what is small in
    the loss of a student near its teacher are these differences.
    """
    norms = x.high
    base = np.arange(len(norms))
    for i in range(1, len(norms)):
        if norms[i] - norms[base[i - 1]] <= _NEAR * max(1.0, norms[i]):
            base[i] = base[i - 1]
    own = np.unique(base)
    if order >= len(series.functions):
        first, stride = series.stride(order)
        return DoubleDouble(series.coefficients(norms, level.degree, order)[:, first::stride])
    z, weights = series.table(level.step, level.degree, order)
    of_own = series.values(order, norms[own], z) @ weights
    found = DoubleDouble(of_own[np.searchsorted(own, base)])
    if order + 1 == len(series.functions):
        return found
    away = (x - x[base]).to_float()
    slope = 0.5 * (series.values(order + 1, norms, z) + series.values(order + 1, norms[base], z))
    return found + DoubleDouble((away[:, None] * z * slope) @ weights)
