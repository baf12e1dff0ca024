"""Threads of our own for compiled code, which releases Python's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache


def thread_count() -> int:
    """How many threads compiled code takes: ``NUMBA_NUM_THREADS``, or one for each core that this process may use."""
    chosen = os.environ.get("NUMBA_NUM_THREADS", "")
    if chosen.isdecimal() and int(chosen) > 0:
        return int(chosen)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def do_all(tasks: Sequence[Callable[[], object]], threads: int) -> None:
    """Do some tasks, each by the thread that is free first; what one of them raises is raised here."""
    if threads == 1 or len(tasks) == 1:
        for task in tasks:
            task()
    else:
        list(_pool(os.getpid(), threads).map(lambda task: task(), tasks))


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """The threads of this process: one that was forked has none of its parent's."""
    return ThreadPoolExecutor(threads, thread_name_prefix="featlearn")
