"""Removing runs, sweeps and reproductions: to a trash folder beside them, or for good. Nothing else is ever touched."""

from __future__ import annotations

import errno
import itertools
from contextlib import suppress
from pathlib import Path
from typing import Any

from featlearn.runs.directory import RunDirectory
from featlearn.storage.directory import Directory
from featlearn.storage.drafts import remove_directory
from featlearn.storage.errors import RunError, reason
from featlearn.storage.names import LATEST
from featlearn.storage.replacement import sync_directory
from featlearn.sweeps.directory import SweepDirectory

TRASH = ".trash"
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)


def check_removable(found: Directory[Any], folder: Path, *, purge: bool = False) -> None:
    """Raises RunError unless a directory lies in a folder of runs and nobody is at work on it.

    Args:
        purge: whether it is to be deleted; it must say then what it is.
    """
    if found.path.parent != folder.resolve():
        raise RunError(f"{found.path} does not lie in {folder}; to remove it, give its own --runs-dir")
    if found.is_locked():
        raise RunError(f"{found.path} is being worked on by another process; interrupt that first")
    if purge:
        try:
            found.read_info()
        except RunError as error:
            raise RunError(f"{error}; without --purge it can be moved to the trash") from None


def remove(found: Directory[Any], folder: Path, *, purge: bool = False) -> Path | None:
    """Move a directory to the trash, or delete it for good; returns where it is then.

    Raises:
        RunError: as ``check_removable``, or when it cannot be moved or deleted.
    """
    check_removable(found, folder, purge=purge)
    found.lock()
    try:
        place = None
        if purge:
            remove_directory(found.path)
        else:
            place = _move(found.path, folder / TRASH)
        _renew_latest(folder.resolve())
    except OSError as error:
        raise RunError(f"{found.path} cannot be removed: {reason(error)}") from None
    finally:
        found.release()
    return place


def _move(path: Path, trash: Path) -> Path:
    """Move a directory into the trash, under its own name or the first of ``-2``, … that is free."""
    if trash.is_symlink():
        raise RunError(f"{trash} is a link, which was left as it was; move it elsewhere")
    trash.mkdir(exist_ok=True)
    for number in itertools.count(1):
        try:
            moved = path.rename(trash / (path.name if number == 1 else f"{path.name}-{number}"))
            break
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
    sync_directory(trash)
    sync_directory(path.parent)
    return moved


def _renew_latest(folder: Path) -> None:
    """Let ``latest`` lead to the newest run or sweep that is left, where it led to one that is gone."""
    link = folder / LATEST
    if not link.is_symlink() or link.exists():
        return
    left: list[Directory[Any]] = [*RunDirectory.all_in(folder), *SweepDirectory.all_in(folder)]
    with suppress(OSError):
        link.unlink()
        if left:
            link.symlink_to(max(found.name for found in left))
