"""The results of a sweep as columns of numbers, bit for bit as they were computed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from featlearn.runs.directory import RunError
from featlearn.runs.metrics import as_columns
from featlearn.sweeps.directory import SweepDirectory, result_rows, results_columns

_TEXT = ("id", "stage", "status", "message")  # columns that are no numbers, whatever they look like


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
        return as_columns(list(rows), results_columns(info["axes"]))
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.reader(file, strict=True)
            names = next(table, [])
            rows_read = [[_value(name, cell) for name, cell in zip(names, row, strict=False)] for row in table]
    except (OSError, ValueError, csv.Error) as error:
        raise RunError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if rows_read and len(rows_read[-1]) < len(names):  # torn
        rows_read.pop()
    return as_columns([dict(zip(names, row, strict=True)) for row in rows_read], names)


def _value(name: str, cell: str) -> Any:
    if cell == "" and name != "message":
        return None
    if name not in _TEXT:
        for read in (int, float):
            try:
                return read(cell)
            except ValueError:
                pass
    return cell
