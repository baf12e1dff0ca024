"""Hermite coefficients as compiled code takes them: polynomials in the norm of a row, interval by interval.

For each level of norms there is one table, which holds for all rows of a run whose largest norm is of that level. It
follows from the activation and the level alone, and so do the bits of a run. Its rows of LANES numbers are

    a head      the largest norm, rows of the table, terms, intervals, r, p, the first term that is kept, groups of
                columns; and in a second row the share of a linear part beside an even function, φ′(0)²;
    factors     1/√(i(i + 1)) with i = p + r·m of each term m;
    intervals   three numbers of each: its end, its middle, and 2/its length;
    columns     for each interval and each group of LANES columns the coefficients of their polynomials in
                (x − middle)·2/length, the highest first.

The columns are c_0, the root of ``rounding_scale``, d_0, e_0, and e_{i+1} of each term: coefficients of φ, φ′ and φ″ in
orthonormal Hermite polynomials. The others follow without loss of digits, d_i = x e_{i−1}/√i and c_i = x d_{i−1}/√i.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.activations.series import HermiteSeries
from featlearn.theory.activations.table_cache import TableCache
from featlearn.training.backends.layout import (
    COLUMNS_ALONE,
    EXPANSION_ROWS,
    GROUPS,
    LANES,
    LENGTH,
    POWERS,
    SERIES_HEAD,
    TERMS,
)

_IN_AN_OCTAVE, _LOWEST = 4, -8  # levels; the lowest has norms up to ¼
_LAST = 100  # a level that no series reaches
_SLACK = 1 + 1e-9  # rows of norm 1 with rounding are those of level 8
_CLOSE = 1e-15  # what may be left of a polynomial, relative to the largest coefficient
_NARROWEST = 1e-3  # an interval that is not halved, relative to the largest norm
_TURNS = np.arange(POWERS)[:, None] * (2 * np.arange(POWERS) + 1) % (4 * POWERS)
_TO_CHEBYSHEV = np.cos(np.pi / (2 * POWERS) * np.where(_TURNS > 2 * POWERS, 4 * POWERS - _TURNS, _TURNS)) * 2 / POWERS
_TO_CHEBYSHEV[0] /= 2
_NODES = _TO_CHEBYSHEV[1] * POWERS / 2

_made: dict[tuple[Activation, int], set[int]] = {}  # levels of which there are tables, by activation and least degree
_lock = threading.Lock()
_TABLES = TableCache(2**26)


def _renew_lock() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)  # a thread that the child does not have may hold it


class BeyondSeriesError(Exception):
    """Rows of a norm for which a series does not hold, while what it stands for has another kernel that does."""


Columns = Callable[[np.ndarray], np.ndarray]


def norm_of(level: int) -> float:
    """The largest norm of a level; the last has no end."""
    return 2.0 ** ((level + _LOWEST) / _IN_AN_OCTAVE) if level < _LAST else np.inf


_ENDS = np.array([norm_of(level) * _SLACK for level in range(_LAST + 1)])


def level_of(largest: float) -> int:
    """The level of a largest norm."""
    return int(np.searchsorted(_ENDS, largest))


def levels_of(v: np.ndarray) -> set[int]:
    """The levels of runs whose neurons are columns (runs, d, n)."""
    largest = np.sqrt(np.max(np.einsum("rdn,rdn->rn", v, v), axis=1))
    return set(np.searchsorted(_ENDS, largest[np.isfinite(largest)]).tolist()) or {0}


def series_tables(activation: Activation, levels: frozenset[int], least: int) -> tuple[np.ndarray, int]:
    """The tables of some levels one after the other, and how many rows the neurons of a block need for coefficients.

    Of lower levels there are heads alone, which say that there are no intervals, and one behind all. Tables of levels
    beside that were made before come along, for runs that go back and forth.
    """
    with _lock:  # many threads ask, and a series is made by one
        made = _made.setdefault((activation, least), set())
        levels |= made & {level + step for level in levels for step in (-1, 1)}
        tables = _series_tables(activation, levels, least)
        made |= levels
        return tables


@lru_cache(maxsize=16)
def _series_tables(activation: Activation, levels: frozenset[int], least: int) -> tuple[np.ndarray, int]:
    known = {level: series_table(activation, level, least) for level in levels}
    stride = EXPANSION_ROWS + max(int(table[0, GROUPS]) * LANES + int(table[0, TERMS]) for table in known.values())
    parts = [known[level] if level in known else _head(_ENDS[level]) for level in range(max(levels) + 1)]
    return np.concatenate([*parts, _head(np.inf)]), stride


def _head(largest: float, *further: float, linear: float = 0.0) -> np.ndarray:
    """A head; of no table if it tells nothing else."""
    rows = np.zeros((SERIES_HEAD, LANES))
    rows[0, : 2 + len(further)] = [largest, SERIES_HEAD, *further]
    rows[1, 0] = linear
    return rows


def series_table(activation: Activation, level: int, least: int) -> np.ndarray:
    """What ``_series_table`` makes, kept while there is room."""
    table: np.ndarray = _TABLES.get(
        (activation, level, least), lambda: _series_table(activation, level, least), lambda its: its.nbytes
    )
    return table


def _series_table(activation: Activation, level: int, least: int) -> np.ndarray:
    """The table of a level, (rows, LANES), with all terms up to the degree ``least`` and maybe more.

    Beyond the norms that the series holds to all coefficients are NaN, as in its kernel.

    Raises:
        BeyondSeriesError: there, where the activation has a kernel of another kind, maybe for such rows alone.
    """
    series, top = activation.compiled, norm_of(level)
    assert isinstance(series, HermiteSeries)
    holds = series.degree(top)
    if holds is None and (activation.series is None or series.beyond is not None):
        raise BeyondSeriesError
    if holds is None:
        table = np.concatenate([_head(_ENDS[level], 1, 1, 1, 0, 0, 1), np.full((2 + POWERS, LANES), np.nan)])
        table[0, LENGTH] = len(table)
        return table
    degree = max(holds, least)
    r, p = {"odd": (2, 0), "even": (2, 1), "none": (1, 0)}[series.rest]
    terms = np.arange(p, degree, r)
    constant = activation.drop_hermite_below == 0

    def columns(x: np.ndarray) -> np.ndarray:
        value, slope = (series.coefficients(x, 1, order)[:, :1] for order in range(2))
        bend = series.coefficients(x, degree, 2)
        size = np.sqrt(activation.rounding_scale(x * x))[:, None]
        return np.concatenate([constant * value, size, slope, bend[:, :1], bend[:, terms + 1]], axis=1)

    pieces = _pieces(columns, top)
    width = terms.size + COLUMNS_ALONE
    groups = -(-width // LANES)
    polynomials = np.zeros((len(pieces), POWERS, groups * LANES))
    ends = np.zeros((len(pieces), 3))
    for place, (start, end, coefficients) in enumerate(pieces):
        ends[place] = end, (start + end) / 2, 2 / (end - start)
        polynomials[place, :, :width] = coefficients
    linear = p * (activation.drop_hermite_below < 2) * series.beside**2
    first = max(0, -(-(activation.drop_hermite_below - 1 - p) // r))
    table = np.concatenate(
        [
            _head(_ENDS[level], terms.size, len(pieces), r, p, first, groups, linear=linear),
            _rows(1 / np.sqrt(np.maximum(terms, 1) * (terms + 1.0))),
            _rows(ends),
            polynomials.reshape(len(pieces), POWERS, groups, LANES).swapaxes(1, 2).reshape(-1, LANES),
        ]
    )
    table[0, LENGTH] = len(table)
    return table


def _pieces(columns: Columns, top: float) -> list[tuple[float, float, np.ndarray]]:
    """Intervals that make up [0, top], and the coefficients (POWERS, columns) of polynomials in [−1, 1] on each."""
    scale = float(np.max(np.abs(columns(np.linspace(0.0, top, 17))[:, 2:])))
    found, todo = [], [(0.0, top)]
    while todo:
        start, end = todo.pop()
        values = columns((start + end) / 2 + (end - start) / 2 * _NODES)
        chebyshev = np.einsum("ij,jk->ik", _TO_CHEBYSHEV, values)
        if np.max(np.abs(chebyshev[-2:, 2:])) > _CLOSE * scale and end - start > _NARROWEST * top:
            todo += [((start + end) / 2, end), (start, (start + end) / 2)]
        else:
            found.append((start, end, np.einsum("ij,jk->ik", _to_powers(), chebyshev)))
    return found


@cache
def _to_powers() -> np.ndarray:
    """What turns coefficients of Chebyshev polynomials into those of powers, the highest first."""
    found = np.zeros((POWERS, POWERS))
    for k in range(POWERS):
        powers = np.polynomial.chebyshev.cheb2poly(np.eye(POWERS)[k])
        found[: len(powers), k] = powers
    return found[::-1].copy()


def _rows(numbers: np.ndarray) -> np.ndarray:
    rows = np.zeros((-(-numbers.size // LANES), LANES))
    rows.reshape(-1)[: numbers.size] = numbers.reshape(-1)
    return rows
