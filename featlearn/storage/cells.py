"""Cells of CSV files: no spreadsheet takes a text for a formula, and reading gives the text back.

A text that begins as a formula does is written with an apostrophe before it, which tells spreadsheets that it is text.
So is a text that would be read as a number, and either of them with apostrophes before it.
"""

from __future__ import annotations

import json
import re
from typing import Any

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_MARK = "'"


def cell_of(value: Any) -> Any:
    """A value as a cell: numbers as they are, what CSV has no word for as JSON, text so that it stays text."""
    if value is None or type(value) is float:  # most are
        return value
    if isinstance(value, dict | list | bool):
        return json.dumps(value)
    return _MARK + value if isinstance(value, str) and _needs_mark(value) else value


def is_marked(cell: str) -> bool:
    """Whether a cell says that it is text."""
    return cell.startswith(_MARK) and _needs_mark(cell[1:])


def text_of(cell: str) -> str:
    """The text for which ``cell_of`` gave a cell."""
    return cell[1:] if is_marked(cell) else cell


def _needs_mark(text: str) -> bool:
    return _FORMULA.match(text) is not None or _is_number(text.lstrip(_MARK))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
