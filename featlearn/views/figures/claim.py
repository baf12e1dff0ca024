"""The figure of a claim: a panel and axes in, artists out. Nothing is loaded, saved or shown here."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from featlearn.claims.records import Panel, Series
from featlearn.runs.metrics import Table
from featlearn.views.figures.axes import DASHES, legend_above, log_if_positive
from featlearn.views.figures.drawing import Artists
from featlearn.views.figures.ticks import log_ticks, ticks_at
from featlearn.views.words.numbers import short_number
from featlearn.views.words.palette import COLOURS, GREY, colour_of
from featlearn.views.words.values import by_digits, told_apart

_FEW = 7  # values of x that all get a tick
_MANY = 40  # points of a line that get no marker each
_MARKS = ("--", ":", "-.", (0, (1, 3)))


def draw(ax: Axes, panel: Panel) -> Artists:
    """Curves with bands and points with error bars, for their 95 % intervals; marks as dashed lines.

    What has no number is left out. On a logarithmic axis, what is not positive is a triangle at the lower edge.
    """
    artists: Artists = {}
    log_x = panel.log_x and any(np.any(numbers(series.x) > 0) for series in panel.series)
    if log_x:
        ax.set_xscale("log")
    bounds = [numbers(column) for s in panel.series for column in (s.y, s.low, s.high) if column is not None]
    log_y = panel.log_y and log_if_positive(ax, *bounds, np.array(list(panel.marks.values())))
    below: list[float] = []
    for number, series in enumerate(panel.series):
        artists |= _series(ax, series, number, _characters(ax))
        if log_y:
            below += numbers(series.x)[numbers(series.y) <= 0].tolist()
    for number, (name, y) in enumerate(panel.marks.items()):
        told = _wrapped(_marked(name, y), _characters(ax))
        artists[f"mark {name}"] = ax.axhline(
            y, color=GREY, ls=_MARKS[number % len(_MARKS)], lw=0.8 * rcParams["lines.linewidth"], label=told, zorder=1
        )
    if below:
        [artists["below"]] = ax.plot(
            below, np.zeros(len(below)), "v", color=GREY, ms=4, transform=ax.get_xaxis_transform(), label="0 or less"
        )
    _ticks_of_x(ax, panel, log_x)
    if not log_y:
        ax.yaxis.set_major_locator(MaxNLocator(6))
    ax.set_xlabel(_wrapped(panel.x, int(0.85 * _characters(ax))))
    ax.set_ylabel(_wrapped(panel.y, int(0.7 * _characters(ax))))
    if panel.series or panel.marks:
        legend_above(ax, columns=_columns(panel, _characters(ax)))
    return artists


def numbers(column: Sequence[float | None]) -> np.ndarray:
    """A column with NaN where it has no number."""
    return np.array(column, dtype=float)


def _series(ax: Axes, series: Series, number: int, characters: int) -> Artists:
    x, y = numbers(series.x), numbers(series.y)
    colour, dashes = colour_of(number), DASHES[number // len(COLOURS) % 4]
    label, name = _wrapped(series.name, characters), f"{number} {series.name}"
    low, high = (np.full(len(x), np.nan) if b is None else numbers(b) for b in (series.low, series.high))
    bounded = np.isfinite(y) & np.isfinite(low) & np.isfinite(high)
    artists: Artists = {}
    barred = bounded if series.style == "points" else bounded & ~_beside(bounded)
    if barred.any():
        ends = np.maximum(0.0, np.stack([y - low, high - y])[:, barred])
        bars = ax.errorbar(x[barred], y[barred], ends, fmt="none", ecolor=colour, elinewidth=0.8, capsize=2)
        artists[f"bars {name}"] = bars[2][0]
    if series.style == "line" and bounded.any():
        lower, upper = np.where(bounded, low, np.nan), np.where(bounded, high, np.nan)
        artists[f"band {name}"] = ax.fill_between(x, lower, upper, color=colour, alpha=0.2, lw=0)
    marker = "o" if series.style == "points" or len(x) <= _MANY else ""
    line = "none" if series.style == "points" else dashes
    [artists[f"values {name}"]] = ax.plot(x, y, marker=marker, ms=3, ls=line, color=colour, label=label)
    return artists


def _beside(known: np.ndarray) -> np.ndarray:
    """Where a neighbour is known, too: a band over one point alone would not be seen."""
    padded = np.pad(known, 1)
    return np.asarray(padded[:-2] | padded[2:])


def _ticks_of_x(ax: Axes, panel: Panel, log: bool) -> None:
    """Ticks at the values themselves where these are few and far enough apart to be read."""
    values = np.unique([x for series in panel.series for x in series.x if x is not None and (x > 0 or not log)])
    if not len(values):
        return
    places = np.log10(values) if log else values
    span = float(places[-1] - places[0])
    if len(values) <= _FEW and np.all(np.diff(places) > 0.15 * span):
        ticks_at(ax, values.tolist(), told_apart(values.tolist(), by_digits(_tick, 2)), log=log)
    elif log:
        log_ticks(ax.xaxis, span)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(6))


def _tick(x: float, digits: int) -> str:
    return short_number(x, digits) if abs(x) < 1 else f"{x:.{digits + 2}g}"


# --- words --------------------------------------------------------------------------------------


def _characters(ax: Axes) -> int:
    """How many characters are as wide as the figure, with room for the lines of a legend."""
    return max(20, int(ax.figure.bbox.width / ax.figure.dpi * 72 / (0.6 * rcParams["font.size"])) - 8)


def _wrapped(text: str, characters: int) -> str:
    """A text letter by letter, without mathematics, on at most three lines."""
    lines = textwrap.wrap(text.replace("$", r"\$"), characters, max_lines=3, placeholder=" …")
    return "\n".join(lines)


def _names(panel: Panel) -> list[str]:
    return [*(series.name for series in panel.series), *(_marked(name, y) for name, y in panel.marks.items())]


def _marked(name: str, y: float) -> str:
    """A mark with its number, unless its name says it."""
    return name if f"{y:g}" in name else f"{name}: {y:.3g}"


def _columns(panel: Panel, characters: int) -> int:
    longest = max(map(len, _names(panel)), default=0)
    return 2 if 2 * (longest + 5) <= characters else 1


def legend_lines(panel: Panel, characters: int) -> int:
    """How many lines the legend takes."""
    lines = [len(_wrapped(name, characters).splitlines()) for name in _names(panel)]
    return -(-sum(lines) // _columns(panel, characters))


def panel_table(panel: Panel) -> Table:
    """The data behind the figure: a row for each point, NaN where there is no number."""
    table: Table = {"series": np.array([series.name for series in panel.series for _ in series.x])}
    for name in ("x", "y", "low", "high"):
        columns = [getattr(series, name) or [None] * len(series.x) for series in panel.series]
        table[name] = numbers([value for column in columns for value in column])
    return table
