"""The metrics of a run as columns of numbers, bit for bit as they were logged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from featlearn.runs.directory import RunDirectory
from featlearn.storage.errors import RunError

Table = dict[str, np.ndarray]  # columns of equal length, by name


def load_metrics(path: str | Path) -> Table:
    """The metrics of a run as columns, one entry per logged row; a torn last line is left out.

    Args:
        path: a run directory, or its file of metrics.
    Returns:
        Arrays by column name: int64 for counts, float64 (NaN for null) for numbers, text as objects.
    Raises:
        RunError: when there is no such run, or its file is broken; of a directory, also when the file has lost its end.
    """
    path = Path(path)
    run = RunDirectory(path if path.is_dir() else path.parent)
    if not (path.is_dir() and run.info_file.is_file()):
        return as_columns(run.read_metrics())
    try:
        return as_columns(run.read_whole_metrics())
    except RunError as error:
        raise RunError(f"{error}; to load what is left of it, give the file itself") from None


def as_columns(rows: Sequence[Mapping[str, Any]], names: Iterable[str] | None = None) -> Table:
    """Rows as arrays: int64, float64 with NaN for None, or objects, whatever holds every value exactly.

    Args:
        rows: by column name; a value that is left out is None.
        names: the columns; by default all that occur.
    """
    if names is None:
        names = dict.fromkeys(name for row in rows for name in row)
    return {name: _column([row.get(name) for row in rows]) for name in names}


def _is_float(value: int | float | None) -> bool:
    """Whether a column of floats holds it exactly: whole numbers beyond 2⁵³ may lie between two floats."""
    return not isinstance(value, int) or abs(value) <= 2**53


def _column(values: list[Any]) -> np.ndarray:
    kinds = {type(value) for value in values}
    if kinds == {int} and all(abs(value) < 2**63 for value in values):
        return np.array(values, dtype=np.int64)
    if kinds <= {int, float, type(None)} and all(_is_float(value) for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
