"""Conditions that no run can fulfil, as far as its configuration tells."""

from __future__ import annotations

from math import inf

from featlearn.config.model import Config
from featlearn.sweeps.conditions import Condition
from featlearn.sweeps.search.statistic import lacks
from featlearn.sweeps.selection import is_number
from featlearn.training.column import Column
from featlearn.training.columns import COLUMNS


def why_never(asked: Condition, config: Config) -> str | None:
    """Why no run of a configuration fulfils a condition on its last row; None where one may."""
    column = COLUMNS.get(asked.key)
    if column is None:
        return None
    *_, last = config.stages.values()
    why = config.why_null(asked.key, last)
    if why is not None and lacks(asked, {asked.key: None}):
        return f"no run has a value of {asked.key} at its end: {why}"
    if column.kind == "text" or asked.operator == "~" or asked.value is None:
        return None
    if not is_number(asked.value):
        return f"{asked.key} is a number, and {asked.text!r} is not"
    return _why_beyond(asked, column, config)


def _why_beyond(asked: Condition, column: Column, config: Config) -> str | None:
    """Why a number is none that a column can have, or on the wrong side of all of these."""
    low, high = _range(column, config)
    whole = column.kind == "count"
    meets = {
        "=": low <= asked.value <= high and (not whole or float(asked.value).is_integer()),
        "<": low < asked.value,
        "<=": low <= asked.value,
        ">": high > asked.value,
        ">=": high >= asked.value,
    }
    if meets.get(asked.operator, True):
        return None
    kind = f"{asked.key} is {'a whole number, ' if whole else ''}at least {low:g}"
    return f"{kind}{f' and at most {high:g}' if high < inf else ''} here, so that {asked} never holds"


def _range(column: Column, config: Config) -> tuple[float, float]:
    """The least and the largest value that a column may have."""
    if column.kind == "count":
        most = {"recovered": config.shape()[0], "alive": config.student.width}.get(column.name)
        return 0, inf if most is None else most
    if column.kind == "share":
        return 0, 1
    return (0, 180) if column.kind == "degrees" else (-inf, inf)
