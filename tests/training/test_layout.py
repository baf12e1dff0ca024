"""Compiled code takes sizes in the order of their names."""

from featlearn.training.backends.entries import _sizes
from featlearn.training.backends.layout import COUNTERS, DONE, Sizes


def test_sizes_are_told_in_the_order_of_their_names() -> None:
    numbers = list(range(len(Sizes._fields)))
    assert _sizes.py_func(numbers) == Sizes(*numbers)


def test_counters_hold_both_places() -> None:
    assert DONE < COUNTERS
