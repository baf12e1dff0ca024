"""The distribution of a metric over the seeds of a sweep that varies nothing else."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from featlearn.views.data.sweep import SweepData, numbers, runs_table
from featlearn.views.figures.axes import FEW, legend_above
from featlearn.views.figures.captions import distribution_caption
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.style import Size, blank
from featlearn.views.figures.ticks import log_ticks
from featlearn.views.words.labels import label_of
from featlearn.views.words.numbers import number, runs_in_words
from featlearn.views.words.palette import BLUE, GREY


def distribution_figure(data: SweepData, metric: str, size: Size) -> Drawing:
    """A metric of the runs that are done, and how many are not."""
    figure, table = blank(size, 0.7), runs_table(data, metric)
    values = np.where(data.done, numbers(data.columns[metric]), np.nan)
    lost = int(np.sum(~data.done))
    artists = _draw(figure.subplots(), metric, values, lost)
    caption = distribution_caption(data, metric, int(np.sum(~np.isnan(values))))
    return Drawing(metric, figure, table, artists, {}, caption, f"{label_of(metric).words} – {data.name}")


def _draw(ax: Axes, metric: str, values: np.ndarray, lost: int) -> Artists:
    """The share of runs at or below each value: what a sweep over nothing but seeds has to show."""
    kept, count = np.sort(values[np.isfinite(values)]), int(np.sum(~np.isnan(values)))
    artists: Artists = {}
    if len(kept):
        shares, middle = np.arange(1, len(kept) + 1) / count, float(np.median(values[~np.isnan(values)]))
        told = f"{runs_in_words(count)}, median {number(middle, 3)}"
        [artists["runs"]] = ax.step(kept, shares, where="post", color=BLUE, label=told)
        if len(kept) <= 10 * FEW:
            ax.plot(kept, shares, "o", ms=3, color=BLUE)
        if np.isfinite(middle):
            artists["median"] = ax.axvline(middle, color=GREY, lw=0.6, ls=":")
    if not len(kept):
        ax.plot([], [], " ", label="no run has a finite value")
    if lost:
        ax.plot([], [], "x", color=GREY, label=f"{runs_in_words(lost)} not done")
    if label_of(metric).log and len(kept) and kept[0] > 0:
        ax.set_xscale("log")
        room = max((kept[-1] / kept[0]) ** 0.05, 1.02)
        limits = float(kept[0] / room), float(kept[-1] * room)
        ax.set_xlim(*limits)
        log_ticks(ax.xaxis, *limits, 5)
    ax.set_ylim(0, 1.04)
    ax.set_xlabel(label_of(metric).mathtext)
    ax.set_ylabel("share of runs at or below")
    legend_above(ax, columns=1)
    return artists
