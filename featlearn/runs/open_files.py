"""How many runs a process can write at once: an operating system limits the files that a process has open."""

from __future__ import annotations

import resource
from pathlib import Path

_FILES_OF_A_RUN = 2  # its log and its lock
_OTHER_FILES = 24  # files open for a moment: drafts, snapshots, modules and compiled code that are loaded
_MOST_RUNS = 10_000


def most_open_runs() -> int:
    """How many runs this process can have open beside what it has open already; at least one."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return _MOST_RUNS
    free = limit - _open_files() - _OTHER_FILES
    return min(_MOST_RUNS, max(1, free // _FILES_OF_A_RUN))


def _open_files() -> int:
    """How many files this process has open; 0 where the system does not tell."""
    try:
        return len(list(Path("/dev/fd").iterdir()))
    except OSError:
        return 0
