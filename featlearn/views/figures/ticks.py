"""Texts under ticks: short, told apart, and not running into each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedFormatter, FixedLocator, Formatter, FuncFormatter, LogLocator, NullLocator

from featlearn.views.words.numbers import power_of_ten, short_number
from featlearn.views.words.values import by_digits, told_apart

LETTER = 0.54  # the width of a letter beside a tick, in heights of the font


class ShortNumbers(Formatter):
    """Short numbers at ticks, with as many digits as tell the ticks apart."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return short_number(x)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        return told_apart([float(x) for x in values], by_digits(short_number, 2))


def powers_of_ten() -> FuncFormatter:
    """1, 10, 100, 10³, … at ticks."""
    return FuncFormatter(lambda x, _: power_of_ten(x))


def log_ticks(axis: Axis, decades: float, ticks: int = 6) -> None:
    """Powers of ten on a logarithmic axis; over fewer than two of them, some values between."""
    axis.set_minor_locator(NullLocator())
    if decades < 1.5:
        subs = (1.0, 2.0, 5.0) if decades > 0.7 else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
        axis.set_major_locator(LogLocator(subs=subs, numticks=12))
        axis.set_major_formatter(ShortNumbers())
    else:
        axis.set_major_locator(LogLocator(numticks=ticks))
        axis.set_major_formatter(powers_of_ten())


def ticks_at(ax: Axes, values: list[float], texts: list[str], *, log: bool) -> None:
    """A tick at each of some rising values of the horizontal axis, with its text."""
    places = np.log(values) if log else np.array(values)
    wide = 0.75 * width_of(ax)  # the distance from the first tick to the last
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
