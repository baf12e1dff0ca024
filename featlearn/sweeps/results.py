"""The results of a sweep as columns of numbers, bit for bit as they were computed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from featlearn.runs.columns import Columns
from featlearn.runs.home import runs_directory
from featlearn.runs.metrics import as_columns
from featlearn.storage.cells import is_marked, text_of
from featlearn.storage.errors import RunError
from featlearn.sweeps.columns import known_columns, results_columns
from featlearn.sweeps.directory import SweepDirectory, result_rows


def load_results(path: str | Path, runs_dir: str | Path | None = None) -> Columns:
    """The results of a sweep as columns, one entry per point that has ended, in the order of its manifest.

    Args:
        path: a sweep directory (of a sweep that still runs, too), or a ``results.csv``; or what names a sweep on the
            command line.
        runs_dir: where sweeps live; by default as on the command line.
    Returns:
        Arrays by column name, as ``load_metrics``: id, the axes, seed, the final metrics, loss_floor, status, message.
        ``pandas.DataFrame(load_results(path))`` is a table.
    Raises:
        RunError: when there is no such sweep, or its files are broken.
    """
    path = Path(path)
    if not path.exists() and path.suffix != ".csv":
        path = SweepDirectory.find(path, runs_directory(runs_dir)).path
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
    if cell == "":
        return None
    if name not in texts and not is_marked(cell):
        for read in (int, float):
            try:
                return read(cell)
            except ValueError:
                pass
    return cell if name == "id" else text_of(cell)
