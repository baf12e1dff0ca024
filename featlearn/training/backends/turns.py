"""Taking turns: how threads in compiled code share out tasks that are numbered in the order in which they may begin.

A thread claims the lowest number that nobody has, waits until the tasks that its own builds on are done, and does it.
No thread is waited for before it has claimed something: one that another process keeps from its core holds up nothing
but the task that it has begun. Who waits gives its own core away, so that this one can go on there.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from featlearn.training.backends.layout import DONE
from featlearn.training.backends.vectors import COUNT, compiled, instruction

SPINS, SLEEP = 2000, 50  # looks before a thread sleeps, and for how many microseconds

_COUNTERS = types.CPointer(types.int64)


def _add(_: Any, builder: Any, counters: Any, place: Any, more: Any) -> Any:
    return builder.atomic_rmw("add", builder.gep(counters, [place]), more, "seq_cst")


def _read(_: Any, builder: Any, counters: Any, place: Any) -> Any:
    return builder.load_atomic(builder.gep(counters, [place]), "seq_cst", 8)


def _sleep(_: Any, builder: Any, microseconds: Any) -> Any:
    number = ir.IntType(32)
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(number, [number]), "usleep")
    return builder.zext(builder.call(function, [builder.trunc(microseconds, number)]), ir.IntType(64))


@instruction(_add, types.int64, (_COUNTERS, COUNT, COUNT))
def add(counters: np.ndarray, place: int, more: int) -> int:
    """Add to a counter; returns what it was, in one step that no other thread can cut into."""
    counters[place] += more
    return int(counters[place]) - more


@instruction(_read, types.int64, (_COUNTERS, COUNT))
def read(counters: np.ndarray, place: int) -> int:
    """A counter; whoever reads it sees all that was stored before it was added to."""
    return int(counters[place])


@instruction(_sleep, types.int64, (COUNT,))
def sleep(microseconds: int) -> int:
    time.sleep(microseconds * 1e-6)
    return 0


@compiled
def wait_for(counters, tasks):
    """Wait until the first ``tasks`` tasks are done."""
    looks = 0
    while read(counters, DONE) < tasks:
        looks += 1
        if looks > SPINS:
            sleep(SLEEP)
