"""What runs, sweeps and reproductions have in common: a directory with a file that says what it is, and a lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

import numpy as np

from featlearn.storage.drafts import remove_dead_drafts
from featlearn.storage.errors import RunError, RunNotFound, reason
from featlearn.storage.index import directories_in
from featlearn.storage.locks import PATIENCE, Lock, holder_of, is_held
from featlearn.storage.names import LATEST, answers_to, begins_so, inside, named_paths
from featlearn.storage.npz import arrays_at_end, arrays_in
from featlearn.storage.opening import open_regular
from featlearn.storage.records import FileRecord, Record, Text, read_record, write_record


class Member:
    """A file or a folder of a directory, by its name there; as an attribute of a directory it is the path."""

    def __init__(self, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, directory: None, owner: type) -> Member: ...
    @overload
    def __get__(self, directory: Directory[Any], owner: type) -> Path: ...
    def __get__(self, directory: Directory[Any] | None, owner: type) -> Member | Path:
        return self if directory is None else directory.path / self.name


class Notes(FileRecord):
    """``notes.json``: what people wrote down about a run, a sweep or a reproduction."""

    tags: tuple[Text, ...] = ()
    note: Text = ""


_MOST_CANDIDATES = 8  # that are told where a name means more than one

Info = TypeVar("Info", bound=FileRecord)


class Directory(Generic[Info]):
    """A run, a sweep or a reproduction on disk. A subclass names its files, and spells nobody else's."""

    kind: ClassVar[str]
    info_file: Member  # the file that makes a directory one of its kind
    info_type: type[Info]
    lock_file = Member(".lock")
    notes_file = Member("notes.json")

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._locks: list[Lock] = []

    @property
    def name(self) -> str:
        return self.path.name

    # --- finding ----------------------------------------------------------------------------------

    @classmethod
    def find(cls, name: str | Path, where: str | Path) -> Self:
        """What a user names: see ``named_directory``, which is asked for this kind alone."""
        return named_directory(str(name), Path(where), [cls])

    @classmethod
    def named(cls, name: str, where: Path) -> Self | None:
        """What a path, the name of a directory in ``where``, or ``latest`` leads to; None when it is none of ours."""
        with suppress(OSError, ValueError):  # a name too long, or with a null byte in it
            for path in named_paths(name, where):
                if cls(path).info_file.is_file():
                    return cls(path.resolve())
        return None

    @classmethod
    def all_in(cls, where: Path) -> list[Self]:
        """Every directory of this kind, oldest first."""
        try:
            paths = sorted(p for p in where.iterdir() if not p.is_symlink() and not p.name.startswith("."))
        except OSError:  # there is none yet
            return []
        return [cls(path) for path in paths if cls(path).info_file.is_file()]

    @classmethod
    def clear(cls, where: Path) -> None:
        """Remove what killed processes left of directories that they were making or removing."""
        remove_dead_drafts(where)

    def _not_ours(self) -> str:
        return f"{self.path} is not a {self.kind} directory: it has no {self.info_file.name}"

    # --- the lock ---------------------------------------------------------------------------------

    def lock(self, patience: float = PATIENCE) -> None:
        """Take the directory for this process, until it is released or the process ends, however it ends.

        Args:
            patience: seconds for which another process may still hold it.
        Raises:
            RunError: when another process works on it, it is not ours, or it cannot be written.
        """
        self._take(self.lock_file, patience)

    def _take(self, path: Path, patience: float = PATIENCE, what: str = "") -> None:
        if not self.info_file.is_file():
            raise RunError(self._not_ours())
        lock = Lock(path)
        try:
            taken = lock.acquire(patience)
        except OSError as error:
            raise RunError(f"{self.path} cannot be written: {reason(error)}") from None
        if not taken:
            raise RunError(f"{self.path} is being worked on by another process{what}{holder_of(path)}")
        self._locks.append(lock)

    def release(self) -> None:
        """Release every lock that was taken."""
        while self._locks:
            self._locks.pop().release()

    def is_locked(self) -> bool:
        """Whether a live process works on the directory; one that can only be read is looked at, too."""
        return any(map(is_held, self._lock_files()))

    def _lock_files(self) -> Iterator[Path]:
        yield self.lock_file

    # --- reading ----------------------------------------------------------------------------------

    def read_info(self) -> Info:
        """What the directory says of itself. Raises RunError when that is missing, broken or of a later version."""
        return read_record(self.info_file, self.info_type)

    def read_notes(self) -> Notes:
        """What people wrote down about the directory. Raises RunError when that is broken."""
        return read_record(self.notes_file, Notes) if os.path.lexists(self.notes_file) else Notes()

    def write_notes(self, notes: Notes) -> None:
        """Replace them; a process may be at work on the directory, and does not touch them. Raises RunError."""
        try:
            write_record(self.notes_file, notes)
        except OSError as error:
            raise RunError(f"{self.notes_file} cannot be written: {reason(error)}") from None

    def read_arrays(self, file: Path, *, growing: Collection[str] | None = None) -> dict[str, np.ndarray]:
        """The arrays of an npz file of the directory. Raises RunError when it is missing or broken.

        Args:
            growing: those of which the last entry alone is read, see ``arrays_at_end``; None for all of all arrays.
        """
        try:
            with os.fdopen(open_regular(file, os.O_RDONLY), "rb") as opened:
                return arrays_in(opened) if growing is None else arrays_at_end(opened, growing)
        except FileNotFoundError:
            raise RunError(f"{file} is missing") from None
        except OSError as error:
            raise RunError(f"{file} is broken: {reason(error)}") from None
        except ValueError as error:
            raise RunError(f"{file} is broken: {error}") from None

    # --- writing; the lock must be held -------------------------------------------------------------

    def write_info(self, info: Info) -> None:
        """Replace what the directory says of itself. Raises OSError."""
        write_record(self.info_file, info)

    # --- places -----------------------------------------------------------------------------------

    def inside(self, name: str) -> Path:
        """The path of a name in the directory. Raises RunError when it would lead elsewhere."""
        return inside(self.path, name)

    # --- tables of directories --------------------------------------------------------------------

    def files_of_brief(self) -> list[str]:
        """The names of what a line of a table is read from; ``.`` is the directory, which may come to have more."""
        files = (self.info_file, self.notes_file) if os.path.lexists(self.notes_file) else (self.info_file,)
        return [".", *(file.name for file in files)]

    def brief(self, *, alive: bool) -> Record:
        """What a table of directories says of this one. Raises RunError when it is broken."""
        raise NotImplementedError

    def complaint(self, about: Info) -> str | None:
        """What is wrong with one that can be read nevertheless; None where nothing is."""
        return None


D = TypeVar("D", bound=Directory[Any])


def _paths_answering(name: str, where: Path, answers: Callable[[str, str], bool]) -> list[Path]:
    """Every directory, ours or not, that a user may mean by a part of its name."""
    found: dict[Path, None] = {}
    with suppress(OSError, ValueError):
        for path in (where / name, Path(name)):
            for entry in directories_in(path.parent) if path.name else ():
                if answers(entry, path.name):
                    found[path.parent.resolve() / entry] = None
    return list(found)


def named_directory(name: str, where: Path, kinds: Sequence[type[D]]) -> D:
    """What a user names: a path, the name of a directory in ``where``, or ``latest``; or the beginning of such a name,
    or the run's own name or the hash in it, where only one directory has that; or else the beginning of its own name.

    Raises:
        RunNotFound: when there is none of these kinds, or more than one.
    """
    for kind in kinds:
        if (found := kind.named(name, where)) is not None:
            return found
    for answers in (answers_to, begins_so):
        paths = _paths_answering(name, where, answers)
        candidates = [kind(path) for kind in kinds for path in paths if kind(path).info_file.is_file()]
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            names = sorted(found.name for found in candidates)
            shown = ", ".join(names[-_MOST_CANDIDATES:]) + (", …" if len(names) > _MOST_CANDIDATES else "")
            raise RunNotFound(f"{name!r} may be any of {len(names)}: {shown}; give more of the name")
        if paths:  # of another kind, which is meant rather than one whose name goes on
            break
    raise RunNotFound(f"there is no {kinds[0].kind} {name!r}{_why_none(name, where, kinds[0])}")


def _why_none(name: str, where: Path, kind: type[Directory[Any]]) -> str:
    with suppress(OSError, ValueError):
        others = [path.resolve() for path in named_paths(name, where) if path.is_dir()]
        for path in [*others, *_paths_answering(name, where, answers_to)]:
            return f": {kind(path)._not_ours()}"
    if name == LATEST:
        return f": {where} has none; make one with: featlearn new, then featlearn train --config quickstart.yaml"
    return f", neither as a path nor in {where}; `featlearn runs` lists them"
