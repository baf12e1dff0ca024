"""Texts under ticks that do not run into each other."""

from __future__ import annotations

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator

LETTER = 0.54  # the width of a letter beside a tick, in heights of the font


def ticks_at(ax: Axes, values: list[float], texts: list[str], *, log: bool) -> None:
    """A tick at each of some rising values of the horizontal axis, with its text."""
    places = np.log(values) if log else np.array(values)
    wide = 0.75 * width_of(ax)  # from the first to the last
    shown, turned = fitting(wide * (places - places[0]) / ((places[-1] - places[0]) or 1.0), texts)
    ax.xaxis.set_major_locator(FixedLocator(values))
    ax.xaxis.set_major_formatter(FixedFormatter(shown))
    ax.tick_params(axis="x", rotation=turned)
    ax.minorticks_off()


def width_of(ax: Axes) -> float:
    """Of the figure, in heights of the font."""
    return float(ax.figure.bbox.width / ax.figure.dpi * 72 / rcParams["font.size"])


def fitting(places: np.ndarray, texts: list[str]) -> tuple[list[str], int]:
    """What stands under ticks at rising places, in heights of the font, and how far it is turned.

    Texts that would touch each other are upright, and left out where even so they would cover the one before.
    """
    widths = np.array([LETTER * len(text) for text in texts])
    if np.all(np.diff(places) >= (widths[1:] + widths[:-1]) / 2):
        return texts, 0
    shown, last = [], -np.inf
    for place, text in zip(places.tolist(), texts, strict=True):
        free = place - last >= 1.2
        shown.append(text if free else "")
        last = place if free else last
    return shown, 90
