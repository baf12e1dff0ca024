"""What the axes of several figures share: scales, lines, legends."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, SymmetricalLogLocator
from matplotlib.transforms import ScaledTranslation

from featlearn.views.data.axis import Axis
from featlearn.views.figures.ticks import log_ticks, powers_of_ten
from featlearn.views.words.labels import label_of, plain
from featlearn.views.words.values import clipped

FEW = 3  # up to so many points are drawn as points, since a line through them would hardly be seen
_DECADES = (-307.0, -306.0), (307.0, 308.0)  # the least and the most powers of ten at which a logarithmic axis ends
_MOST_LETTERS = 24  # the longest text that names a value
DASHES = ("-", "--", ":", "-.")  # the dashes of lines, changed once every colour is in use


def step_axis(ax: Axes, steps: np.ndarray) -> None:
    """Steps from 0 on: linear up to 1, logarithmic from there; linear throughout where they are few."""
    last = max(int(steps[-1]), 1)
    ax.set_xlabel(label_of("step").words)
    if last <= 20:
        ax.set_xlim(-0.02 * last, 1.02 * last)
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        return
    ax.set_xscale("symlog", linthresh=1, linscale=0.6)
    ax.set_xlim(0, last * 1.15)
    ax.xaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=1))
    ax.xaxis.set_major_formatter(powers_of_ten())


def log_if_positive(ax: Axes, *columns: np.ndarray, ticks: int = 6) -> bool:
    """A logarithmic vertical axis, where there is something positive to show on it."""
    values = np.concatenate([np.empty(0), *(c[np.isfinite(c) & (c > 0)] for c in columns)])
    if len(values):
        ax.set_yscale("log")
        low, high = float(np.log10(values.min())), float(np.log10(values.max()))
        room = max(0.05 * (high - low), 0.1)
        bottom, top = np.clip([low - room, high + room], *_DECADES)  # a damaged file may hold any float
        ax.set_ylim(float(10.0**bottom), float(10.0**top))
        log_ticks(ax.yaxis, high - low + 2 * room, ticks)
    return bool(len(values))


def line(ax: Axes, x: np.ndarray, y: np.ndarray, label: str, colour: str, **style: Any) -> Artist:
    """A line through what is finite; points where that is too little for a line."""
    finite = np.isfinite(y)
    marker = "o" if np.count_nonzero(finite) <= FEW else ""
    [artist] = ax.plot(x[finite], y[finite], color=colour, label=label, marker=marker, ms=3, **style)
    return artist


def legend_above(ax: Axes, *, numbered: bool = False, columns: int = 2) -> None:
    """The legend over the axes, above the numbers of the stages: it never lies on a line."""
    lift = ScaledTranslation(0, (1.3 if numbered else 0.2) * rcParams["font.size"] / 72, ax.figure.dpi_scale_trans)
    ax.legend(
        loc="lower left",
        ncols=columns,
        bbox_to_anchor=(0, 1, 1, 0),
        bbox_transform=ax.transAxes + lift,
        borderaxespad=0,
        columnspacing=1.2,
    )


def names_below(values: Axis) -> list[str]:
    """The values of an axis of a sweep as short texts, no two of them alike."""
    return [plain(text) for text in clipped(values.texts(), _MOST_LETTERS)]
