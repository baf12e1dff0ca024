"""Loaded by every local Dask worker as it starts: it ignores Ctrl-C, since the sweep ends its workers itself."""

from __future__ import annotations

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Called by Dask, in the worker's main thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
