"""The values of columns as tables on the console and in pages show them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from featlearn.sweeps.columns import known_columns
from featlearn.training.column import Kind
from featlearn.views.words.numbers import number, written


def _count(value: Any) -> str:
    return written(value, "" if isinstance(value, int) else ".3g")  # a median of counts need not be one


def degrees(value: Any) -> str:
    """An angle; a dash for none."""
    angle = written(value, ".2f", missing="")
    return f"{angle}°" if angle else "–"


def seconds(value: Any) -> str:
    """A length of time in seconds, without the unit."""
    return written(value, ".1f")


_FORMATS: dict[Kind, Callable[[Any], str]] = {
    "text": str,
    "count": _count,
    "number": partial(number, digits=3),
    "degrees": degrees,
    "share": partial(written, form=".1%"),
    "seconds": seconds,
}


def cell(column: str, value: Any) -> str:
    """A value of a column as tables show it."""
    if column == "gap" and isinstance(value, float) and value < 0:  # no network is below the optimum: rounding
        value = 0.0
    return _FORMATS[known_columns()[column].kind](value)
