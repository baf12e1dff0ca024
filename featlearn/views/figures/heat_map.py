"""A metric of a sweep over two of its axes: a cell for each setting, its colour the median."""

from __future__ import annotations

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm, Normalize, to_hex

from featlearn.runs.metrics import Table
from featlearn.views.data.axis import Axis
from featlearn.views.data.sweep import SweepData, summary_table
from featlearn.views.figures.axes import names_below
from featlearn.views.figures.captions import heat_map_caption
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.style import Size, blank
from featlearn.views.figures.ticks import LETTER, fitting, log_ticks, width_of
from featlearn.views.words.labels import label_of
from featlearn.views.words.numbers import counts_in_words, short_number
from featlearn.views.words.palette import FAINT, INK, ink_on
from featlearn.views.words.values import by_digits, told_apart

_MOST_CELLS_WRITTEN = 60
_FEW_COLUMNS = 6  # up to so many, a cell has room for four digits


def heat_map_figure(data: SweepData, metric: str, across: Axis, up: Axis, size: Size) -> Drawing:
    """A metric over two axes."""
    figure, table = blank(size, 0.75), summary_table(data, [across, up], metric)
    ax = figure.subplots()
    mesh, artists = _draw(ax, metric, across, up, table)
    bar = figure.colorbar(mesh, ax=ax, label=label_of(metric).mathtext)
    bar.outline.set_visible(False)
    if isinstance(mesh.norm, LogNorm):
        low, high = mesh.get_clim()
        log_ticks(bar.ax.yaxis, low, high)
    artists["cells"] = mesh
    runs = counts_in_words(table["done"])
    ax.set_title(f"median of n = {runs} runs each", fontsize=rcParams["legend.fontsize"], color=FAINT, loc="left")
    name = f"{metric}-by-{across.name}-and-{up.name}"
    title = f"{label_of(metric).words} by {across.label.words} and {up.label.words} – {data.name}"
    return Drawing(name, figure, table, artists, {}, heat_map_caption(data, metric, across, up, runs), title)


def _draw(ax: Axes, metric: str, across: Axis, up: Axis, table: Table) -> tuple[QuadMesh, Artists]:
    """The median of a metric over two axes: a cell for each setting, its number in it where cells are few."""
    grid = np.full((len(up.values), len(across.values)), np.nan)
    columns, rows = (axis.places(table[axis.key]) for axis in (across, up))
    grid[rows, columns] = table["median"]
    positive = grid[np.isfinite(grid) & (grid > 0)]
    log = label_of(metric).log and len(positive) > 0
    norm: Normalize = LogNorm(positive.min(), positive.max()) if log else Normalize()
    if log and positive.min() == positive.max():
        norm = LogNorm(positive.min() / 2, positive.max() * 2)
    ax.set_facecolor("#DDDDDD")
    mesh = ax.pcolormesh(np.ma.masked_invalid(grid), norm=norm, cmap="viridis", edgecolors="white", linewidth=0.3)
    for set_ticks, axis in ((ax.set_xticks, across), (ax.set_yticks, up)):
        every = -(-len(axis.values) // 10)
        at, texts, turned = np.arange(len(axis.values))[::every] + 0.5, names_below(axis)[::every], 0
        if axis is across:
            wide = 0.68 * width_of(ax) - LETTER * max(
                map(len, names_below(up))
            )  # the colour bar and the rows' names aside
            texts, turned = fitting(wide * at / len(axis.values), texts)
        set_ticks(at, texts, rotation=turned)
    ax.tick_params(length=0)
    ax.set_xlabel(across.label.mathtext)
    ax.set_ylabel(up.label.mathtext)
    artists: Artists = {}
    if grid.size <= _MOST_CELLS_WRITTEN:
        most = 4 if grid.shape[1] <= _FEW_COLUMNS else 2  # digits, for which there is room
        texts = told_apart(table["median"].tolist(), by_digits(short_number, 2)[: most - 1])
        for i, j, median, done, text in zip(rows, columns, table["median"], table["done"], texts, strict=True):
            text = text if np.isfinite(median) else "none\ndone" if not done else "–"
            ink = ink_on(to_hex(mesh.cmap(float(norm(median))))) if np.isfinite(median) else INK
            artists[f"cell {i} {j}"] = ax.text(
                j + 0.5, i + 0.5, text, ha="center", va="center", color=ink, fontsize="x-small"
            )
    return mesh, artists
