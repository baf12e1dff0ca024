"""The two ends of the terminal: text that others may have written is shown there, and not obeyed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.text import Text

from featlearn.storage.text import printable

NARROW = 118  # columns of a terminal under which tables leave out what matters least


def shown(text: object, style: str = "", *, no_wrap: bool = False) -> Text:
    """Text for a table or a paragraph, letter by letter."""
    return Text(printable(str(text)), style, no_wrap=no_wrap)


def tell(text: object, file: TextIO | None = None, *, flush: bool = False) -> None:
    """Print a line, or several of them, on standard output or elsewhere."""
    print(printable(str(text), keep="\n\t"), file=file, flush=flush)


def pass_or_fail(passed: bool) -> Text:
    return Text("PASS", "green") if passed else Text("FAIL", "bold red")


def output_console() -> Console:
    """Standard output; off a terminal, as wide as its tables want to be."""
    width = None if sys.stdout is not None and sys.stdout.isatty() else 160
    return Console(markup=False, highlight=False, width=width)


def error_console() -> Console:
    return Console(stderr=True, markup=False, highlight=False, soft_wrap=True)


def complain(lines: Iterable[str]) -> None:
    """Print error lines on standard error."""
    limit = 100
    lines = list(lines)
    for line in lines[:limit]:
        tell(line, sys.stderr)
    if len(lines) > limit:
        tell(f"… and {len(lines) - limit} more", sys.stderr)
