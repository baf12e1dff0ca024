"""Axes of sweeps: their values, scales and order."""

from typing import Any

import numpy as np
import pytest

from featlearn.runs.metrics import as_columns
from featlearn.views.data.axis import axis_of
from tests.views.settings import objects


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ([8, 16, 32, 64], True),
        ([0.001, 0.01, 0.1], True),
        ([1, 2, 5, 10, 20, 50], True),
        ([10, 20, 30, 40], False),
        ([0.0, 0.1, 1.0], False),
        ([5, 10], False),
        ([1, 10], True),
        ([-1, 1, 10], False),
    ],
)
def test_log_spaced_axes_are_seen(values: list[float], log: bool) -> None:
    assert axis_of("k", np.array(values, dtype=float)).log is log


def test_axes_keep_numbers_in_order_and_others_as_they_come() -> None:
    axis = axis_of("k", np.array([3.0, 1.0, 3.0, 2.0]))
    assert axis.values == [1.0, 2.0, 3.0]
    assert axis.index.tolist() == [2, 0, 2, 1]
    words = axis_of("k", objects("relu", "abs", "relu"))
    assert (words.values, words.index.tolist(), words.numeric) == (["relu", "abs"], [0, 1, 0], False)
    mixed = axis_of("k", objects({"b": 1}, True, {"b": 1}))
    assert (mixed.texts(), mixed.index.tolist()) == (["b 1", "true"], [0, 1, 0])


def test_whole_numbers_and_floats_that_are_equal_are_one_value() -> None:
    mixed = axis_of("k", objects(1, 1.0, "1", True, 2.0, 2))
    assert (mixed.values, mixed.index.tolist()) == ([1, "1", True, 2.0], [0, 0, 1, 2, 3, 3])
    assert axis_of("k", objects({"a": 1}, {"a": 1.0}, [1], [True])).index.tolist() == [0, 0, 1, 2]


def test_null_is_a_value_without_a_place_among_numbers() -> None:
    axis = axis_of("k", as_columns([{"k": 0.5}, {"k": None}, {"k": 0.1}, {"k": None}])["k"])
    assert (axis.values, axis.index.tolist()) == ([0.5, None, 0.1], [0, 1, 2, 1])
    assert (axis.numeric, axis.log, axis.texts()) == (False, False, ["0.5", "none", "0.1"])


@pytest.mark.parametrize("values", [[2**60, 2**60 + 1, None], [2**63, 2**63 + 1], [0.5, 2**53, 2**53 + 1]])
def test_columns_hold_large_whole_numbers_exactly(values: list[Any]) -> None:
    assert as_columns([{"seed": value} for value in values])["seed"].tolist() == values
    assert len(axis_of("seed", as_columns([{"seed": value} for value in values])["seed"]).values) == len(values)
