"""Conditions such as "overlap_min above 0.5": what of a sweep is shown as the first step at which they hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

from featlearn.training.columns import COLUMNS
from featlearn.training.stages import Threshold

FORM = '"COLUMN above NUMBER" or "COLUMN below NUMBER", the first step at which that is so'
_CONDITION = re.compile(r"\s*(\w+)\s+(above|below)\s+([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")


@dataclass(frozen=True)
class Passing:
    """That a column of the metrics passes a threshold."""

    column: str
    threshold: Threshold

    @property
    def words(self) -> str:
        """In figures, without the column's own words."""
        return f"is {'above' if self.threshold.above else 'below'} {self.threshold.at:g}"


def passing_of(text: str) -> Passing | None:
    """The condition that a text is; None for none of a numeric column of the metrics."""
    found = _CONDITION.fullmatch(text)
    if found is None or found[1] not in COLUMNS or COLUMNS[found[1]].kind == "text":
        return None
    return Passing(found[1], Threshold(float(found[3]), above=found[2] == "above", strictly=True))
