"""A cache of what the directories in a folder say of themselves: a hidden file beside them, which may go at any time.

What it says of a directory counts as long as the files it was read from are as they were, by their times of change and
their sizes; anything else is read again. A cache that is missing, damaged or of another version is made anew. Where it
cannot be written there is none. Processes replace it whole, so that the last one wins, and nothing is lost but time.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featlearn.storage.errors import RunError
from featlearn.storage.opening import read_regular
from featlearn.storage.replacement import remove_drafts, write_file

INDEX_FILE = ".index.json"
_SETTLED = 2_000_000_000  # nanoseconds after which another change of a file surely gives it another time

_LARGE = 4_000_000  # bytes

State = list[int] | None  # of a file: when it was changed, and its size
Line = dict[str, Any]  # plain data


@dataclass(frozen=True)
class Reader:
    """How the directories of a folder are read.

    Attributes:
        version: of the lines; a cache of another one is made anew.
        files: the names of the files that a directory is read from, or none when it is not ours; ``.`` is itself.
        read: the line of a directory that is ours; None where it is gone meanwhile.
        cache: the name of the cache in the folder.
    """

    version: str
    files: Callable[[Path], Sequence[str]]
    read: Callable[[Path], Line | None]
    cache: str = INDEX_FILE


def lines_in(folder: Path, reader: Reader) -> Iterator[tuple[str, Line]]:
    """Name and line of each directory in a folder that is ours, in the order of names."""
    place, now, new = str(folder), time.time_ns(), False
    known = _load(folder / reader.cache, reader.version)
    kept: dict[str, Any] = {}
    for name in directories_in(folder):
        entry = known.get(name)
        if entry is None or entry["files"] != states_of(f"{place}/{name}", entry["files"]):
            files = reader.files(folder / name)
            if not files:
                continue
            states = states_of(f"{place}/{name}", files)  # before they are read: what changes then is read again
            line = reader.read(folder / name)
            if line is None:
                continue
            entry = {"files": states, "line": line}
            if any(state is not None and now - state[0] < _SETTLED for state in states.values()):
                yield name, line
                continue
            new = True
        kept[name] = entry
        yield name, entry["line"]
    if new:
        _store(folder / reader.cache, reader.version, kept)


def directories_in(folder: Path) -> list[str]:
    """The names of the directories in a folder, in order, but for hidden ones and links; none where it is missing."""
    try:
        with os.scandir(folder) as found:
            return sorted(e.name for e in found if e.name[0] != "." and e.is_dir(follow_symlinks=False))
    except OSError:
        return []


def states_of(directory: str, files: Iterable[str]) -> dict[str, State]:
    """The state of each file of a directory; None for one that is not there."""
    found: dict[str, State] = {}
    for name in files:
        try:
            about = os.lstat(f"{directory}/{name}")
            found[name] = [about.st_mtime_ns, about.st_size]
        except OSError:
            found[name] = None
    return found


def _load(file: Path, version: str) -> dict[str, Any]:
    """The entries of a cache, by the names of directories; none unless it is whole and of this version."""
    with suppress(RunError, ValueError, TypeError):
        head, _, body = read_regular(file).partition(b"\n")
        if head == _head(version, body):
            return _parsed(body)
    return {}


def _parsed(body: bytes) -> dict[str, Any]:
    if len(body) > _LARGE:  # it takes 20 milliseconds to load, and is twice as fast
        from pydantic_core import from_json

        return dict(from_json(body))
    return dict(json.loads(body))


def _store(file: Path, version: str, entries: dict[str, Any]) -> None:
    with suppress(OSError, ValueError):  # a folder that cannot be written, a full disk, text that is no Unicode
        body = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
        write_file(file, _head(version, body) + b"\n" + body)
        remove_drafts(file.parent, [file.name])


def _head(version: str, body: bytes) -> bytes:
    return f"{version} {zlib.crc32(body):08x}".encode()
