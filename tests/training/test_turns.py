"""Counters of tasks; that tasks are shared out rightly is tested in ``test_entries``."""

import numpy as np

from featlearn.training.backends import turns
from featlearn.training.backends.layout import COUNTERS, DONE


def test_adding_returns_what_was_there() -> None:
    counters = np.zeros(COUNTERS, np.int64)
    assert [turns.add(counters, DONE, 2), turns.add(counters, DONE, 1), turns.read(counters, DONE)] == [0, 2, 3]


def test_who_waits_goes_on_when_tasks_are_done() -> None:
    counters = np.zeros(COUNTERS, np.int64)
    counters[DONE] = 3
    turns.wait_for.py_func(counters, 3)
