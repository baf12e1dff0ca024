"""What the axes of several figures share: scales, lines, legends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, SymmetricalLogLocator
from matplotlib.transforms import ScaledTranslation

from featlearn.runs.metrics import Table
from featlearn.theory.alignment import ALIGNED_WITHIN
from featlearn.views.data.axis import Axis
from featlearn.views.data.run_tables import of_theory
from featlearn.views.figures.ticks import PowersOfTen, log_ticks
from featlearn.views.words.labels import label_of, plain
from featlearn.views.words.palette import FAINT, colour_of, dashes_of, marker_of
from featlearn.views.words.values import clipped

FEW = 3  # up to so many points are drawn as points, since a line through them would hardly be seen
_MARKED = 6  # points of a line that get a marker, so that lines are told apart in grey
_DECADES = (-307.0, -306.0), (307.0, 308.0)  # the least and the most powers of ten at which a logarithmic axis ends
_MOST_LETTERS = 24  # the longest text that names a value


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
    ax.xaxis.set_major_formatter(PowersOfTen())


def log_if_positive(ax: Axes, *columns: np.ndarray, ticks: int = 6) -> bool:
    """A logarithmic vertical axis, where there is something positive to show on it."""
    values = np.concatenate([np.empty(0), *(c[np.isfinite(c) & (c > 0)] for c in columns)])
    if len(values):
        ax.set_yscale("log")
        low, high = float(np.log10(values.min())), float(np.log10(values.max()))
        room = max(0.05 * (high - low), 0.1)
        bottom, top = np.clip([low - room, high + room], *_DECADES)  # a damaged file may hold any float
        limits = float(10.0**bottom), float(10.0**top)
        ax.set_ylim(*limits)
        log_ticks(ax.yaxis, *limits, ticks)
    return bool(len(values))


def line(ax: Axes, x: np.ndarray, y: np.ndarray, label: str, colour: str, **style: Any) -> Artist:
    """A line through what is finite; points where that is too little for a line."""
    finite = np.isfinite(y)
    marker = "o" if np.count_nonzero(finite) <= FEW else ""
    [artist] = ax.plot(x[finite], y[finite], color=colour, label=label, marker=marker, ms=3, **style)
    return artist


def behind(ax: Axes, table: Table, colours: Mapping[str, str]) -> dict[str, Artist]:
    """Wide light lines of the theory, where the table has it, behind the lines of the same colours."""
    found: dict[str, Artist] = {}
    wide = 2.5 * rcParams["lines.linewidth"]
    for column, colour in colours.items():
        if np.isfinite(table.get(of_theory(column), np.empty(0))).any():
            label = "_nolegend_" if found else "theory"
            values = table[of_theory(column)]
            found[of_theory(column)] = line(ax, table["step"], values, label, colour, alpha=0.3, lw=wide, zorder=1.5)
    return found


def marked_line(ax: Axes, x: np.ndarray, y: np.ndarray, label: str, number: int, count: int) -> Artist:
    """The n-th of several lines through what is finite, with a few markers that do not stand above one another."""
    finite = np.isfinite(y)
    every = max(1, int(np.count_nonzero(finite)) // _MARKED)
    [artist] = ax.plot(x[finite], y[finite], label=label, markevery=(number * every // count, every), **look_of(number))
    return artist


def note(ax: Axes, text: str, place: tuple[float, float], **style: Any) -> Artist:
    """Small faint words at a place, by default on the left of it and below, away from it by a third of a letter."""
    small = 0.85 * rcParams["font.size"]
    away = {"ha": "right", "va": "top", "xytext": (-0.35 * small, 0), "textcoords": "offset points"}
    return ax.annotate(text, place, **(away | {"color": FAINT, "fontsize": small} | style))


def name_aligned(ax: Axes) -> None:
    """The name, at the right of the axes, of the line of the angle within which a neuron is aligned."""
    right = {"xycoords": ("axes fraction", "data"), "xytext": (2, 0), "ha": "left", "va": "center"}
    note(ax, f"{ALIGNED_WITHIN:g}°", (1, ALIGNED_WITHIN), **right)


def look_of(number: int) -> dict[str, Any]:
    """Colour, dashes and marker of the n-th of several lines."""
    dashes = dashes_of(number)
    return {"color": colour_of(number), "ls": (0, dashes) if dashes else "-", "marker": marker_of(number), "ms": 3.5}


def legend_above(ax: Axes, *, numbered: bool = False, columns: int = 2, title: str = "") -> None:
    """The legend over the axes, above the numbers of the stages: it never lies on a line.

    Args:
        title: what is true of all that is shown.
    """
    lift = ScaledTranslation(0, (1.3 if numbered else 0.2) * rcParams["font.size"] / 72, ax.figure.dpi_scale_trans)
    legend = ax.legend(
        loc="lower left",
        ncols=columns,
        bbox_to_anchor=(0, 1, 1, 0),
        bbox_transform=ax.transAxes + lift,
        borderaxespad=0,
        columnspacing=1.2,
        title=title or None,
        title_fontsize=rcParams["legend.fontsize"],
        alignment="left",
    )
    legend.get_title().set_color(FAINT)


def names_below(values: Axis) -> list[str]:
    """The values of an axis of a sweep as short texts, no two of them alike."""
    return [plain(text) for text in clipped(values.texts(), _MOST_LETTERS)]
