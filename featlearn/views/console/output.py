"""The two ends of the terminal: text that others may have written is shown there, and not obeyed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from featlearn.storage.text import printable

if TYPE_CHECKING:  # not every command needs it
    from rich.console import Console
    from rich.text import Text


def shown(text: object, style: str = "", *, no_wrap: bool = False) -> Text:
    """Text for a table or a paragraph, letter by letter."""
    from rich.text import Text

    return Text(printable(str(text)), style, no_wrap=no_wrap)


def tell(text: object, file: TextIO | None = None, *, flush: bool = False) -> None:
    """Print a line, or several of them, on standard output or elsewhere."""
    print(printable(str(text), keep="\n\t"), file=file, flush=flush)


def pass_or_fail(passed: bool) -> Text:
    from rich.text import Text

    return Text("PASS", "green") if passed else Text("FAIL", "bold red")


def output_console() -> Console:
    """Standard output; off a terminal, as wide as its tables want to be."""
    from rich.console import Console

    width = None if sys.stdout is not None and sys.stdout.isatty() else 160
    return Console(markup=False, highlight=False, width=width)


def error_console() -> Console:
    from rich.console import Console

    return Console(stderr=True, markup=False, highlight=False, soft_wrap=True)


def is_live(console: Console) -> bool:
    """Whether it can show what moves: FORCE_COLOR makes colours in a file, and no terminal."""
    return console.is_terminal and console.file.isatty()


def complain(lines: Iterable[str]) -> None:
    """Print error lines on standard error."""
    limit = 100
    lines = list(lines)
    for line in lines[:limit]:
        tell(line, sys.stderr)
    if len(lines) > limit:
        tell(f"… and {len(lines) - limit} more", sys.stderr)
