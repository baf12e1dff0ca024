"""``find`` in a sweep file: the axis along which the edge of a condition is searched, and how well."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag

from featlearn.config.complaints import did_you_mean
from featlearn.config.section import Section, Violations, WholeNumber
from featlearn.sweeps.search.scale import LEAST_RATIO_OF_LOG, Scale, Tolerance

_MOST_SEEDS = 100_000
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_PERCENT = re.compile(rf"\s*({_NUMBER})\s*%\s*")
_EXAMPLE = "as in student.width: [2, 400]"


def _share(value: Any) -> Any:
    """The number that a percentage is."""
    found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    return value if found is None else float(found[1]) / 100


def names_no_axis(find: dict[str, Any]) -> bool:
    """Whether ``find`` as it is written has only keys that are no axis."""
    return not set(find) - set(Find.model_fields)


NO_AXIS = f"names no axis: it needs a key of the configuration with its two ends, {_EXAMPLE}"


class Find(Section):
    """The edge of a condition along one axis. What is no field is the axis: a key of the configuration and its ends."""

    model_config = ConfigDict(extra="allow")

    where: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        description="what holds on one side of the edge: share(CONDITION) >= NUMBER or median(COLUMN) <= NUMBER"
    )
    seeds: Annotated[WholeNumber, Field(ge=1, le=_MOST_SEEDS)] = Field(
        description="the most seeds (0 … n−1) at each value; fewer where fewer decide"
    )
    first_seed: Annotated[WholeNumber, Field(ge=0)] | None = Field(
        None, description="the seeds begin at this one rather than at 0"
    )
    tolerance: Annotated[
        Annotated[Annotated[float, Field(gt=0)], Tag("number")] | Annotated[str, Tag("text")],
        Discriminator(lambda value: "text" if isinstance(value, str) else "number"),
    ] = Field(
        "5 %", description="how far apart the ends of the answer may lie: a share of the edge as 5 %, or a number"
    )
    scale: Literal["log", "linear"] | None = Field(
        None, description="what is halved; by default log where both ends are positive and more than tenfold apart"
    )
    confidence: Annotated[float, BeforeValidator(_share), Field(ge=0.5, lt=1)] = Field(
        0.95, description="of each answer: the probability with which the edge lies in its interval"
    )

    @property
    def key(self) -> str:
        """Of the axis."""
        return next(iter(self._axes()))

    @property
    def ends(self) -> list[Any]:
        """Of the axis, as they are written."""
        return list(self._axes()[self.key])

    def all_seeds(self) -> range:
        """Those that there may be at a value, in order."""
        first = self.first_seed or 0
        return range(first, first + self.seeds)

    def _axes(self) -> dict[str, Any]:
        return self.model_extra or {}

    def limit(self) -> Tolerance:
        """The tolerance as a number."""
        if isinstance(self.tolerance, str):
            size = _share(self.tolerance)
            return Tolerance(size if isinstance(size, float) else 0.0, relative=True)
        return Tolerance(self.tolerance, relative=False)

    def on_scale(self, *, whole: bool) -> Scale:
        """The axis; ``whole``: of whole numbers."""
        first, last = self.ends
        log = self.scale == "log" or (self.scale is None and first > 0 and last > LEAST_RATIO_OF_LOG * first)
        return Scale(first, last, log=log, whole=whole)

    def violations(self) -> Violations:
        axes = self._axes()
        if not axes:
            yield (), NO_AXIS
        known = list(type(self).model_fields)
        for key in list(axes)[1:]:
            told = did_you_mean(key, known, "beside the axis there are")
            yield (key,), f"is a second axis beside {self.key!r}, and a search has one{told}"
        if not self.limit().size > 0:
            yield ("tolerance",), f"must be a share above 0 as 5 %, or a number, got {self.tolerance!r}"
        if len(axes) == 1:
            yield from self._wrong_ends()

    def _wrong_ends(self) -> Violations:
        ends = self._axes()[self.key]
        numbers = isinstance(ends, list) and all(isinstance(e, int | float) and not isinstance(e, bool) for e in ends)
        if not numbers or len(ends) != 2:
            known = did_you_mean(self.key, list(type(self).model_fields), "beside the axis there are")
            yield (self.key,), f"must be the two ends of an axis, numbers {_EXAMPLE}{known}"
            return
        first, last = ends
        if not (first < last and abs(first) < 1e300 and abs(last) < 1e300):
            yield (self.key,), "must be two numbers, the smaller one first"
        elif first <= 0 and self.scale == "log":
            yield (self.key, 0), "must be greater than 0 on a logarithmic scale"
