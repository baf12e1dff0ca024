"""The loss of a run by Hermite degrees against its steps."""

from __future__ import annotations

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes

from featlearn.runs.metrics import Table
from featlearn.views.data.run import RunData
from featlearn.views.data.run_tables import degrees_table
from featlearn.views.data.trained import DEGREES, Trained
from featlearn.views.figures.axes import legend_above, line, log_if_positive, marked_line, step_axis
from featlearn.views.figures.captions import degrees_caption
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.stages import name_stages, shade_stages, unfinished
from featlearn.views.figures.style import Size, blank
from featlearn.views.words.labels import label_of
from featlearn.views.words.palette import GREY, INK


def degrees_figure(data: RunData, trained: Trained, size: Size) -> Drawing:
    """What of the loss is of each degree."""
    table = degrees_table(data, trained)
    figure = blank(size, 0.86)
    artists = _draw(figure.subplots(), table, data)
    name_stages(figure, data.stages, size, unfinished(data))
    return Drawing("degrees", figure, table, artists, {}, degrees_caption(data), f"loss by degrees – {data.name}")


def _draw(ax: Axes, table: Table, data: RunData) -> Artists:
    """A line for each degree that there is anything of, and the whole behind them."""
    steps, wide = table["step"], 2.2 * rcParams["lines.linewidth"]
    artists: Artists = {"loss": line(ax, steps, table["loss"], label_of("loss").mathtext, GREY, lw=wide, alpha=0.5)}
    names = [*(f"degree_{k}" for k in range(DEGREES)), f"above_{DEGREES - 1}"]
    shown = [name for name in names if np.isfinite(table[name]).any()]
    for name in shown:
        k, text = names.index(name), name.replace("_", " ")
        artists[name] = marked_line(ax, steps, table[name], text, k, len(names))
        if k == DEGREES:  # colours begin again there
            artists[name].set(color=INK)
    step_axis(ax, steps)
    log_if_positive(ax, table["loss"], *(table[name] for name in shown))
    shade_stages(ax, data.stages, numbered=True)
    ax.set_ylabel("loss by Hermite degree")
    legend_above(ax, numbered=True, columns=3)
    return artists
