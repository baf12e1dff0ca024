"""Tables that fit a terminal: what matters least is left out, and named."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from featlearn.views.console.output import shown
from featlearn.views.words.glossary import SHORT
from featlearn.views.words.labels import heading_of

WIDEST = 10_000  # columns of characters, more than any table has

Make = Callable[[Sequence[str], bool], Table]  # of the columns to show, and whether to be narrow


def fitting_table(
    console: Console, columns: Sequence[str], by_weight: Sequence[str], make: Make, *more: str
) -> list[Table | Text]:
    """A table as wide as the terminal allows, under it what was left out, if anything was, and what the headings mean.

    Args:
        columns: in the order of the table.
        by_weight: the same, and perhaps others, what matters most first.
        make: the table with some of the columns; when narrow, with headings on two lines and less space.
        more: other columns whose meaning is told.
    """
    kept, table = [column for column in by_weight if column in columns], make(columns, False)
    if _width(console, table) > console.width:
        table = make(columns, True)
    while _width(console, table) > console.width and len(kept) > 1:
        kept.pop()
        table = make([column for column in columns if column in kept], True)
    lines = []
    if left_out := [heading_of(column) for column in columns if column not in kept]:
        lines.append(f"left out at {console.width} columns: {', '.join(left_out)}")
    names = [heading_of(column) for column in (*columns, *more) if column in (*kept, *more)]
    lines.append(" · ".join(f"{name}: {SHORT[name]}" for name in names if name in SHORT))
    return [table, *(shown(line, "dim") for line in lines if line)]


def heading(column: str, narrow: bool) -> str:
    """What stands above a column, on two lines where it is narrow."""
    return heading_of(column).replace(" ", "\n", 1) if narrow and column != "subspace" else heading_of(column)


def _width(console: Console, table: Table) -> int:
    return console.measure(table, options=console.options.update(width=WIDEST, max_width=WIDEST)).maximum
