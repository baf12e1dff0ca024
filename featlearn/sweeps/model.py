"""The sweep file: its keys, their bounds and their meaning. The documentation prints the descriptions.

What the values of an axis may be, the configuration says; ``axes`` checks them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag

from featlearn.config.complaints import shown
from featlearn.config.section import Section, Violations, WholeNumber
from featlearn.config.yaml_source import Key
from featlearn.sweeps.search.key import Find

MOST_POINTS = 1_000_000
_BETWEEN = ("linear", "log")
_SPACINGS = (*_BETWEEN, "range")
Number = Annotated[
    Annotated[WholeNumber, Tag("whole number")] | Annotated[float, Tag("number")],
    Discriminator(lambda value: "whole number" if isinstance(value, int) else "number"),
]
Triple = Annotated[list[Number], Field(min_length=3, max_length=3)]
Axes = list[dict[str, list[Any]]]  # in order, each a group of keys that go in step; the last one varies fastest


class Spaced(Section):
    """Values by rule; one of the keys."""

    linear: Triple | None = Field(None, description="[first, last, n]: n evenly spaced values, both ends included")
    log: Triple | None = Field(None, description="[first, last, n]: the same, evenly spaced in the logarithm")
    range: Annotated[list[WholeNumber], Field(min_length=2, max_length=3)] | None = Field(
        None, description="[start, stop] or [start, stop, step]: whole numbers as in Python, without stop"
    )

    def violations(self) -> Violations:
        given = [key for key in _SPACINGS if getattr(self, key) is not None]
        if len(given) != 1:
            yield (), f"expected one of {', '.join(_SPACINGS)}, or a list of values"
        for key in set(given) & set(_BETWEEN):
            wrong = list(self._wrong_numbers(key))
            yield from wrong
            if not wrong and not np.isfinite(self._between_ends(key)).all():
                yield (key,), "leads to values that are too large for a number"
        if self.range is not None:
            if self.range[2:] == [0]:
                yield ("range", 2), "must not be 0"
            elif not (values := range(*self.range)):
                yield ("range",), "is empty: it goes from start to stop, without stop"
            elif abs(values[-1] - values[0]) // abs(values.step) >= MOST_POINTS:  # len() does not take longer ones
                yield ("range",), f"has more than {MOST_POINTS} values"

    def _wrong_numbers(self, key: str) -> Violations:
        first, last, count = getattr(self, key)
        if not 1 <= count <= MOST_POINTS or count != int(count):
            yield (key, 2), f"must be a whole number from 1 to {MOST_POINTS}, got {shown(count)}"
        if key == "log" and (first <= 0 or last <= 0):
            yield (key, 0 if first <= 0 else 1), "must be greater than 0 to be spaced in the logarithm"

    def _between_ends(self, key: str) -> np.ndarray:
        """Evenly spaced values, both ends included; infinite or NaN where they are too large."""
        first, last, count = getattr(self, key)
        with np.errstate(over="ignore", invalid="ignore"):
            between = np.linspace if key == "linear" else np.geomspace
            return between(float(first), float(last), int(count))

    def values(self) -> list[Any]:
        """The values; whole ones are whole numbers when the ends were written as whole numbers."""
        if self.range is not None:
            return list(range(*self.range))
        key = "log" if self.linear is None else "linear"
        values: list[Any] = self._between_ends(key).tolist()
        if all(isinstance(end, int) for end in getattr(self, key)[:2]):
            return [int(v) if v.is_integer() else v for v in values]
        return values


def _form(value: Any) -> str:
    return "list" if isinstance(value, list) else "number" if isinstance(value, int | float) else "mapping"


AxisValues = Annotated[
    Annotated[Spaced, Tag("mapping")] | Annotated[list[Any], Field(min_length=1, max_length=MOST_POINTS), Tag("list")],
    Discriminator(lambda value: "mapping" if isinstance(value, dict | Spaced) else "list"),
]
Seed = Annotated[WholeNumber, Field(ge=0)]
Seeds = Annotated[
    Annotated[WholeNumber, Field(ge=1, le=MOST_POINTS), Tag("number")]
    | Annotated[list[Seed], Field(min_length=1, max_length=MOST_POINTS), Tag("list")]
    | Annotated[Spaced, Tag("mapping")],
    Discriminator(_form),
]


class SweepConfig(Section):
    """Many experiments."""

    name: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        "sweep", description="shown everywhere, and part of the sweep directory's name"
    )
    base: Annotated[str, Field(min_length=1), Tag("text")] | Annotated[dict[str, Any], Tag("mapping")] = Field(
        description="the configuration that the axes vary: a file (relative to this one), or the mapping itself",
        discriminator=Discriminator(lambda value: "mapping" if isinstance(value, dict) else "text"),
    )
    grid: dict[str, AxisValues] = Field({}, description="axes that are crossed: key of the configuration → values")
    zip: list[Annotated[dict[str, AxisValues], Field(min_length=1)]] = Field(
        [], description="groups of axes that go in step, all equally long; the groups are crossed"
    )
    seeds: Seeds | None = Field(
        None, description="every point with each of these seeds: a number n (0 … n−1), a list, or a range"
    )
    find: Find | None = Field(
        None, description="the edge of a condition along an axis, searched with as few runs as decide it"
    )
    store: Literal["full", "summary"] = Field(
        "full", description="full: a run directory for each point; summary: only its row of results"
    )

    def violations(self) -> Violations:
        if not self.name.isprintable():
            yield ("name",), "must be one line of printable characters"
        for i, group in enumerate(self.zip):
            lengths = {key: len(values_of(values)) for key, values in group.items()}
            if len(set(lengths.values())) > 1:
                told = ", ".join(f"{key} has {length}" for key, length in lengths.items())
                yield ("zip", i), f"goes in step, so its axes must be equally long: {told}"
        yield from self._clashes()
        if self.find is not None and self.seeds is not None:
            yield ("seeds",), "find has seeds of its own, the most at each value: leave these out"
        if isinstance(self.seeds, Spaced) and self.seeds.range is None:
            yield ("seeds",), "seeds are whole numbers: a number, a list or {range: [start, stop]}"
        elif isinstance(self.seeds, Spaced) and min(self.seeds.values()) < 0:
            yield ("seeds",), "a seed is at least 0"
        if isinstance(self.seeds, list) and len(set(self.seeds)) < len(self.seeds):
            yield ("seeds",), "names the same seed twice"

    def _clashes(self) -> Violations:
        """Two axes that set the same key, or one inside the other."""
        seen: list[str] = ["seed"] if self.seeds is not None or self.find is not None else []
        for place, key in self.places():
            for other in seen:
                if key == other or key.startswith(f"{other}.") or other.startswith(f"{key}."):
                    yield place, f"varies what {'seeds' if other == 'seed' else repr(other)} varies too"
                    break
            seen.append(key)

    def places(self) -> list[tuple[Key, str]]:
        """Where each axis but ``seeds`` stands in the file, and its key."""
        places: list[tuple[Key, str]] = [(("grid", key), key) for key in self.grid]
        places += [(("zip", i, key), key) for i, group in enumerate(self.zip) for key in group]
        return places + ([] if self.find is None else [(("find", self.find.key), self.find.key)])

    def spaced(self) -> set[str]:
        """The keys whose values are given by a rule."""
        return {key for group in (self.grid, *self.zip) for key, values in group.items() if isinstance(values, Spaced)}

    def axes(self) -> Axes:
        """The axes with their values as the file gives them; of one that is searched the ends."""
        groups = [{key: values_of(values)} for key, values in self.grid.items()]
        groups += [{key: values_of(values) for key, values in group.items()} for group in self.zip]
        if self.find is not None:
            groups.append({self.find.key: self.find.ends})
            groups.append({"seed": list(self.find.all_seeds())})
        elif isinstance(self.seeds, int):
            groups.append({"seed": list(range(self.seeds))})
        elif self.seeds is not None:
            groups.append({"seed": values_of(self.seeds)})
        return groups


def values_of(values: Spaced | list[Any]) -> list[Any]:
    return values.values() if isinstance(values, Spaced) else list(values)
