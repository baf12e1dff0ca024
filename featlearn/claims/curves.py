"""From a table of results to curves: medians against an axis, and columns by seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featlearn.claims.intervals import Measured, median_of
from featlearn.claims.records import Series
from featlearn.runs.metrics import Table


def against(table: Table, axis: str, column: np.ndarray) -> tuple[list[float], list[Measured]]:
    """The values of an axis, rising, and the median of a column over the seeds at each."""
    values = sorted(set(table[axis].tolist()))
    return values, [median_of(column[table[axis] == value]) for value in values]


def by_seed(table: Table, column: np.ndarray, cells: Sequence[dict[str, float]]) -> np.ndarray:
    """A column as (seeds, cells), NaN where a run is missing; a cell is the values of the axes that it fixes."""
    seeds = np.unique(table["seed"])
    found = np.full((len(seeds), len(cells)), np.nan)
    for i, cell in enumerate(cells):
        there = np.all([table[axis] == value for axis, value in cell.items()], axis=0)
        found[np.searchsorted(seeds, table["seed"][there]), i] = column[there]
    return found


def curve(name: str, x: Sequence[float], y: Sequence[Measured]) -> Series:
    """Measured numbers and their intervals as a curve."""
    return Series(name, list(x), [m.value for m in y], [m.low for m in y], [m.high for m in y])


def median_curve(name: str, x: Sequence[float], cases: np.ndarray) -> Series:
    """The medians of cases (seeds, len(x)) as a curve."""
    return curve(name, x, [median_of(column) for column in cases.T])


def crossing(x: Sequence[float] | np.ndarray, y: np.ndarray, wanted: float) -> float:
    """The x from which on y is at most what is wanted, interpolated in the logarithms.

    The smallest x where every y is small enough, see ``within``, and infinite where the last is not.
    """
    last = np.flatnonzero(~(y <= wanted))
    if not len(last):
        return float(x[0])
    i = int(last[-1])
    if i + 1 == len(x):
        return float("inf")
    if not np.isfinite(y[i]):
        return float(x[i + 1])
    share = np.log(y[i] / wanted) / np.log(y[i] / y[i + 1])
    return float(x[i] * (x[i + 1] / x[i]) ** share)


def within(x: Sequence[float] | np.ndarray, crossings: Sequence[float] | np.ndarray) -> np.ndarray:
    """Crossings, NaN for those at the smallest x: the true ones may lie anywhere below, so that no slope is known."""
    found = np.asarray(crossings, dtype=float)
    return np.where(found > x[0], found, np.nan)
