"""The edge to the terminal: text that others may have written is shown there, and not obeyed."""

from __future__ import annotations

from typing import TextIO

from rich.text import Text

from featlearn.storage.text import printable


def shown(text: object, style: str = "", *, no_wrap: bool = False) -> Text:
    """Text for a table or a paragraph, letter by letter."""
    return Text(printable(str(text)), style, no_wrap=no_wrap)


def tell(text: object, file: TextIO | None = None, *, flush: bool = False) -> None:
    """Print a line, or several of them, on standard output or elsewhere."""
    print(printable(str(text), keep="\n\t"), file=file, flush=flush)
