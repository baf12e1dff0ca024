"""What figures and reports show of a sweep: its axes, and medians over the runs of each setting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from featlearn.storage.errors import RunError
from featlearn.sweeps.directory import SweepDirectory, known_columns
from featlearn.sweeps.records import SweepInfo
from featlearn.sweeps.results import load_results
from featlearn.views.data.run import Table
from featlearn.views.words.labels import Label, label_of, short_key, short_keys
from featlearn.views.words.values import distinct, identity, labels


class WrongChoice(RunError):
    """An axis or a metric that somebody asked for is none, or cannot be shown."""


def numeric_columns() -> list[str]:
    """What a figure of a sweep can show: the columns of its results that hold numbers."""
    return [column.name for column in known_columns().values() if column.kind != "text"]


@dataclass(frozen=True)
class Axis:
    """A key that a sweep varies, alone or together with others that follow it.

    Attributes:
        key: its name.
        values: what it takes, numbers in order of size, others in the order of the sweep.
        index: (N,) which of them each run has.
        name: the last parts of the key, as many as tell it from the other axes.
    """

    key: str
    values: list[Any]
    index: np.ndarray
    name: str

    @property
    def label(self) -> Label:
        """What people call it; its name where that takes more than the last part."""
        return label_of(self.key) if self.name == short_key(self.key) else Label(self.name)

    @property
    def numeric(self) -> bool:
        return all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values)

    @property
    def log(self) -> bool:
        """Whether the values are evenly spaced on a logarithmic scale rather than on a linear one."""
        if not self.numeric or min(self.values) <= 0 or len(self.values) < 2:
            return False
        if len(self.values) == 2:
            return max(self.values) >= 10 * min(self.values)
        gaps, ratios = np.diff(self.values), np.diff(np.log(self.values))
        return bool(np.std(ratios) / np.mean(ratios) < np.std(gaps) / np.mean(gaps) - 1e-9)

    def texts(self) -> list[str]:
        """The values as figures and reports write them."""
        return labels(self.values)

    def places(self, column: np.ndarray) -> np.ndarray:
        """Where the values in a column stand among those of the axis."""
        place = {identity(value): i for i, value in enumerate(self.values)}
        return np.array([place[identity(value)] for value in column.tolist()], dtype=int)


@dataclass(frozen=True)
class SweepData:
    """A sweep as figures need it."""

    sweep: SweepDirectory
    info: SweepInfo
    columns: Table
    axes: list[Axis]

    @property
    def name(self) -> str:
        return self.info.name or self.sweep.name

    @property
    def done(self) -> np.ndarray:
        return np.asarray(self.columns["status"] == "done")

    def axis(self, key: str) -> Axis:
        """The axis of a key, or of the one key that ends with it.

        Raises:
            WrongChoice: when the sweep does not vary it.
        """
        found = [axis for axis in self.axes if axis.key == key]
        found = found or [axis for axis in self.axes if axis.key.endswith(f".{key}")]
        if len(found) != 1:
            told = ", ".join(axis.key for axis in self.axes) or "nothing but the seed"
            why = "is more than one axis" if found else "is no axis"
            raise WrongChoice(f"{key!r} {why} of this sweep; it varies {told}")
        return found[0]


def read_sweep(sweep: SweepDirectory) -> SweepData:
    """Read a sweep, finished or not.

    Raises:
        RunError: when it cannot be read, or no point has ended.
    """
    info = sweep.read_info()
    columns = load_results(sweep.path)
    if not len(columns["id"]):
        raise RunError(f"{sweep.path}: none of its {info.points} points has ended yet, so there is nothing to show")
    axes: list[Axis] = []
    for key in info.axes:
        axis = axis_of(key, columns[key])
        if key != "seed" and len(axis.values) > 1 and not any(_together(axis, other) for other in axes):
            axes.append(axis)
    return SweepData(sweep, info, columns, named(axes))


def axis_of(key: str, column: np.ndarray) -> Axis:
    """The distinct values of a column, and where they stand."""
    if column.dtype == float and np.any(np.isnan(column)):  # how a column of numbers holds null
        column = _column([None if np.isnan(value) else value for value in column.tolist()])
    axis = Axis(key, list(distinct(column.tolist()).values()), np.empty(0), short_key(key))
    if axis.numeric:
        axis = replace(axis, values=sorted(axis.values))
    return replace(axis, index=axis.places(column))


def named(axes: list[Axis]) -> list[Axis]:
    """Axes with names that tell them apart."""
    names = short_keys([axis.key for axis in axes])
    return [replace(axis, name=name) for axis, name in zip(axes, names, strict=True)]


def _together(axis: Axis, other: Axis) -> bool:
    """Whether each value of one goes with one value of the other, as in a zip."""
    pairs = set(zip(axis.index.tolist(), other.index.tolist(), strict=True))
    return len(pairs) == len(axis.values) == len(other.values)


# --- the tables behind the figures --------------------------------------------------------------


def summary_table(data: SweepData, axes: Sequence[Axis], metric: str) -> Table:
    """A row for each setting of ``axes`` that occurs: median and quartiles of a metric over its runs that are done.

    Columns: the axes' keys, ``median``, ``q25``, ``q75`` (NaN where no run is done), ``runs``, ``done``.
    """
    values = np.where(data.done, numbers(data.columns[metric]), np.nan)
    settings = np.stack([axis.index for axis in axes], -1)
    found, group, counts = np.unique(settings, axis=0, return_inverse=True, return_counts=True)
    by_setting = np.split(np.argsort(group.reshape(-1), kind="stable"), np.cumsum(counts)[:-1])
    rows: dict[str, list[Any]] = {name: [] for name in ("median", "q25", "q75", "runs", "done")}
    for members in by_setting:
        kept = values[members][np.isfinite(values[members])]
        low, middle, high = np.quantile(kept, [0.25, 0.5, 0.75]) if len(kept) else (np.nan,) * 3
        counted = len(members), int(np.sum(data.done[members]))
        for name, value in zip(rows, (middle, low, high, *counted), strict=True):
            rows[name].append(value)
    keys = {axis.key: _column([axis.values[i] for i in found[:, n]]) for n, axis in enumerate(axes)}
    return keys | {name: np.array(column) for name, column in rows.items()}


def runs_table(data: SweepData, metric: str) -> Table:
    """A row for each run: its id, seed, status and a metric; for a sweep that varies nothing but the seed."""
    names = ("id", "seed", "status", metric)
    return {name: data.columns[name] for name in names if name in data.columns}


def numbers(column: np.ndarray) -> np.ndarray:
    """A column of results as float64; NaN for what is no number."""
    if column.dtype != object:
        return column.astype(float)
    return np.array([v if isinstance(v, int | float) else np.nan for v in column.tolist()], dtype=float)


def _column(values: list[Any]) -> np.ndarray:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


@dataclass(frozen=True)
class Slope:
    """A power law y ∝ x^exponent fitted to medians by least squares in logarithms."""

    exponent: float
    error: float  # standard error; NaN for two points
    factor: float

    def __str__(self) -> str:
        if not np.isfinite(self.error):
            return f"{self.exponent:.2f}"
        digits = 2 if self.error >= 0.01 else min(6, -math.floor(math.log10(max(self.error, 1e-6))))
        return f"{self.exponent:.{digits}f} ± {self.error:.{digits}f}"


def slope_of(x: np.ndarray, y: np.ndarray) -> Slope | None:
    """The slope of y against x on logarithmic axes; None without two positive points."""
    from scipy.stats import linregress

    kept = np.isfinite(x) & np.isfinite(y) & (x > 0) & (y > 0)
    if np.count_nonzero(kept) < 2:
        return None
    fit = linregress(np.log(x[kept]), np.log(y[kept]))
    error = float(fit.stderr) if np.count_nonzero(kept) > 2 else np.nan
    return Slope(float(fit.slope), error, float(np.exp(fit.intercept)))
