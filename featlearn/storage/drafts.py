"""Directories that appear complete, by one rename, or not at all.

A draft is a hidden directory ``.new-xxxxxxxx`` in the place where the finished one is to be. The lock file beside it,
``.new-xxxxxxxx.lock``, is held by the process that fills the draft, so that a draft whose lock is free is what a killed
process left: whoever makes the next directory there removes it.
"""

from __future__ import annotations

import errno
import itertools
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from featlearn.storage.locks import Lock
from featlearn.storage.replacement import sync_directory

_LOCK_OF_A_DRAFT = re.compile(r"(\.(?:new|old)-[0-9a-f]{8})\.lock")


@dataclass
class Draft:
    """A directory that is being filled; its path is another one once it is published."""

    path: Path
    _link: Path  # a name for a link that is being made

    def publish(self, path: Path) -> None:
        """Give it its name. Raises OSError when another directory that is not empty, or a file, has it."""
        self.path = self.path.rename(path)
        sync_directory(path.parent)

    def publish_as(self, stem: str) -> None:
        """Give it the first free name of ``stem``, ``stem-2``, …"""
        for number in itertools.count(1):
            try:
                self.publish(self.path.with_name(stem if number == 1 else f"{stem}-{number}"))
                return
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    raise

    def point_here(self, name: str) -> None:
        """Let a link beside it lead to it; nothing happens where links do not work, or where something else is."""
        link = self.path.with_name(name)
        if link.exists() and not link.is_symlink():
            return
        with suppress(OSError):
            self._link.symlink_to(self.path.name)
            self._link.replace(link)


@contextmanager
def drafted_directory(parent: Path) -> Iterator[Draft]:
    """A draft to fill and to publish; what is not published is removed. Raises OSError when it cannot be made."""
    parent.mkdir(parents=True, exist_ok=True)
    with _locked_name(parent, "new") as path:
        path.mkdir()
        try:
            yield Draft(path, path.with_name(f"{path.name}.link"))
        finally:
            _remove_parts(path)


def remove_directory(path: Path) -> None:
    """Remove a directory of ours. It loses its name first, so that a process that dies meanwhile leaves no half of it.

    Raises:
        OSError: when it cannot be removed.
    """
    with _locked_name(path.parent, "old") as doomed:
        path.rename(doomed)
        shutil.rmtree(doomed)


def remove_dead_drafts(parent: Path) -> None:
    """Remove what processes left here that were killed while they filled or removed a directory."""
    try:
        names = [path.name for path in parent.glob(".*.lock")]
    except OSError:
        return
    for name in names:
        found = _LOCK_OF_A_DRAFT.fullmatch(name)
        if found is None:
            continue
        lock, draft = Lock(parent / name), parent / found[1]
        with suppress(OSError):
            if lock.acquire(patience=0):
                try:
                    if not draft.is_symlink() and _holds_plain_files(draft, folders=1):
                        _remove_parts(draft)
                finally:
                    lock.release(remove=True)


@contextmanager
def _locked_name(parent: Path, kind: str) -> Iterator[Path]:
    """A path for a hidden directory, which is not there yet, with its lock held."""
    path = parent / f".{kind}-{secrets.token_hex(4)}"
    lock = Lock(path.with_name(f"{path.name}.lock"))
    if not lock.acquire():
        raise OSError(errno.EAGAIN, "another process took the lock of a draft")
    try:
        yield path
    finally:
        lock.release(remove=True)


def _remove_parts(draft: Path) -> None:
    """Remove a draft, and the link that was being made for it."""
    shutil.rmtree(draft, ignore_errors=True)
    with suppress(OSError):
        draft.with_name(f"{draft.name}.link").unlink()


def _holds_plain_files(path: Path, folders: int) -> bool:
    """Whether everything in a directory is a file, or a folder of files: all that ours ever hold."""
    if not path.is_dir():
        return True
    return all(
        not entry.is_symlink()
        and (entry.is_file() or (folders > 0 and entry.is_dir() and _holds_plain_files(entry, folders - 1)))
        for entry in path.iterdir()
    )
