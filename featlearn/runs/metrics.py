"""The metrics of a run as columns of numbers, bit for bit as they were logged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from featlearn.runs.columns import Columns
from featlearn.runs.directory import RunDirectory
from featlearn.runs.home import runs_directory
from featlearn.storage.errors import RunError, RunNotFound

Table: TypeAlias = "dict[str, np.ndarray]"  # columns of equal length, by name


def with_values(columns: Mapping[str, np.ndarray], names: Iterable[str]) -> list[str]:
    """Those of some columns that hold a value anywhere: what does not apply is neither shown nor left as dashes."""
    return [name for name in names if any(value is not None and value == value for value in columns[name])]


def load_metrics(path: str | Path, runs_dir: str | Path | None = None) -> Columns:
    """The metrics of a run as columns, one entry per logged row; a torn last line is left out.

    Args:
        path: a run directory, or its file of metrics; or what names a run on the command line.
        runs_dir: where runs live; by default as on the command line.
    Returns:
        Arrays by column name: int64 for counts, float64 (NaN for null) for numbers, text as objects.
    Raises:
        RunError: when there is no such run, or its file is broken; of a directory, also when the file has lost its end.
    """
    path = Path(path)
    if path.is_file():
        return as_columns(RunDirectory(path.parent).read_metrics())
    try:
        here = RunDirectory(path)
        run = here if here.info_file.is_file() else RunDirectory.find(path, runs_directory(runs_dir))
    except RunNotFound as error:
        if not path.is_dir():
            raise
        of_sweep = "of a sweep, load_results has the table, and its runs are in its folder runs/"
        raise RunNotFound(f"{error}; {of_sweep}") from None
    try:
        return as_columns(run.read_whole_metrics())
    except RunError as error:
        raise RunError(f"{error}; to load what is left of it, give the file itself") from None


def as_columns(rows: Sequence[Mapping[str, Any]], names: Iterable[str] | None = None) -> Columns:
    """Rows as arrays: int64, float64 with NaN for None, or objects, whatever holds every value exactly.

    Args:
        rows: by column name; a value that is left out is None.
        names: the columns; by default all that occur.
    """
    if names is None:
        names = dict.fromkeys(name for row in rows for name in row)
    return Columns({name: _column([row.get(name) for row in rows]) for name in names})


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
