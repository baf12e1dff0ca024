"""What figures and reports show of a sweep: its axes, and medians over the runs of each setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from featlearn.runs.metrics import Table
from featlearn.storage.errors import RunError, WrongChoice
from featlearn.storage.text import printable
from featlearn.sweeps.columns import known_columns
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.records import SweepInfo
from featlearn.sweeps.results import load_results
from featlearn.views.data.axis import Axis, as_objects, axis_of, named
from featlearn.views.words.labels import LOSSES
from featlearn.views.words.passing import FORM, passing_of

_LEVELS = {"median": 0.5, "q25": 0.25, "q75": 0.75, "least": 0.0, "greatest": 1.0}  # of a summary, and their names
# the metrics that its tables show, where they have values
SHOWN = (*LOSSES, "max_angle", "mean_angle", "aligned_mass", "recovered")


def numeric_columns() -> list[str]:
    """What a figure of a sweep can show: the columns of its results that hold numbers."""
    return [column.name for column in known_columns().values() if column.kind != "text"]


def check_metrics(metrics: Sequence[str], *, conditions: bool = True) -> None:
    """Raises WrongChoice when one of them does not exist; ``conditions`` (``words.passing``) are metrics of sweeps."""
    known = numeric_columns()
    for metric in metrics:
        if metric not in known and not (conditions and passing_of(metric)):
            near = get_close_matches(metric, known, 1)
            told = f"; did you mean {near[0]!r}?" if near else ""
            more = f", or {FORM}" if conditions else ""
            raise WrongChoice(f"there is no metric {metric!r}{told}; the metrics are {', '.join(known)}{more}")


@dataclass(frozen=True)
class SweepData:
    """A sweep as figures need it."""

    sweep: SweepDirectory
    info: SweepInfo
    columns: Table
    axes: list[Axis]

    @property
    def name(self) -> str:
        return printable(self.info.name or self.sweep.name)

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
    """Read a sweep, finished or not. Raises RunError when it cannot be read, or no point has ended."""
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


def _together(axis: Axis, other: Axis) -> bool:
    """Whether each value of one goes with one value of the other, as in a zip."""
    pairs = set(zip(axis.index.tolist(), other.index.tolist(), strict=True))
    return len(pairs) == len(axis.values) == len(other.values)


def summary_table(data: SweepData, axes: Sequence[Axis], metric: str) -> Table:
    """A row for each setting of ``axes`` that occurs: what a metric is over its runs that are done.

    Columns: the axes' keys, ``median``, ``q25``, ``q75``, ``least``, ``greatest`` (NaN where no run is done), ``runs``,
    ``done``.
    """
    values = np.where(data.done, numbers(data.columns[metric]), np.nan)
    settings = np.stack([axis.index for axis in axes], -1)
    found, group, counts = np.unique(settings, axis=0, return_inverse=True, return_counts=True)
    by_setting = np.split(np.argsort(group.reshape(-1), kind="stable"), np.cumsum(counts)[:-1])
    rows: dict[str, list[Any]] = {name: [] for name in (*_LEVELS, "runs", "done")}
    for members in by_setting:
        kept = values[members][~np.isnan(values[members])]
        quantiles = _quantiles(kept) if len(kept) else np.full(len(_LEVELS), np.nan)
        counted = len(members), int(np.sum(data.done[members]))
        for name, value in zip(rows, (*quantiles, *counted), strict=True):
            rows[name].append(value)
    keys = {axis.key: as_objects([axis.values[i] for i in found[:, n]]) for n, axis in enumerate(axes)}
    return keys | {name: np.array(column) for name, column in rows.items()}


def _quantiles(values: np.ndarray) -> np.ndarray:
    """The quantiles of a summary, of values of which some may be infinite."""
    levels = list(_LEVELS.values())
    below, above = (np.quantile(values, levels, method=method) for method in ("lower", "higher"))
    with np.errstate(invalid="ignore"):  # 0 · ∞ and ∞ − ∞
        between = np.quantile(values, levels)
    return np.where((below == above) | np.isinf(above), above, between)


def runs_table(data: SweepData, metric: str) -> Table:
    """A row for each run: its id, seed, status and a metric; for a sweep that varies nothing but the seed."""
    names = ("id", "seed", "status", metric)
    return {name: data.columns[name] for name in names if name in data.columns}


def numbers(column: np.ndarray) -> np.ndarray:
    """A column of results as float64; NaN for what is no number."""
    if column.dtype != object:
        return column.astype(float)
    return np.array([v if isinstance(v, int | float) else np.nan for v in column.tolist()], dtype=float)
