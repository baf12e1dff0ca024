"""A metric of a sweep against one of its axes: medians over the runs at each setting, their spread, slopes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation, Transform

from featlearn.runs.metrics import Table
from featlearn.views.data.axis import Axis
from featlearn.views.data.slope import Slope, told_slope
from featlearn.views.data.sweep import SweepData, summary_table
from featlearn.views.figures.axes import legend_above, log_if_positive, look_of, names_below
from featlearn.views.figures.captions import medians_caption
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.style import Size, blank
from featlearn.views.figures.ticks import log_ticks, ticks_at
from featlearn.views.words.labels import label_of, plain
from featlearn.views.words.numbers import counts_in_words, runs_in_words
from featlearn.views.words.palette import GREY
from featlearn.views.words.values import clipped, labels

_MOST_BANDS = 2  # of more, which would cover each other, the quartiles are bars
_FEWEST_QUARTERED = 4  # runs that have quartiles: of fewer the range is shown


def medians_figure(data: SweepData, metric: str, across: Axis, lines: Sequence[Axis], size: Size) -> Drawing:
    """A metric against one axis, with a line for each setting of some others."""
    table = summary_table(data, [*lines, across], metric)
    named = list(_split(table, lines)) if lines else [("", "", table)]
    figure = blank(size, 0.68 + (len(named) + 1) * 1.4 * size.font / 72 / size.width)
    artists, slopes = _draw(figure.subplots(), metric, across, named)
    told = counts_in_words(table["done"]), spread_in_words(table["done"])
    caption = medians_caption(data, metric, across, lines, told, slopes)
    name, title = f"{metric}-by-{across.name}", f"{label_of(metric).words} by {across.label.words}"
    return Drawing(name, figure, table, artists, slopes, caption, f"{title} – {data.name}")


def _split(table: Table, lines: Sequence[Axis]) -> Iterator[tuple[str, str, Table]]:
    """The rows of each setting of the axes that make lines, with its name and the text of the legend."""
    texts = [axis.texts() for axis in lines]
    settings = np.stack([axis.places(table[axis.key]) for axis in lines], -1)
    shown = [clipped(each, 60 // len(lines)) for each in texts]
    for setting in dict.fromkeys(map(tuple, settings.tolist())):
        kept = np.all(settings == setting, axis=-1)
        yield (
            ", ".join(f"{axis.name} {text[at]}" for axis, text, at in zip(lines, texts, setting, strict=True)),
            ", ".join(
                f"{axis.label.short} = {plain(text[at])}" for axis, text, at in zip(lines, shown, setting, strict=True)
            ),
            {key: column[kept] for key, column in table.items()},
        )


def _draw(
    ax: Axes, metric: str, axis: Axis, tables: Sequence[tuple[str, str, Table]]
) -> tuple[Artists, dict[str, Slope | None]]:
    """Medians of a metric against one axis, a line for each table, with quartiles or ranges and the measured slopes.

    A cross at the lower edge marks settings of which not every run is done.
    """
    artists: Artists = {}
    slopes: dict[str, Slope | None] = {}
    shown = [values for *_, table in tables for values in (table["median"], *_spread(table))]
    log_metric = label_of(metric).log and log_if_positive(ax, *shown)
    bars = not axis.numeric or len(tables) > _MOST_BANDS
    for number, (name, text, table) in enumerate(tables):
        x = _positions(axis, table)
        slope = told_slope(x, table["median"]) if log_metric and axis.log else None
        slopes[name] = slope
        told = ": ".join(filter(None, (text, f"slope {slope}" if slope else "")))
        look = look_of(number) | ({} if axis.numeric else {"ls": "none"})  # nothing lies between two names
        aside = _aside(ax, number, len(tables))
        [artists[f"median {name}"]] = ax.plot(x, table["median"], **look, label=told or "median", zorder=3)
        limits = ax.get_ylim()
        artists[f"band {name}"] = _draw_spread(ax, x, table, look, bars=bars)
        if any(np.isposinf(end).any() for end in _spread(table)):
            ax.set_ylim(limits)
        for kind in ("median", "band"):
            artists[f"{kind} {name}"].set_transform(aside)  # once the axes know where the values are
    _mark_lost(ax, axis, [table for *_, table in tables], artists)
    value_axis(ax, axis)
    ax.set_ylabel(label_of(metric).mathtext)
    counts = np.concatenate([table["done"] for *_, table in tables])
    told = f"medians and {spread_in_words(counts)} ({'bars' if bars else 'bands'}), " if counts.max() > 1 else ""
    legend_above(ax, columns=1, title=f"{told}n = {counts_in_words(counts)} each")
    return artists, slopes


def _aside(ax: Axes, number: int, lines: int) -> Transform:
    """Where the n-th line is drawn: where there are bars, a little beside the others', so that none covers another."""
    shift = 0.35 * rcParams["font.size"] * (number - (lines - 1) / 2) if lines > _MOST_BANDS else 0.0
    return ax.transData + ScaledTranslation(shift / 72, 0, ax.figure.dpi_scale_trans)


def _spread(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """The quartiles at each setting; of few runs the least and the greatest value."""
    many = table["done"] >= _FEWEST_QUARTERED
    return np.where(many, table["q25"], table["least"]), np.where(many, table["q75"], table["greatest"])


def spread_in_words(counts: np.ndarray) -> str:
    """What is shown beside the medians over so many runs each."""
    many = counts[counts > 0] >= _FEWEST_QUARTERED
    if many.all():
        return "quartiles"
    return f"quartiles, or ranges where n < {_FEWEST_QUARTERED}" if many.any() else "ranges"


def _draw_spread(ax: Axes, x: np.ndarray, table: Table, look: dict[str, object], *, bars: bool) -> Artist:
    """From the low to the high end of the spread: a band, or bars; beyond the axes where it is infinite."""
    colour, beyond = str(look["color"]), 10 * ax.get_ylim()[1]
    low, high = (np.where(np.isposinf(end), beyond, end) for end in _spread(table))
    if bars:
        return ax.vlines(x, low, high, color=colour, alpha=0.6)
    return ax.fill_between(x, low, high, color=colour, alpha=0.2, lw=0)


def _mark_lost(ax: Axes, axis: Axis, tables: Sequence[Table], artists: Artists) -> None:
    lost = np.concatenate([_positions(axis, t)[t["done"] < t["runs"]] for t in tables])
    if len(lost):
        count = sum(int(np.sum(t["runs"] - t["done"])) for t in tables)
        [artists["lost"]] = ax.plot(
            np.unique(lost),
            np.zeros(len(np.unique(lost))),
            "x",
            color=GREY,
            ms=4,
            transform=ax.get_xaxis_transform(),
            clip_on=False,
            label=f"{runs_in_words(count)} not done",
        )


def _positions(axis: Axis, table: Table) -> np.ndarray:
    """Where the settings of a table stand on an axis: its numbers, or 0, 1, 2, … for what has no scale."""
    return np.array(table[axis.key] if axis.numeric else axis.places(table[axis.key]), dtype=float)


def value_axis(ax: Axes, axis: Axis) -> None:
    """The scale, ticks and name of an axis of a sweep: its own values where these are few."""
    ax.set_xlabel(axis.label.mathtext)
    if not axis.numeric:
        ax.set_xticks(range(len(axis.values)), names_below(axis), rotation=20, ha="right")
        return
    if axis.log:
        ax.set_xscale("log")
    if len(axis.values) <= 7:
        values = [float(v) for v in axis.values]
        ticks_at(ax, values, labels(values), log=axis.log)
    elif axis.log:
        log_ticks(ax.xaxis, *ax.get_xlim())
