"""An axis that is searched: positions on it, and how near two of them are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, exp, isfinite, log

import numpy as np

LEAST_RATIO_OF_LOG = 10  # of two positive ends, above which an axis is logarithmic unless it says otherwise
_MOST_HALVINGS = 60
_OFF_MIDDLE = 0.1  # of a gap, by which a short number may lie beside its middle
_MOST_TRIED = 64  # whole numbers on either side of the middle
_MOST_VALUES = 1_000_000  # of a grid

Value = int | float


@dataclass(frozen=True)
class Tolerance:
    """How far apart two values may be: a number, or where it is relative, a share of the smaller one."""

    size: float
    relative: bool

    def at(self, value: Value) -> float:
        return self.size * value if self.relative else self.size


@dataclass(frozen=True)
class Scale:
    """An axis from one end to the other.

    Attributes:
        log: whether halving it is halving its logarithm.
        whole: whether its values are whole numbers.
    """

    first: Value
    last: Value
    log: bool
    whole: bool

    def position(self, value: Value) -> float:
        """From 0 to 1."""
        if self.log:
            return log(value / self.first) / log(self.last / self.first)
        return (value - self.first) / (self.last - self.first)

    def value(self, position: float) -> float:
        """See ``position``; not rounded."""
        if self.log:
            return self.first * exp(position * log(self.last / self.first))
        return self.first + (self.last - self.first) * position

    def narrow(self, low: Value, high: Value, tolerance: Tolerance) -> bool:
        """Whether two values are near enough, or have none between them."""
        if self.whole and high - low <= 1:
            return True
        return high - low <= tolerance.at(low) * (1 + 1e-9)

    def between(self, low: Value, high: Value) -> Iterator[Value]:
        """Values strictly between two, the one in the middle first; of real ones that one alone."""
        start, end = self.position(low), self.position(high)
        middle = self.value((start + end) / 2)
        if not self.whole:
            if low < (short := self._short(middle, end - start)) < high:
                yield short
            return
        nearest = min(max(round(middle), int(low) + 1), int(high) - 1)
        for away in range(_MOST_TRIED):
            for candidate in dict.fromkeys((nearest + away, nearest - away)):
                if low < candidate < high:
                    yield candidate

    def _short(self, middle: float, gap: float) -> float:
        """The number with the fewest digits that is near a middle."""
        for digits in range(1, 17):
            short = float(f"{middle:.{digits}g}")
            if short > 0 or not self.log:
                off = abs(self.position(short) - self.position(middle)) if isfinite(short) else gap
                if off <= _OFF_MIDDLE * gap:
                    return short
        return middle

    def halvings(self, tolerance: Tolerance) -> int:
        """How often it is halved until all parts are narrow."""
        for count in range(_MOST_HALVINGS):
            part = 0.5**count
            ends = [(self.first, self.value(part)), (self.value(1 - part), self.last)]
            if all(self.narrow(low, high, tolerance) for low, high in ends):
                return count
        return _MOST_HALVINGS

    def grid(self, low: Value, high: Value, tolerance: Tolerance) -> int:
        """How many values an even grid over the axis has whose gaps are like that between two values.

        They are as wide as the tolerance there, or as the two are apart where that is more.
        """
        apart = min(max(high, low + tolerance.at(low)), self.last)
        gap = self.position(apart) - self.position(low)
        count = min(ceil(1 / gap - 1e-9) + 1, _MOST_VALUES) if gap > 0 else _MOST_VALUES
        if not self.whole:
            return count
        between = np.geomspace if self.log else np.linspace
        return len(np.unique(np.round(between(self.first, self.last, count))))
