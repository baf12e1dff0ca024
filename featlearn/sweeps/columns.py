"""The columns of the results of a sweep, beside its axes."""

from __future__ import annotations

from collections.abc import Sequence

from featlearn.training.column import Column
from featlearn.training.columns import COLUMNS

# before the axes and the metrics, and after them
_BEFORE = (Column(name="id", kind="text", meaning="the point's name", required=True),)
_AFTER = (
    Column(name="loss_floor", kind="number", meaning="below it the loss means nothing", words="loss floor", log=True),
    Column(
        name="environment", kind="text", meaning="what computed it: e1 began the sweep, `sweep.json` has the others"
    ),
    Column(name="status", kind="text", meaning="how the run ended", required=True),
    Column(name="message", kind="text", meaning="why it is not done"),
)


def results_columns(axes: Sequence[str]) -> list[str]:
    """The columns of ``results.csv``."""
    return list(dict.fromkeys([*(c.name for c in _BEFORE), *axes, *COLUMNS, *(c.name for c in _AFTER)]))


def known_columns() -> dict[str, Column]:
    """Every column of ``results.csv`` that is not an axis, by name."""
    return {column.name: column for column in (*_BEFORE, *COLUMNS.values(), *_AFTER)}
