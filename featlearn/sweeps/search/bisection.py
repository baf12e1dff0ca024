"""Bisection for the edge of a condition along an axis, where values may stay undecided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from featlearn.sweeps.search.scale import Scale, Tolerance, Value

# how a search stands. found: within the tolerance; wide: the values in between stay undecided; crossing: there is more
# than one edge; everywhere, nowhere: at both ends; undecided: at an end
Ending = Literal["searching", "found", "wide", "crossing", "everywhere", "nowhere", "undecided"]


@dataclass(frozen=True)
class Look:
    """What is known at a value.

    Attributes:
        holds: the condition, there; None where that is not decided.
        open: whether more seeds may decide it.
    """

    holds: bool | None
    open: bool = False


@dataclass(frozen=True)
class Search:
    """Where a search stands.

    Attributes:
        low, high: between them the edge lies: the condition holds at one of the two and not at the other. None where
            the ends have not told yet that there is an edge.
        rises: whether it holds at and above ``high``, rather than at and below ``low``.
        wanted: the values at which more seeds are needed.
    """

    ending: Ending
    low: Value | None = None
    high: Value | None = None
    rises: bool | None = None
    wanted: tuple[Value, ...] = ()


def most_values(scale: Scale, tolerance: Tolerance) -> int:
    """How many values a search looks at, at the most: the ends, those that halve the axis, and those that halve what
    lies on either side of values that stay undecided; two more, since whole numbers are not halved evenly."""
    return 4 + 2 * scale.halvings(tolerance)


def bisect(
    scale: Scale,
    tolerance: Tolerance,
    look: Callable[[Value], Look],
    admits: Callable[[Value], bool] = lambda value: True,
) -> Search:
    """Where the search for an edge stands, by what is known now: nothing but that decides what it asks for.

    Args:
        look: what is known at a value.
        admits: whether there is a configuration with a value; others are passed over.
    """
    known = {end: look(end) for end in (scale.first, scale.last)}
    if wanted := _open(known):
        return Search("searching", wanted=wanted)
    first, last = (known[end].holds for end in (scale.first, scale.last))
    if first is None or last is None:
        return Search("undecided")
    if first == last:
        return Search("everywhere" if first else "nowhere")
    most = most_values(scale, tolerance)
    while True:
        bracket = _Bracket.of(known, rises=last)
        gaps = [] if bracket.crosses else [gap for gap in bracket.gaps() if not scale.narrow(*gap, tolerance)]
        middles = [next(filter(admits, scale.between(*gap)), None) for gap in gaps]
        new = [middle for middle in middles if middle is not None][: most - len(known)]
        if not new:
            narrow = scale.narrow(bracket.low, bracket.high, tolerance)
            ending: Ending = "crossing" if bracket.crosses else "found" if narrow else "wide"
            return Search(ending, bracket.low, bracket.high, last)
        known |= {value: look(value) for value in new}
        if wanted := _open(known):
            return Search("searching", bracket.low, bracket.high, last, wanted)


def _open(known: dict[Value, Look]) -> tuple[Value, ...]:
    return tuple(value for value, look in known.items() if look.open)


@dataclass(frozen=True)
class _Bracket:
    """The nearest values that are decided on either side of an edge, and those between them that are not.

    Attributes:
        crosses: whether it fails beyond a value where it holds, and holds before one where it fails.
    """

    low: Value
    high: Value
    undecided: tuple[Value, ...]
    crosses: bool

    @classmethod
    def of(cls, known: dict[Value, Look], *, rises: bool) -> _Bracket:
        before = [value for value, look in known.items() if look.holds is not None and look.holds != rises]
        beyond = [value for value, look in known.items() if look.holds == rises]
        crosses = max(before) > min(beyond)
        low = max(value for value in before if value < min(beyond))
        high = min(value for value in beyond if value > max(before))
        return cls(low, high, tuple(sorted(v for v in known if low < v < high and known[v].holds is None)), crosses)

    def gaps(self) -> Iterator[tuple[Value, Value]]:
        """What may be narrowed: all of it, or what lies on either side of the undecided values."""
        if not self.undecided:
            yield self.low, self.high
            return
        yield self.low, self.undecided[0]
        yield self.undecided[-1], self.high
