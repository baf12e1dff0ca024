"""A metric of a sweep against one of its axes: medians over the runs at each setting, quartiles, slopes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from featlearn.runs.metrics import Table
from featlearn.views.data.axis import Axis
from featlearn.views.data.slope import Slope, slope_of
from featlearn.views.data.sweep import SweepData, summary_table
from featlearn.views.figures.axes import legend_above, log_if_positive, names_below
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.style import Size, blank
from featlearn.views.figures.ticks import ticks_at
from featlearn.views.words.labels import label_of, plain
from featlearn.views.words.numbers import runs_in_words
from featlearn.views.words.palette import GREY, colour_of
from featlearn.views.words.values import clipped, labels


def medians_figure(data: SweepData, metric: str, across: Axis, lines: Sequence[Axis], size: Size) -> Drawing:
    """A metric against one axis, with a line for each setting of some others."""
    figure = blank(size, 0.75)
    table = summary_table(data, [*lines, across], metric)
    named = list(_split(table, lines)) if lines else [("", table)]
    artists, slopes = _draw(figure.subplots(), metric, across, named)
    return Drawing(f"{metric}-by-{across.name}", figure, table, artists, slopes)


def _split(table: Table, lines: Sequence[Axis]) -> Iterator[tuple[str, Table]]:
    """The rows of each setting of the axes that make lines."""
    texts = [axis.texts() for axis in lines]
    settings = np.stack([axis.places(table[axis.key]) for axis in lines], -1)
    for setting in dict.fromkeys(map(tuple, settings.tolist())):
        told = zip(lines, texts, setting, strict=True)
        kept = np.all(settings == setting, axis=-1)
        yield (
            ", ".join(f"{axis.name} {text[place]}" for axis, text, place in told),
            {key: column[kept] for key, column in table.items()},
        )


def _draw(
    ax: Axes, metric: str, axis: Axis, tables: Sequence[tuple[str, Table]]
) -> tuple[Artists, dict[str, Slope | None]]:
    """Median and interquartile band of a metric against one axis, a line for each table, with the measured slopes.

    A cross at the lower edge marks settings of which not every run is done.
    """
    artists: Artists = {}
    slopes: dict[str, Slope | None] = {}
    shown = [table["median"] for _, table in tables] + [t[q] for _, t in tables for q in ("q25", "q75")]
    log_metric = label_of(metric).log and log_if_positive(ax, *shown)
    names = clipped([name for name, _ in tables], 60)
    for number, (name, table) in enumerate(tables):
        x = _positions(axis, table)
        slope = slope_of(x, table["median"]) if log_metric and axis.log else None
        slopes[name] = slope
        told = plain(names[number]) or f"median and quartiles, {runs_in_words(int(np.sum(table['done'])))}"
        told += f": slope {slope}" if slope else ""
        colour, line = colour_of(number), "o-" if axis.numeric else "o"  # nothing lies between two names
        [artists[f"median {name}"]] = ax.plot(x, table["median"], line, ms=3, color=colour, label=told)
        if axis.numeric:
            band: Artist = ax.fill_between(x, table["q25"], table["q75"], color=colour, alpha=0.2, lw=0)
        else:
            band = ax.vlines(x, table["q25"], table["q75"], color=colour, alpha=0.5)
        artists[f"band {name}"] = band
    lost = np.concatenate([_positions(axis, t)[t["done"] < t["runs"]] for _, t in tables])
    if len(lost):
        count = sum(int(np.sum(t["runs"] - t["done"])) for _, t in tables)
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
    _value_axis(ax, axis)
    ax.set_ylabel(label_of(metric).mathtext)
    if ax.get_legend_handles_labels()[1]:
        legend_above(ax, columns=1)
    return artists, slopes


def _positions(axis: Axis, table: Table) -> np.ndarray:
    """Where the settings of a table stand on an axis: its numbers, or 0, 1, 2, … for what has no scale."""
    return np.array(table[axis.key] if axis.numeric else axis.places(table[axis.key]), dtype=float)


def _value_axis(ax: Axes, axis: Axis) -> None:
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
