"""Numbers within the sentences that tell of a claim's edge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isfinite


def values_at(symbol: str, x: Iterable[float], values: Iterable[float], shown: Callable[[float], str]) -> str:
    """Values of a curve with their places: "0.91 at d = 4, 0.94 at d = 8"."""
    return ", ".join(f"{shown(value)} at {symbol} = {at:g}" for at, value in zip(x, values, strict=True))


def share_of(cases: Iterable[bool]) -> str:
    """How many of some cases: "39 of 40"."""
    found = list(cases)
    return f"{sum(map(bool, found))} of {len(found)}"


def count_or_never(value: float) -> str:
    """A number of steps or samples, "never" when it is not finite."""
    return f"{value:.0f}" if isfinite(value) else "never"


def count_or_less(value: float, smallest: float) -> str:
    """A number of which what is tested begins at the smallest: "at most 250" there, else as ``count_or_never``."""
    return f"at most {value:.0f}" if value <= smallest else count_or_never(value)
