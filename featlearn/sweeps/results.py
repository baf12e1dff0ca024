"""Reading results back, for notebooks: columns of numbers, bit for bit as they were logged."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from featlearn.runs.directory import RunDirectory
from featlearn.storage.cells import is_marked, text_of
from featlearn.storage.errors import RunError
from featlearn.sweeps.directory import SweepDirectory, known_columns, result_rows, results_columns


def load_metrics(path: str | Path) -> dict[str, np.ndarray]:
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
    rows = run.read_metrics()
    if path.is_dir() and run.info_file.is_file() and (lost := run.lost_end(run.read_info(), rows)):
        raise RunError(f"{lost}; to load what is left of it, give the file itself")
    return as_columns(rows)


def load_results(path: str | Path) -> dict[str, np.ndarray]:
    """The results of a sweep as columns, one entry per point that has ended, in the order of its manifest.

    Args:
        path: a sweep directory (of a sweep that still runs, too), or a ``results.csv``.
    Returns:
        Arrays by column name, as ``load_metrics``: id, the axes, seed, the final metrics, loss_floor, status, message.
        ``pandas.DataFrame(load_results(path))`` is a table.
    Raises:
        RunError: when there is no such sweep, or its files are broken.
    """
    path = Path(path)
    if path.is_dir():
        directory = SweepDirectory(path)
        info = directory.read_info()
        rows = result_rows(directory.read_manifest(), directory.read_results())
        return as_columns(list(rows), results_columns(info.axes))
    if path.exists() and not path.is_file():
        raise RunError(f"{path} cannot be read: it is not a regular file")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.reader(file, strict=True)
            names = [text_of(name) for name in next(table, [])]
            cells = list(table)
            texts = {column.name for column in known_columns().values() if column.kind == "text"}
    except (OSError, ValueError, csv.Error) as error:
        raise RunError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if cells and len(cells[-1]) < len(names):  # torn
        cells.pop()
    for number, row in enumerate(cells, start=2):
        if len(row) != len(names):
            raise RunError(f"{path} is broken: row {number} has {len(row)} cells under {len(names)} headings")
    return as_columns(
        [{name: _value(cell, name, texts) for name, cell in zip(names, row, strict=True)} for row in cells], names
    )


def _value(cell: str, name: str, texts: set[str]) -> Any:
    """What a cell says; text is no number, whatever it looks like."""
    if cell == "" and name != "message":
        return None
    if name not in texts and not is_marked(cell):
        for read in (int, float):
            try:
                return read(cell)
            except ValueError:
                pass
    return cell if name == "id" else text_of(cell)


def as_columns(rows: Sequence[Mapping[str, Any]], names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """Rows as arrays: int64, float64 with NaN for None, or objects, whatever holds every value exactly."""
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
