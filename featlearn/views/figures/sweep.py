"""The figures of a sweep: data and axes in, artists out. Nothing is loaded, saved or shown here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm, Normalize

from featlearn.views.data.run import Table
from featlearn.views.data.sweep import Axis, Slope, slope_of
from featlearn.views.figures.run import FEW, Artists, legend_above, log_if_positive, log_ticks, short_number
from featlearn.views.figures.ticks import LETTER, fitting, ticks_at, width_of
from featlearn.views.words.labels import label_of, plain
from featlearn.views.words.palette import COLOURS, GREY, colour_of
from featlearn.views.words.values import clipped, labels

MOST_LINES = len(COLOURS)
_MOST_CELLS_WRITTEN = 60


def against(
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
        x = positions(axis, table)
        slope = slope_of(x, table["median"]) if log_metric and axis.log else None
        slopes[name] = slope
        told = plain(names[number]) or f"median and quartiles, {counted(int(np.sum(table['done'])))}"
        told += f": slope {slope}" if slope else ""
        colour, line = colour_of(number), "o-" if axis.numeric else "o"  # nothing lies between two names
        [artists[f"median {name}"]] = ax.plot(x, table["median"], line, ms=3, color=colour, label=told)
        if axis.numeric:
            band: Artist = ax.fill_between(x, table["q25"], table["q75"], color=colour, alpha=0.2, lw=0)
        else:
            band = ax.vlines(x, table["q25"], table["q75"], color=colour, alpha=0.5)
        artists[f"band {name}"] = band
    lost = np.concatenate([positions(axis, t)[t["done"] < t["runs"]] for _, t in tables])
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
            label=f"{counted(count)} not done",
        )
    value_axis(ax, axis)
    ax.set_ylabel(label_of(metric).mathtext)
    if ax.get_legend_handles_labels()[1]:
        legend_above(ax, columns=1)
    return artists, slopes


def counted(runs: int) -> str:
    """So many runs, in words."""
    return "1 run" if runs == 1 else f"{runs} runs"


def positions(axis: Axis, table: Table) -> np.ndarray:
    """Where the settings of a table stand on an axis: its numbers, or 0, 1, 2, … for what has no scale."""
    return np.array(table[axis.key] if axis.numeric else axis.places(table[axis.key]), dtype=float)


def value_axis(ax: Axes, axis: Axis) -> None:
    """The scale, ticks and name of an axis of a sweep: its own values where these are few."""
    ax.set_xlabel(axis.label.mathtext)
    if not axis.numeric:
        ax.set_xticks(range(len(axis.values)), _names(axis), rotation=20, ha="right")
        return
    if axis.log:
        ax.set_xscale("log")
    if len(axis.values) <= 7:
        values = [float(v) for v in axis.values]
        ticks_at(ax, values, labels(values), log=axis.log)


def heat_map(ax: Axes, metric: str, across: Axis, up: Axis, table: Table) -> tuple[QuadMesh, Artists]:
    """The median of a metric over two axes: a cell for each setting, its number in it where cells are few."""
    grid = np.full((len(up.values), len(across.values)), np.nan)
    column, row = (axis.places(table[axis.key]) for axis in (across, up))
    grid[row, column] = table["median"]
    positive = grid[np.isfinite(grid) & (grid > 0)]
    log = label_of(metric).log and len(positive) > 0
    norm: Normalize = LogNorm(positive.min(), positive.max()) if log else Normalize()
    if log and positive.min() == positive.max():
        norm = LogNorm(positive.min() / 2, positive.max() * 2)
    ax.set_facecolor("#DDDDDD")
    mesh = ax.pcolormesh(np.ma.masked_invalid(grid), norm=norm, cmap="viridis", edgecolors="white", linewidth=0.3)
    for set_ticks, axis in ((ax.set_xticks, across), (ax.set_yticks, up)):
        every = -(-len(axis.values) // 10)
        at, texts, turned = np.arange(len(axis.values))[::every] + 0.5, _names(axis)[::every], 0
        if axis is across:
            wide = 0.68 * width_of(ax) - LETTER * max(map(len, _names(up)))  # the colour bar and the rows' names aside
            texts, turned = fitting(wide * at / len(axis.values), texts)
        set_ticks(at, texts, rotation=turned)
    ax.tick_params(length=0)
    ax.set_xlabel(across.label.mathtext)
    ax.set_ylabel(up.label.mathtext)
    artists: Artists = {}
    if grid.size <= _MOST_CELLS_WRITTEN:
        for i, j, median, done in zip(row, column, table["median"], table["done"], strict=True):
            text = short_number(median) if np.isfinite(median) else "none\ndone" if not done else "–"
            dark = np.isfinite(median) and float(norm(median)) < 0.6
            artists[f"cell {i} {j}"] = ax.text(
                j + 0.5, i + 0.5, text, ha="center", va="center", color="white" if dark else "black", fontsize="x-small"
            )
    return mesh, artists


def _names(axis: Axis) -> list[str]:
    return [plain(text) for text in clipped(axis.texts(), 24)]


def over_seeds(ax: Axes, metric: str, values: np.ndarray, lost: int) -> Artists:
    """The share of runs at or below each value: what a sweep over nothing but seeds has to show."""
    kept = np.sort(values[np.isfinite(values)])
    artists: Artists = {}
    if len(kept):
        shares = np.arange(1, len(kept) + 1) / len(kept)
        told = f"{counted(len(kept))}, median {np.median(kept):.3g}"
        [artists["runs"]] = ax.step(kept, shares, where="post", color=COLOURS[0], label=told)
        if len(kept) <= 10 * FEW:
            ax.plot(kept, shares, "o", ms=3, color=COLOURS[0])
    if lost:
        ax.plot([], [], "x", color=GREY, label=f"{counted(lost)} not done")
    if label_of(metric).log and len(kept) and kept[0] > 0:
        ax.set_xscale("log")
        log_ticks(ax.xaxis, float(np.log10(kept[-1] / kept[0])) + 0.1)
    ax.set_ylim(0, 1.04)
    ax.set_xlabel(label_of(metric).mathtext)
    ax.set_ylabel("share of runs at or below")
    legend_above(ax, columns=1)
    return artists
