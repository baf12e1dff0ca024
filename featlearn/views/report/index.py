"""The page of all runs, sweeps and reproductions of a folder, and the data behind it."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from featlearn.claims.directory import ReproductionDirectory
from featlearn.claims.listing import Line
from featlearn.config.hints import OF_KEYS
from featlearn.runs.directory import RunDirectory
from featlearn.runs.home import DEFAULT_RUNS_DIR
from featlearn.storage.text import printable
from featlearn.sweeps.columns import known_columns
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.selection import Keys, differing, headings, is_number, value_of
from featlearn.views.data.thumbnails import Thumbnail
from featlearn.views.report.page import filled, typeset
from featlearn.views.words.cells import cell
from featlearn.views.words.labels import heading_of, short_keys
from featlearn.views.words.lines import RESULTS, status_in_words
from featlearn.views.words.numbers import number

PAGE_FILE = "index.html"
PAGES = {  # what there is to look at of each
    "run": RunDirectory.report_file.name,
    "sweep": SweepDirectory.report_file.name,
    "reproduction": ReproductionDirectory.page_file.name,
}
_MOST_SETTINGS = 4  # in which runs differ, as columns
_SCRIPTS = ("index_conditions.js", "index_rows.js", "index.js")


def index_page(lines: Sequence[Line], drawn: Mapping[str, Thumbnail], folder: Path, out: Path) -> str:
    """The page as a file.

    Args:
        drawn: thumbnails by the names of directories.
        folder: where the runs live, as people name it.
        out: the directory of the page, from which its links begin.
    """
    rows = Rows(lines, folder, os.path.relpath(folder.resolve(), out.resolve()))
    return page_of({**rows.about(), **packed_rows(rows.of(lines, drawn))}, folder)


def page_of(payload: Mapping[str, Any], folder: Path, *, served: bool = False) -> str:
    """The page with what it shows at first; one that is served asks for more."""
    return filled(
        "index.html",
        _SCRIPTS,
        {**payload, "served": served},
        charts=False,
        asks_its_server=served,
        title=f"Runs in {printable(str(folder))}",
        wide=True,
    )


class Rows:
    """What the page says of each line, and of all of them."""

    def __init__(self, lines: Sequence[Line], folder: Path, to_folder: str = "") -> None:
        """``to_folder`` leads from the page to the runs; empty where they lie beside it."""
        self.keys = Keys(lines)
        self._lines = lines
        self._to_folder = "" if to_folder in ("", ".") else f"{quote(os.fsencode(to_folder))}/"
        self._where = "" if folder == DEFAULT_RUNS_DIR else f" --runs-dir {shlex.quote(str(folder))}"

    def about(self) -> dict[str, Any]:
        """What the rows have in common: when they were read, their keys, and the columns that are shown unasked."""
        differ = differing(self._lines)[:_MOST_SETTINGS]
        held = [key for key in RESULTS if any(value_of(line, key) is not None for line in self._lines)]
        names = dict(zip(differ, short_keys(differ), strict=True)) | {key: heading_of(key) for key in held}
        return {
            "read": time.time(),
            "keys": self.keys.all,
            "columns": [[key, names[key], self._is_text(key)] for key in (*differ, *held)],
            "headed": _lists(headings()),
            "hinted": _lists(
                (word, hint.means) for hint in OF_KEYS if hint.means and not hint.at for word in hint.words.split()
            ),
            "where": self._where,
        }

    def _is_text(self, key: str) -> bool:
        return any(isinstance(value_of(line, key), str | list) for line in self._lines)

    def of(self, lines: Iterable[Line], drawn: Mapping[str, Thumbnail]) -> list[dict[str, Any]]:
        """A row for each line."""
        return [self._row(line, drawn.get(line.name)) for line in lines]

    def _row(self, line: Line, thumbnail: Thumbnail | None) -> dict[str, Any]:
        page = page_of_line(line)
        found = {
            "id": line.name,
            "values": {key: value for key in self.keys.all if (value := value_of(line, key)) is not None},
            "texts": {key: _text(line, key) for key in RESULTS if value_of(line, key) is not None},
            "status": status_in_words(line),
            "steps": _planned_steps(line) if line.kind == "run" and line.status == "running" else None,
            "error": None if line.error is None else printable(line.error.replace(f"{line.path}{os.sep}", "")),
            "page": f"{self._to_folder}{quote(os.fsencode(line.name))}/{quote(page.name)}" if page else None,
            "typed": _typed(line.name),
            "drawn": thumbnail or None,
        }
        return {key: value for key, value in found.items() if value is not None}


def page_of_line(line: Line) -> Path | None:
    """The page of a run, a sweep or a reproduction, where it has one."""
    page = line.path / PAGES[line.kind]
    return page if page.is_file() and not page.is_symlink() else None


def packed_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows whose values have their keys, of which there are few different lists, but once."""
    shapes: dict[tuple[str, ...], int] = {}
    packed = []
    for row in rows:
        values = row["values"]
        packed.append({**row, "values": [shapes.setdefault(tuple(values), len(shapes)), *values.values()]})
    return {"shapes": list(map(list, shapes)), "rows": packed}


def _text(line: Line, key: str) -> str:
    """A result as the tables have it; of a sweep it need not be one of a single run."""
    value = value_of(line, key)
    return typeset(cell(key, value) if line.kind == "run" and key in known_columns() else number(value, 3))


def _planned_steps(line: Line) -> int | None:
    """How many steps a run takes at most; None where its configuration does not say."""
    stages = dict.fromkeys(key.split(".")[1] for key in line.settings if key.startswith("stages."))
    steps = [line.settings.get(f"stages.{name}.steps", 1) for name in stages]  # one where a method takes no more
    return sum(steps) if steps and all(map(is_number, steps)) else None


def _typed(name: str) -> str | None:
    """A name as it is typed after a command; None where it cannot be."""
    return None if name.startswith("-") or printable(name) != name else shlex.quote(name)


def _lists(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found
