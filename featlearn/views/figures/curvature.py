"""The eigenvalues of the Hessian at the end of a run, in rising order."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from featlearn.runs.metrics import Table
from featlearn.runs.records import CurvatureRecord
from featlearn.training.curvature import ACCURACY
from featlearn.views.data.run import RunData
from featlearn.views.figures.axes import legend_above
from featlearn.views.figures.captions import curvature_caption
from featlearn.views.figures.drawing import Artists, Drawing
from featlearn.views.figures.style import Size, blank
from featlearn.views.figures.ticks import PowersOfTen
from featlearn.views.words.curvature import zeros_in_words
from featlearn.views.words.palette import BLUE, GREY, ORANGE


def curvature_figure(data: RunData, curvature: CurvatureRecord, size: Size) -> Drawing:
    """The spectrum on an axis that is linear about zero and logarithmic beyond."""
    values = np.array(curvature.eigenvalues)
    # where not all were found, the others lie between
    after = curvature.parameters - len(values) if curvature.zeros is None else 0
    index = np.arange(1, len(values) + 1) + np.where(np.arange(len(values)) < len(values) // 2, 0, after)
    table: Table = {"index": index, "eigenvalue": values}
    figure = blank(size, 0.7)
    artists = _draw(figure.subplots(), table, curvature)
    return Drawing(
        "curvature", figure, table, artists, {}, curvature_caption(data, curvature), f"curvature – {data.name}"
    )


def _draw(ax: Axes, table: Table, curvature: CurvatureRecord) -> Artists:
    zero = ACCURACY * max(abs(curvature.least), abs(curvature.largest)) or 1.0
    artists: Artists = {}
    values = table["eigenvalue"]
    kinds = {
        "negative": (values < -zero, ORANGE, "v", "below zero"),
        "zero": (np.abs(values) <= zero, GREY, "o", f"zero{zeros_in_words(curvature)}"),
        "positive": (values > zero, BLUE, "^", "above zero"),
    }
    share = "" if curvature.zeros is not None else f", of {len(values)} found"
    for name, (chosen, color, marker, text) in kinds.items():
        if chosen.any():
            places = table["index"][chosen], values[chosen]
            (artists[name],) = ax.plot(
                *places, marker, color=color, ms=3, mec="none", label=f"{int(chosen.sum())} {text}{share}"
            )
    ax.axhline(0, color=GREY, lw=0.6)
    _scale(ax, values, zero)
    ax.set_xlabel("eigenvalue, in rising order")
    ax.set_ylabel("eigenvalue of the Hessian")
    legend_above(ax, columns=1)
    return artists


def _scale(ax: Axes, values: np.ndarray, zero: float) -> None:
    """Linear within what counts as zero, logarithmic on the sides that there is something on."""
    ax.set_yscale("symlog", linthresh=zero)
    ticks, ends = [0.0], []
    for side in (-1.0, 1.0):
        farthest = float(np.max(side * values, initial=zero))
        ends.append(side * 2 * farthest)
        first, last = np.ceil(np.log10(2 * zero)), np.floor(np.log10(farthest))
        ticks += (side * 10.0 ** np.arange(last, first - 1, -max(1.0, (last - first) // 4))).tolist()
    ax.set_ylim(*ends)
    ax.yaxis.set_major_locator(FixedLocator(sorted(ticks)))
    ax.yaxis.set_major_formatter(PowersOfTen())
