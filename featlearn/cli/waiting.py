"""A word on a terminal while libraries are loaded and files are read, which takes a second or more."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def waiting(text: str, *, quiet: bool) -> Iterator[None]:
    """Within it, the text stands on the last line of the terminal; elsewhere nothing is printed."""
    stream = sys.stderr
    if quiet or stream is None or not stream.isatty() or os.environ.get("TERM") in (None, "dumb"):
        yield
        return
    stream.write(f"{text} …")
    stream.flush()
    try:
        yield
    finally:
        stream.write("\r\x1b[2K")
        stream.flush()
