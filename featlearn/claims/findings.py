"""What the measurement of a claim returns: a number for each check, sentences about the edge, and a figure as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from featlearn.claims.intervals import Measured


@dataclass(frozen=True)
class Series:
    """A curve of a claim's figure, with intervals where they are known."""

    name: str
    x: list[float]
    y: list[float]
    low: list[float] | None = None
    high: list[float] | None = None
    style: Literal["line", "points"] = "line"


@dataclass(frozen=True)
class Panel:
    """A claim's figure as data."""

    x: str
    y: str
    series: list[Series]
    log_x: bool = False
    log_y: bool = False
    marks: dict[str, float] = field(default_factory=dict)  # horizontal lines, by what they say


@dataclass(frozen=True)
class Findings:
    """What was measured: a number for each check of the claim, sentences about its edge, and the figure."""

    measured: dict[str, Measured]
    edges: list[str]
    panel: Panel
