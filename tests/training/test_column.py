"""The record of a column: what its values may be."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.training.column import Column, Kind


def _column(kind: Kind, **changes: Any) -> Column:
    return Column(name="made_up", kind=kind, meaning="for a test", **changes)


VALUES: dict[Kind, tuple[list[Any], list[Any]]] = {  # what a kind holds, and what not
    "text": (["", "relu"], [3, 0.5, True, ["relu"]]),
    "count": ([0, 12], [0.5, 12.0, "12", True]),
    "number": ([0.5, 3, -1e300], ["0.5", False, [0.5]]),
    "degrees": ([0.5, 3], ["0.5", True]),
    "share": ([0.5, 1], ["0.5", True]),
    "seconds": ([0.5, 3], ["0.5", True]),
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_column_holds_values_of_its_kind_or_nothing(kind: Kind) -> None:
    column, (good, bad) = _column(kind), VALUES[kind]
    assert all(column.holds(value) for value in [*good, None])
    assert not any(column.holds(value) for value in bad)
    assert not replace(column, required=True).holds(None)


def test_computed_values_become_plain_ones() -> None:
    assert _column("text").plain(["a", "b"]) == ["a", "b"]
    counts = _column("count").plain(np.array([3.0, 4.0]))
    assert counts == [3, 4]
    assert {type(count) for count in counts} == {int}
    numbers = _column("number").plain(np.array([0.5, np.nan, np.inf]))
    assert numbers == [0.5, None, None]
    assert type(numbers[0]) is float
