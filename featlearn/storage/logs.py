"""Logs: files of lines, of which a kill tears the last one that was flushed at most."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from featlearn.storage.opening import open_regular, read_regular

_BUFFER = 2**16  # bytes that may wait in memory


class Log:
    """A log that is being written; whoever opens it holds the lock of its directory."""

    def __init__(self, path: Path) -> None:
        """Open the log, or begin it. A torn last line is cut off, so that the next one begins where it should.

        Raises:
            OSError: when it cannot be written, or is no regular file.
            RunError: when it cannot be read.
        """
        self.path = path
        descriptor = open_regular(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        self._file: BinaryIO = os.fdopen(descriptor, "ab", buffering=_BUFFER)
        self._cut(read_lines(path))

    def append(self, line: bytes, *, flush: bool = True) -> None:
        """Add a line and hand it to the system: it survives the end of this process, if not a power cut.

        Without ``flush`` it may wait in memory until the next call of ``append`` with it, of ``flush`` or of ``sync``.
        """
        self._file.write(line + b"\n")
        if flush:
            self._file.flush()

    def flush(self) -> None:
        """Hand every line so far to the system."""
        self._file.flush()

    def sync(self) -> None:
        """Let every line so far be on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def keep(self, count: int) -> int:
        """Cut the log back to its first lines, so many as it has of them; returns how many it had."""
        self._file.flush()
        lines = read_lines(self.path)
        self._cut(lines[:count])
        return len(lines)

    def _cut(self, lines: list[bytes]) -> None:
        size = sum(len(line) + 1 for line in lines)
        if size < os.fstat(self._file.fileno()).st_size:
            self._file.truncate(size)

    def close(self) -> None:
        with suppress(OSError):  # what a full disk refuses is lost anyway
            self._file.close()


def read_lines(path: Path) -> list[bytes]:
    """The lines of a log; a torn last one is left out. Raises RunError when it is missing or cannot be read."""
    return read_regular(path).split(b"\n")[:-1]
