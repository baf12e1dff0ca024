"""What the measurement of a claim returns."""

from __future__ import annotations

from dataclasses import dataclass

from featlearn.claims.intervals import Measured
from featlearn.claims.records import Panel


@dataclass(frozen=True)
class Findings:
    """What was measured: a number for each check of the claim, sentences about its edge, and a figure as data."""

    measured: dict[str, Measured]
    edges: list[str]
    panel: Panel
