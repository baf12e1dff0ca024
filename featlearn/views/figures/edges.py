"""The figures of a sweep that searches: the condition along the axis, and the edge by another axis."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes

from featlearn.sweeps.search.edges import Edge
from featlearn.views.data.axis import Axis
from featlearn.views.data.edges import EdgesData, edges_table, seen_table
from featlearn.views.figures.axes import legend_above, look_of
from featlearn.views.figures.captions import edges_caption, seen_caption
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.medians import value_axis
from featlearn.views.figures.style import Size, blank, style
from featlearn.views.figures.ticks import log_ticks
from featlearn.views.words.edges import between
from featlearn.views.words.labels import label_of, plain
from featlearn.views.words.palette import COLOURS, GREY

_MOST = len(COLOURS)  # lines


def edge_figures(data: EdgesData, size: Size) -> Iterator[Drawing]:
    """What was seen along the axis, where the searches are few enough; and the edges, by the other axis."""
    with style(size):
        if len(data.edges) <= _MOST:
            yield _seen_figure(data, size)
        if data.across is not None:
            yield _edges_figure(data, data.across, size)


def _seen_figure(data: EdgesData, size: Size) -> Drawing:
    figure = blank(size, 0.68 + (len(data.edges) + 1) * 1.4 * size.font / 72 / size.width)
    ax, artists = figure.subplots(), Artists()
    for number, edge in enumerate(data.edges):
        _draw_seen(ax, data, number, edge, artists)
    find, test = data.searches.find, data.searches.statistic
    artists["bound"] = ax.axhline(test.bound, color=GREY, lw=0.6, ls=":")
    if data.searches.scale.log:
        ax.set_xscale("log")
        log_ticks(ax.xaxis, *ax.get_xlim())
    ax.set_xlabel(label_of(find.key).mathtext)
    ax.set_ylabel(f"share with {plain(test.words)}")
    legend_above(ax, columns=1, title=plain(f"edge of {find.where}"))
    title = f"{find.where} – {data.name}"
    return Drawing(f"edge-{find.key}", figure, seen_table(data), artists, {}, seen_caption(data), title)


def _draw_seen(ax: Axes, data: EdgesData, number: int, edge: Edge, artists: Artists) -> None:
    """The points of one search with their intervals, and where its edge lies."""
    told = [seen for seen in edge.seen if seen.outcomes]
    rows = [data.searches.told(seen) for seen in told]
    x, y = (np.array([row[name] for row in rows], float) for name in ("value", "measured"))
    look, name = look_of(number), data.name_of(edge)
    where = "none" if edge.search.low is None else between(edge.search.low, edge.search.high)
    [artists[f"seen {name}"]] = ax.plot(x, y, **look, label=plain(": ".join(filter(None, (name, where)))), zorder=3)
    low, high = (np.array([row[end] for row in rows], float) for end in ("low", "high"))
    artists[f"intervals {name}"] = ax.vlines(x, low, high, color=look["color"], alpha=0.6)
    if edge.search.low is not None and edge.search.high is not None:
        artists[f"edge {name}"] = ax.axvspan(edge.search.low, edge.search.high, color=look["color"], alpha=0.2, lw=0)


def _edges_figure(data: EdgesData, across: Axis, size: Size) -> Drawing:
    figure, table = blank(size, 0.75), edges_table(data)
    ax, artists = figure.subplots(), Artists()
    x = np.array(table[across.key], float)
    found = np.isfinite(table["edge"])
    look = look_of(0)
    [artists["edge"]] = ax.plot(
        x[found], table["edge"][found], **look, label=plain(f"edge of {data.searches.find.where}")
    )
    artists["intervals"] = ax.vlines(
        x[found], table["low"][found], table["high"][found], color=look["color"], alpha=0.6
    )
    if not found.all():
        ax.plot([], [], " ", label=f"{np.sum(~found)} not found")
    value_axis(ax, across)
    if data.searches.scale.log:
        ax.set_yscale("log")
        log_ticks(ax.yaxis, *ax.get_ylim())
    ax.set_ylabel(label_of(data.searches.key).mathtext)
    legend_above(ax, columns=1)
    name, title = f"edge-by-{across.name}", f"edge by {across.label.words} – {data.name}"
    return Drawing(name, figure, table, artists, {}, edges_caption(data, across), title)
