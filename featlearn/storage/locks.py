"""Locks between processes: a lock file that one process holds at a time, and that is free again when it has ended.

The operating system keeps the lock, on POSIX, Windows and NFS alike, so that a killed process frees it. Where a file
system offers no locks, a marker beside the lock file names the process that holds it: such locks are weak, because a
process that was killed on another machine leaves its marker behind.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import random
import re
import socket
import time
from contextlib import suppress
from pathlib import Path

from filelock import SoftFileLock, Timeout, lock_descriptor, unlock_descriptor

from featlearn.storage.opening import open_regular

PATIENCE = 2.0  # seconds for which a lock is asked for: whoever only looks holds it for an instant
_LOOKS = 0.1  # seconds after which a lock that is not free is held by somebody who does more than look
_PAUSE = (0.004, 0.012)  # seconds between two attempts
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)  # what file systems without locks say

_WEAK = "locks are weak on this file system, which offers none: after a kill, a marker may have to be removed by hand"
_log = logging.getLogger(__name__)
_weakness_told = False


class Lock:
    """The lock of one file, to be held by one process at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: io.FileIO | None = None
        self._marker: SoftFileLock | None = None
        self._process = 0  # the process that took the lock: a child forked since must not release it

    def acquire(self, patience: float = PATIENCE) -> bool:
        """Take the lock, where it is free or becomes free within so many seconds; whether it was had.

        Raises:
            OSError: when the lock file cannot be written.
        """
        deadline = time.monotonic() + patience
        while not self._attempt():
            if time.monotonic() >= deadline:
                return False
            time.sleep(random.uniform(*_PAUSE))
        return True

    def _attempt(self) -> bool:
        file = io.FileIO(open_regular(self.path, os.O_RDWR | os.O_CREAT), "r+")
        try:
            if lock_descriptor(file.fileno(), blocking=False) and _is_at(file.fileno(), self.path):
                self._file, self._process = file, os.getpid()
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            return self._attempt_marker()
        finally:
            if self._file is not file:
                file.close()
        return self._file is file

    def _attempt_marker(self) -> bool:
        marker = SoftFileLock(marker_of(self.path), thread_local=False)
        try:
            marker.acquire(blocking=False)
        except Timeout:
            return False
        self._marker, self._process = marker, os.getpid()
        _tell_weakness()
        return True

    def release(self, *, remove: bool = False) -> None:
        """Release the lock, where it is held; ``remove`` also removes its file, whose name is never used again."""
        ours = self._process == os.getpid()
        if remove and ours:
            with suppress(OSError):
                self.path.unlink()
        if self._file is not None:
            with suppress(OSError), self._file:
                if ours:
                    unlock_descriptor(self._file.fileno())
        if self._marker is not None and ours:
            with suppress(OSError):
                self._marker.release()
        self._file = self._marker = None


def is_held(path: Path) -> bool:
    """Whether a live process holds the lock of a file. Nothing is written. False where it cannot be told."""
    deadline = time.monotonic() + _LOOKS
    while _seems_held(path):
        if time.monotonic() >= deadline:
            return True
        time.sleep(random.uniform(*_PAUSE))
    return False


def _seems_held(path: Path) -> bool:
    for flags in (os.O_RDWR, os.O_RDONLY):  # NFS asks for the former, a directory that cannot be written for the latter
        try:
            descriptor = open_regular(path, flags)
        except OSError:
            continue
        try:
            return not lock_descriptor(descriptor, blocking=False)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                break
        finally:
            os.close(descriptor)
    return _marker_is_alive(path)


def holder_of(path: Path) -> str:
    """Who holds a lock, as far as a marker says; with what to do when that process is gone."""
    owner = _owner(path)
    if owner is None:
        return ""
    return f" ({owner[0]} on {owner[1]}; if that process is gone, remove {marker_of(path)})"


def _marker_is_alive(path: Path) -> bool:
    """Whether a marker is there, and is not that of a process of this machine which has ended."""
    owner = _owner(path)
    if owner is None or owner[1] != socket.gethostname() or os.name == "nt":  # os.kill ends processes on Windows
        return marker_of(path).is_file()
    try:
        os.kill(owner[0], 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's process
        pass
    return True


def _owner(path: Path) -> tuple[int, str] | None:
    """Process and machine that a marker names."""
    with suppress(OSError, UnicodeDecodeError), os.fdopen(open_regular(marker_of(path), os.O_RDONLY), "rb") as file:
        found = re.fullmatch(r"(\d{1,10})\n([!-~]{1,255})\n(\d+\n)?", file.read(1024).decode())
        if found is not None:
            return int(found[1]), found[2]
    return None


def marker_of(path: Path) -> Path:
    """The marker that stands for a lock where the file system has none."""
    return path.with_name(f"{path.name}.held")


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the name still leads to an open file: another process may have removed it before it was locked."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _tell_weakness() -> None:
    global _weakness_told
    if not _weakness_told:
        _weakness_told = True
        _log.warning(_WEAK)
