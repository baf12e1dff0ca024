"""Values of a log that last: counts and shares that stay where they are while the steps go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

LASTS = 2  # times the steps at its first row: a value that holds until then lasts


@dataclass(frozen=True)
class Level:
    """A value that holds from one row to another.

    Attributes:
        first, last: the rows; at the first of them it is the value already.
    """

    first: int
    last: int
    value: float


def levels(steps: np.ndarray, values: np.ndarray, tolerance: float = 0.0) -> list[Level]:
    """The values that last, in order, neighbours more than a tolerance apart.

    A value lasts that holds, within the tolerance, while the number of steps doubles, or to the end. So does the first
    one, however short it is: changes are told from it. Of values within the tolerance it is the farthest from the
    lasting one before. Rows without a value are passed over.

    Args:
        steps, values: (R,) of the rows; steps in rising order.
    """
    rows = np.flatnonzero(np.isfinite(values)).tolist()
    found: list[Level] = []
    for begin, end in _blocks([float(values[row]) for row in rows], tolerance):
        last = rows[end - 1]
        if found and end < len(rows) and steps[last] < LASTS * steps[rows[begin]]:
            continue
        value = float(values[rows[begin]])
        if found:
            value = max(values[rows[begin:end]].tolist(), key=lambda each: abs(each - found[-1].value))
        if found and abs(value - found[-1].value) <= tolerance:
            found[-1] = Level(found[-1].first, last, found[-1].value)
        else:
            first = next(row for row in rows[begin:end] if values[row] == value)
            found.append(Level(first, last, value))
    return found


def _blocks(values: list[float], tolerance: float) -> Iterator[tuple[int, int]]:
    """Where values stay within a tolerance of the first of them: begins and ends."""
    begin = 0
    for place in range(1, len(values) + 1):
        if place == len(values) or abs(values[place] - values[begin]) > tolerance:
            yield begin, place
            begin = place


def changes(steps: np.ndarray, values: np.ndarray, tolerance: float = 0.0) -> list[tuple[Level, Level]]:
    """Each lasting value and the one that comes after it, see ``levels``."""
    found = levels(steps, values, tolerance)
    return list(pairwise(found))
