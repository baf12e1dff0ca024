"""The figure of a claim: a panel and axes in, artists out. Nothing is loaded, saved or shown here."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from featlearn.claims.records import Panel, Series
from featlearn.runs.metrics import Table
from featlearn.views.figures.axes import legend_above, log_if_positive, look_of
from featlearn.views.figures.drawing import Artists
from featlearn.views.figures.ticks import ROUND, log_ticks, ticks_at
from featlearn.views.words.latex import with_subscripts
from featlearn.views.words.numbers import short_number
from featlearn.views.words.palette import GREY, INK
from featlearn.views.words.values import by_digits, told_apart

_FEW = 7  # values of x that all get a tick
_FEW_WHOLE = 16  # the same, where they are neighbouring whole numbers
_MANY = 40  # points of a line that get no marker each
_MARKS = ("--", ":", "-.", (0, (1, 3)))
_MOST_BANDS = 3  # of more, which would cover each other, the intervals are bars


def draw(ax: Axes, panel: Panel, heading: str = "") -> Artists:
    """Curves with bands or bars and points with bars, for their 95 % intervals; marks as dashed lines.

    A curve without intervals is no measurement and has no markers; published numbers are rings around what they are
    compared with. The heading stands above the legend. What has no number is left out. On a logarithmic axis, what is
    not positive is a triangle at the lower edge.
    """
    artists: Artists = {}
    log_x = panel.log_x and any(np.any(numbers(series.x) > 0) for series in panel.series)
    if log_x:
        ax.set_xscale("log")
    bounds = [numbers(column) for s in panel.series for column in (s.y, s.low, s.high) if column is not None]
    log_y = panel.log_y and log_if_positive(ax, *bounds, np.array(list(panel.marks.values())))
    below: list[float] = []
    own = [one for one in panel.series if one.style != "published"]
    bounded = [one for one in own if one.low is not None]
    for number, series in enumerate(panel.series):
        shape = number % len(own) if series.style == "published" and own else number  # of what it is compared with
        place = bounded.index(series) if series in bounded else None
        artists |= _series(ax, series, (number, shape), place, len(bounded))
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
        ax.yaxis.set_major_locator(MaxNLocator(6, steps=ROUND))
    ax.set_xlabel(_wrapped(panel.x, int(0.85 * _characters(ax))))
    ax.set_ylabel(_wrapped(panel.y, int(0.7 * _characters(ax))))
    if panel.series or panel.marks:
        legend_above(ax, columns=_columns(panel, _characters(ax)), title=heading)
    return artists


def numbers(column: Sequence[float | None]) -> np.ndarray:
    """A column with NaN where it has no number."""
    return np.array(column, dtype=float)


def _series(ax: Axes, series: Series, looks: tuple[int, int], place: int | None, of: int) -> Artists:
    """A series: its number and that of its shape, its place among those with intervals, and how many these are."""
    x, y = numbers(series.x), numbers(series.y)
    number, published, points = looks[0], series.style == "published", series.style != "line"
    look = look_of(looks[1])
    label, name = _wrapped(series.name, _characters(ax)), f"{number} {series.name}"
    low, high = (np.full(len(x), np.nan) if b is None else numbers(b) for b in (series.low, series.high))
    bounded = np.isfinite(y) & np.isfinite(low) & np.isfinite(high)
    artists: Artists = {}
    banded = bounded & _beside(bounded) if not points and of <= _MOST_BANDS else np.zeros(len(x), dtype=bool)
    barred = bounded & ~banded
    apart = of > _MOST_BANDS and place is not None  # bars of many lines stand beside each other
    shift = 0.25 * rcParams["font.size"] * ((place or 0) - (of - 1) / 2) if apart else 0.0
    aside = ax.transData + ScaledTranslation(shift / 72, 0, ax.figure.dpi_scale_trans)
    if barred.any():
        artists[f"bars {name}"] = ax.vlines(x[barred], low[barred], high[barred], color=look["color"], lw=0.8)
    if banded.any():
        lower, upper = np.where(banded, low, np.nan), np.where(banded, high, np.nan)
        artists[f"band {name}"] = ax.fill_between(x, lower, upper, color=look["color"], alpha=0.2, lw=0)
    if points:
        look |= {"ls": "none"} | ({"ms": 2.5, "alpha": 0.5, "mew": 0} if len(x) > _MANY else {})
        if published:
            look |= {"color": INK, "mfc": "none", "ms": 7, "alpha": 1, "mew": 0.8, "zorder": 3}
        elif len(x) <= _MANY and not bounded.any():  # hides nothing beneath
            look |= {"mfc": "none"}
    elif series.low is None:
        look["marker"] = ""
    every = None if points else max(1, len(x) // _MANY)
    [artists[f"values {name}"]] = ax.plot(x, y, **look, markevery=every, label=label)
    for kind in ("bars", "values"):
        if f"{kind} {name}" in artists:
            artists[f"{kind} {name}"].set_transform(aside)  # once the axes know where the values are
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
    if not log and _FEW < len(values) <= _FEW_WHOLE and span < _FEW_WHOLE and np.all(values % 1 == 0):
        ticks_at(ax, values.tolist(), [f"{value:.0f}" for value in values], log=False)
    elif len(values) <= _FEW and np.all(np.diff(places) > 0.15 * span):
        ticks_at(ax, values.tolist(), told_apart(values.tolist(), by_digits(_tick, 2)), log=log)
    elif log:
        log_ticks(ax.xaxis, *ax.get_xlim())
    else:
        ax.xaxis.set_major_locator(MaxNLocator(6, steps=ROUND))


def _tick(x: float, digits: int) -> str:
    whole = x % 1 == 0 and 1 <= abs(x) < 1e6
    return f"{x:.0f}" if whole else short_number(x, digits) if abs(x) < 1 else f"{x:.{digits + 2}g}"


# --- words --------------------------------------------------------------------------------------


def _characters(ax: Axes) -> int:
    """How many characters are as wide as the figure, with room for the lines of a legend."""
    return max(20, int(ax.figure.bbox.width / ax.figure.dpi * 72 / (0.6 * rcParams["font.size"])) - 8)


def _wrapped(text: str, characters: int) -> str:
    """A text letter by letter, with no mathematics but L_λ, on at most three lines."""
    lines = textwrap.wrap(text, characters, max_lines=3, placeholder=" …")
    return "\n".join(map(with_subscripts, lines))


def _names(panel: Panel) -> list[str]:
    return [*(series.name for series in panel.series), *(_marked(name, y) for name, y in panel.marks.items())]


def _marked(name: str, y: float) -> str:
    """A mark with its number, unless its name says it; a name that is nothing else is that of the threshold."""
    if name.rstrip("°") == f"{y:g}":
        return f"threshold: {name}"
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
