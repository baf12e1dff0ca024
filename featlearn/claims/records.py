"""What ``claims.json`` holds: one type for the file and for each of its parts, written and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic.dataclasses import dataclass

from featlearn.runs.records import Count, Provenance
from featlearn.storage.names import is_name
from featlearn.storage.records import Record, Text

# --- numbers ------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """A number, or an array of them, of numpy's as Python has it."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value


def _is_finite(value: Any) -> bool:
    return not isinstance(value, float) or isfinite(value)


def _finite_or_none(value: Any) -> Any:
    value = _plain(value)
    return value if _is_finite(value) else None


def _finite_ones(marks: Any) -> Any:
    return {name: y for name, y in marks.items() if _is_finite(y)} if isinstance(marks, Mapping) else marks


Finite = Annotated[float | None, BeforeValidator(_finite_or_none)]  # None for a number that is not finite
Column = Annotated[Sequence[Finite], BeforeValidator(_plain)]


# --- figures ------------------------------------------------------------------------------------

_EXACT = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid")


@dataclass(frozen=True, config=_EXACT)
class Series:
    """A curve of a claim's figure, with intervals where they are known."""

    name: str
    x: Column
    y: Column
    low: Column | None = None
    high: Column | None = None
    style: Literal["line", "points", "published"] = "line"

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if any(column is not None and len(column) != len(self.x) for column in (self.y, self.low, self.high)):
            raise ValueError(f"{self.name}: x, y, low and high are not equally long")
        return self


@dataclass(frozen=True, config=_EXACT)
class Panel:
    """A claim's figure as data; ``marks`` are horizontal lines, by what they say, but for those that are nowhere."""

    x: str
    y: str
    series: list[Series]
    log_x: bool = False
    log_y: bool = False
    marks: Annotated[dict[str, float], BeforeValidator(_finite_ones)] = Field(default_factory=dict)


# --- claims -------------------------------------------------------------------------------------


def _checked_name(name: str) -> str:
    if not is_name(name):  # files are called by it
        raise ValueError(f"{name!r:.100} is the name of no claim, of no paper and of no sweep")
    return name


Name = Annotated[str, AfterValidator(_checked_name)]


class CheckRecord(Record):
    """A number that a claim was held to."""

    id: str
    measures: str
    threshold: str
    judged_by: Literal["interval", "value"]
    value: Finite
    low: Finite
    high: Finite
    count: Count
    passed: bool


class ClaimSweepRecord(Record):
    """A sweep that a claim rests on: its file, relative to the claim's, and how many of its runs got done."""

    name: str
    file: str
    directory: Name
    points: Count
    done: Count


class ClaimRecord(Record):
    """A claim that was judged."""

    id: Name
    sentence: str
    origin: Literal["paper", "reading"]
    source: str
    falsified_by: str
    edge: str
    published: tuple[str, ...] = ()  # where the published numbers of its figure come from
    sweeps: tuple[ClaimSweepRecord, ...]
    checks: tuple[CheckRecord, ...]
    passed: bool
    message: Text | None
    edges: tuple[str, ...]
    panel: Panel | None
    seconds: float

    @model_validator(mode="after")
    def _check_verdict(self) -> Self:
        if self.passed != all(check.passed for check in self.checks):
            raise ValueError(f"{self.id}: the verdict is not that of its checks")
        return self


class ReproductionInfo(Provenance):
    """``claims.json``."""

    paper: Name = "zhou-ge-2024"  # the only one when records did not say it
    status: Literal["running", "done"]
    quick: bool
    wanted: tuple[Name, ...]
    seconds: float
    claims: tuple[ClaimRecord, ...]

    @model_validator(mode="after")
    def _check_claims(self) -> Self:
        """A claim that counts twice, or was not asked for, would make up for one that does not hold."""
        judged = [claim.id for claim in self.claims]
        if len(set(judged)) < len(judged) or not set(judged) <= set(self.wanted):
            raise ValueError("claims: some were judged twice, or were not asked for")
        return self

    @property
    def held(self) -> int:
        """How many of the claims that were judged hold."""
        return sum(claim.passed for claim in self.claims)

    @property
    def all_hold(self) -> bool:
        """Whether every claim was judged, and holds."""
        return self.held == len(self.wanted)


class ReproductionBrief(Record):
    """What a table of directories says of a reproduction."""

    name: Literal["reproduction"] = "reproduction"
    paper: Name
    created: str
    status: Literal["running", "interrupted", "done", "failed"]
    quick: bool
    claims: int
    judged: int
    held: int
