"""Ticks and the texts under them: short, told apart, and not running into each other."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedFormatter, FixedLocator, Formatter, MaxNLocator, NullLocator

from featlearn.views.words.numbers import powers_of_ten, short_number
from featlearn.views.words.values import by_digits, told_apart

LETTER = 0.54  # the width of a letter beside a tick, in heights of the font
_SEEN = 1e-6  # the largest error of a number at a tick that nobody sees, relative to it
ROUND = (1, 2, 2.5, 5, 10)  # steps between the ticks of a linear axis


class ShortNumbers(Formatter):
    """Short numbers at ticks, with as many digits as say where they are and tell them apart."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return short_number(x)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        numbers = [float(x) for x in values]
        plain = all(1e-3 <= abs(x) < 1e3 for x in numbers if x)
        writers = by_digits(_plain if plain else short_number, 2)
        exact = [write for write in writers if all(isclose(float(write(x)), x, rel_tol=_SEEN) for x in numbers)]
        return told_apart(numbers, [*exact, *writers])


def _plain(x: float, digits: int) -> str:
    """A number without an exponent."""
    return short_number(x, digits) if abs(x) >= 0.01 else f"{x:.{digits}g}"


class PowersOfTen(Formatter):
    """Powers of ten at ticks, all of them in one form."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return powers_of_ten([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        return powers_of_ten([float(x) for x in values])


def log_ticks(axis: Axis, low: float, high: float, ticks: int = 6) -> None:
    """Ticks of a logarithmic axis from low to high: powers of ten, or where there are too few of them, round values."""
    axis.set_minor_locator(NullLocator())
    powers = log_values(low, high, ticks)
    axis.set_major_locator(FixedLocator(powers.tolist()))
    exponents = np.log10(powers)
    whole = bool(np.allclose(exponents, np.round(exponents)))
    axis.set_major_formatter(PowersOfTen() if whole else ShortNumbers())


def log_values(low: float, high: float, ticks: int) -> np.ndarray:
    """At most so many round values from low to high, as evenly spaced in the logarithm as there are any."""
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    exponents = np.arange(max(first, -307), min(last, 308) + 1)  # of floats
    powers = _within(10.0**exponents, low, high)
    if len(powers) >= 3:
        every = -(-len(powers) // ticks)
        return powers[(len(powers) - 1) % every :: every]
    for between in ((1, 2, 5), (1, 3)):
        values = _within(np.outer(10.0**exponents, between).ravel(), low, high)
        if 3 <= len(values) <= ticks:
            return values
    linear = _within(np.asarray(MaxNLocator(min(ticks, 5), steps=ROUND).tick_values(low, high)), low, high)
    return linear if len(linear) >= len(powers) else powers


def _within(values: np.ndarray, low: float, high: float) -> np.ndarray:
    slack = 1e-9
    return values[(values >= low * (1 - slack)) & (values <= high * (1 + slack)) & (values > 0)]


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
