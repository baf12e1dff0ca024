"""A machine whose power is cut: what of a directory is left, when only what was fsynced is sure to be there.

While a ``Disk`` watches, it remembers the content that each file had when it was last fsynced, and the names that each
directory had then. A photograph is what a power cut would leave at that instant: either the least, which is only what
was fsynced, or, from a generator, some of what came after it: files page by page, and the names of each directory all
or none.
"""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

PAGE = 4096

Names = dict[str, int | str]  # inodes of files and directories, and where links lead


class Disk:
    """What is on the disk of everything below a place. It watches until the end of the test."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch, instant: Callable[[], None]) -> None:
        """``instant`` is called before each fsync and after it."""
        self.place, self.instant = place.resolve(), instant
        self._contents: dict[int, bytes] = {}
        self._names: dict[int, Names] = {self.place.stat().st_ino: {}}
        self._held: dict[int, int] = {}  # descriptors, so that no inode is given to another file
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self._watched)

    def close(self) -> None:
        for descriptor in self._held.values():
            os.close(descriptor)

    def _watched(self, descriptor: int) -> None:
        self.instant()
        self._fsync(descriptor)
        path, about = Path(f"/proc/self/fd/{descriptor}").readlink(), os.fstat(descriptor)
        if path.is_relative_to(self.place):
            if about.st_ino not in self._held:
                self._held[about.st_ino] = os.dup(descriptor)
            if stat.S_ISDIR(about.st_mode):
                self._names[about.st_ino] = _names_in(path)
            else:
                self._contents[about.st_ino] = Path(f"/proc/self/fd/{descriptor}").read_bytes()
        self.instant()

    def photograph(self, copy: Path, rng: random.Random | None = None) -> None:
        """Write what a power cut at this instant leaves."""
        self._copy(self.place, self.place.stat().st_ino, copy, rng)

    def _copy(self, place: Path | None, inode: int, copy: Path, rng: random.Random | None) -> None:
        """``place`` is where a directory is now, None for one that is no longer there."""
        copy.mkdir()
        now = {} if place is None else _names_in(place)
        left = now if rng is not None and rng.random() < 0.5 else self._names.get(inode, {})
        for name, kept in left.items():
            path = None if place is None or now.get(name) != kept else place / name
            if isinstance(kept, str):
                (copy / name).symlink_to(kept)
            elif kept in self._names or (path is not None and path.is_dir()):
                self._copy(path, kept, copy / name, rng)
            else:
                written = self._contents.get(kept, b"")
                current = written if rng is None or path is None else path.read_bytes()
                (copy / name).write_bytes(_mixed(written, current, rng) if rng else written)


def _names_in(path: Path) -> Names:
    with os.scandir(path) as entries:
        return {e.name: str(Path(e.path).readlink()) if e.is_symlink() else e.inode() for e in entries}


def _mixed(before: bytes, after: bytes, rng: random.Random) -> bytes:
    """A content of which some pages are as they were and some as they are, and some new ones never came."""
    size = rng.choice([len(before), len(after), rng.randint(*sorted((len(before), len(after))))])
    longest = max(len(before), len(after))
    before, after = before.ljust(longest, b"\0"), after.ljust(longest, b"\0")
    starts = range(0, longest, PAGE)
    return b"".join((before if rng.random() < 0.5 else after)[at : at + PAGE] for at in starts)[:size]
