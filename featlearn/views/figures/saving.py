"""The files of a figure."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import partial
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from featlearn.runs.metrics import Table
from featlearn.storage.cells import cell_of
from featlearn.storage.errors import RunError, reason
from featlearn.storage.replacement import replace_file
from featlearn.views.figures.drawing import Drawing
from featlearn.views.figures.style import Size, style

FORMATS = ("png", "pdf", "svg")
_DATELESS: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}  # same data, same bytes


def save(
    drawing: Drawing,
    directory: Path,
    formats: Sequence[str],
    size: Size,
    dpi: int = 300,
    advice: str = "; choose another with --out",
) -> list[Path]:
    """Write a figure in each format, its data as CSV and its caption; what is there already is replaced whole.

    Raises:
        RunError: when it cannot be written; its message ends with the advice.
    """
    stem = re.sub(r"[^\w.-]+", "-", drawing.name)  # a stage's name may be in it
    files: list[Path] = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for kind in formats:
            files.append(directory / f"{stem}.{kind}")
            about: dict[str, Any] = {"Title": drawing.title or drawing.name, **_DATELESS.get(kind, {})}
            content = BytesIO()  # in memory first: matplotlib raises an error of its own on a full disk
            with style(size):
                drawing.figure.savefig(content, format=kind, dpi=dpi, metadata=about)
            replace_file(files[-1], partial(_write, content))
            drawing.figure.set_layout_engine("none")  # laid out once, for all formats
        if drawing.caption:
            files.append(directory / f"{stem}.txt")
            text = f"{drawing.caption}\n".encode()
            replace_file(files[-1], lambda out: _write(BytesIO(text), out))
        files.append(directory / f"{stem}.csv")
        replace_file(files[-1], lambda out: write_table(out, drawing.table))
    except OSError as error:
        raise RunError(f"{directory} cannot be written: {reason(error)}{advice}") from None
    return files


def _write(content: BytesIO, out: BinaryIO) -> None:
    out.write(content.getbuffer())


def write_table(out: BinaryIO, table: Table) -> None:
    """The data behind a figure as CSV, numbers to the last bit; nothing where there is no number."""
    text = TextIOWrapper(out, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(cell_of, table))
    for row in zip(*(column.tolist() for column in table.values()), strict=True):
        writer.writerow(["" if isinstance(value, float) and np.isnan(value) else cell_of(value) for value in row])
    text.flush()
    text.detach()
