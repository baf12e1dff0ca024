"""The table of all runs, sweeps and reproductions. It is written without rich, which takes seconds for 10 000 rows."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from featlearn.claims.listing import Line
from featlearn.runs.statuses import STOPPED
from featlearn.storage.text import printable
from featlearn.sweeps.columns import known_columns
from featlearn.sweeps.selection import FACTS, differing, is_setting_too, value_of, written
from featlearn.views.console.output import complain, tell
from featlearn.views.console.status import style_of
from featlearn.views.words.cells import cell
from featlearn.views.words.labels import heading_of, short_keys
from featlearn.views.words.lines import RESULTS, status_in_words
from featlearn.views.words.numbers import number
from featlearn.views.words.values import clipped, labels

if TYPE_CHECKING:
    from featlearn.sweeps.conditions import Condition

_MOST_SETTINGS = 4  # in which runs differ, as columns
_MOST_NAMED = 6  # of the others; more are counted
_LONGEST = 40  # characters of a setting or a note
_GAP = "   "


class Column(NamedTuple):
    """A column of the table.

    Attributes:
        right: whether numbers stand in it.
        rank: where there is not room for all, those of the largest are left out.
    """

    heading: str
    cells: list[str]
    right: bool = True
    rank: int = 0


def show_runs(
    lines: Sequence[Line],
    runs_dir: Path,
    keys: Sequence[str] | None = None,
    *,
    searched: Sequence[Line] | None = None,
    conditions: Sequence[Condition] = (),
) -> None:
    """The table of runs, sweeps and reproductions.

    Args:
        keys: of the columns; by default the results, and before them the settings in which the runs differ.
        searched: those among which ``conditions`` chose, where they did.
    """
    if not lines:
        made = "make one with: featlearn new, then featlearn train --config quickstart.yaml"
        if not searched:
            tell(f"no runs in {runs_dir}; {made}")
            return
        few = "these conditions" if len(conditions) > 1 else "this condition"
        tell(f"no run in {_folder(runs_dir)} meets {few}")
        for why in filter(None, (condition.why_none(searched) for condition in conditions)):
            tell(why)
        _tell_of_sweeps(searched, conditions)
        return
    names = Column("run", [printable(line.name) for line in lines], right=False)
    states = Column("status", list(map(status_in_words, lines)), right=False)
    differ = differing(lines) if keys is None else []
    columns = _columns(lines, differ[:_MOST_SETTINGS] if keys is None else keys, results=keys is None)
    hidden = _write([names, states, *columns], [style_of(line.status) for line in lines])
    if others := differ[_MOST_SETTINGS:]:
        if len(others) > _MOST_NAMED:
            _tell_below(
                f"{len(others)} more settings differ; choose with --columns; of two runs: featlearn diff RUN RUN"
            )
        else:
            _tell_below(f"settings that differ, too: {', '.join(map(printable, others))}; choose with --columns")
    if hidden:
        _tell_below(f"not shown, for the width of the terminal: {', '.join(hidden)}; choose with --columns")
    if any(line.status == STOPPED for line in lines):
        _tell_below("stopped: killed before its end; go on with featlearn train --resume RUN")
    _tell_of_sweeps(searched or lines, conditions)
    complain(line.error for line in lines if line.error)


def _folder(path: Path) -> str:
    return f"{path}{os.sep}"


def _tell_of_sweeps(lines: Sequence[Line], conditions: Sequence[Condition]) -> None:
    """What sweeps among the lines count by, which have a loss and no settings of their own."""
    if not any(line.kind == "sweep" for line in lines):
        return
    told = "the loss of a sweep is that of its best point"
    if any(condition.key not in FACTS for condition in conditions):
        told += "; conditions are not asked of its points: featlearn show SWEEP has a table of these"
    _tell_below(told)


def _tell_below(text: str) -> None:
    """A line under the table, wrapped at words on a terminal."""
    tell("\n".join(wrap(text, room, break_long_words=False, break_on_hyphens=False)) if (room := _room()) else text)


def _room() -> int | None:
    """The width of the terminal; None off a terminal."""
    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None


def _columns(lines: Sequence[Line], keys: Sequence[str], *, results: bool) -> list[Column]:
    if results:
        tags = ["tags"] if any(line.tags for line in lines) else []
        held = [key for key in RESULTS if any(value_of(line, key) is not None for line in lines)]
        keys = [*tags, *keys, *held]
    known = known_columns()
    settings = [key for key in keys if key not in known]
    headings = dict(zip(settings, short_keys(settings), strict=True))
    for key in set(keys) & known.keys():
        headings[key] = heading_of(key) + (" at the end" if is_setting_too(lines, key) else "")
    first = [key for key in keys if key == RESULTS[0]]  # it matters most, wherever it stands
    ranks = {key: rank for rank, key in enumerate(dict.fromkeys([*first, *keys]))}
    return [_column(lines, key, headings[key])._replace(rank=ranks[key]) for key in keys]


def _column(lines: Sequence[Line], key: str, heading: str) -> Column:
    values = [written(line, key) for line in lines]
    if key in known_columns():
        return Column(heading, [_result(line, key, value) for line, value in zip(lines, values, strict=True)])
    if key == "tags":
        return Column(heading, [printable(" ".join(value)) for value in values], right=False)
    known = iter(clipped(list(map(printable, labels([value for value in values if value is not None]))), _LONGEST))
    return Column(
        heading,
        ["" if value is None else next(known) for value in values],
        any(isinstance(value, int | float) for value in values),
    )


def _result(line: Line, key: str, value: Any) -> str:
    if line.kind != "run":
        return "" if value is None else number(value, 3)
    return cell(key, value)


def _write(columns: list[Column], styles: Sequence[str]) -> list[str]:
    """Write a table whose second column has colours; returns the headings of columns that found no room."""
    shown = _fitting(columns, _room() or sys.maxsize)
    places: list[Callable[[str, int], str]] = [str.rjust if column.right else str.ljust for column in shown]
    widths = list(map(_width, shown))

    def row(texts: Sequence[str], style: dict[str, Any], *, all_of_it: bool = False) -> str:
        padded = [place(text, width) for place, text, width in zip(places, texts, widths, strict=True)]
        if not all_of_it:
            padded[1] = typer.style(padded[1], **style)
        text = _GAP.join(padded).rstrip()
        return typer.style(text, **style) if all_of_it else text

    table = [row([column.heading for column in shown], {"bold": True}, all_of_it=True)]
    table.append("─" * _total(shown))
    for style, texts in zip(styles, zip(*(column.cells for column in shown), strict=True), strict=True):
        table.append(row(texts, {"fg": style}))
    typer.echo("\n".join(table), color=False if "NO_COLOR" in os.environ else None)
    return [column.heading for column in columns if column not in shown]


def _fitting(columns: Sequence[Column], room: int) -> list[Column]:
    """The columns that fit into a width: the first two, and as many others as do, those of the least ranks."""
    shown = list(columns)
    while len(shown) > 2 and _total(shown) > room:
        shown.remove(max(shown[2:], key=lambda column: column.rank))
    return shown


def _total(columns: Sequence[Column]) -> int:
    return sum(map(_width, columns)) + len(_GAP) * (len(columns) - 1)


def _width(column: Column) -> int:
    return max(len(column.heading), *map(len, column.cells))
