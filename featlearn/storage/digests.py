"""Files that a configuration points at: read when it is, and held to their digest ever after."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path


class InvalidFile(Exception):
    """A file that cannot be used; the message says why, ``key`` where the configuration names the file."""

    key: tuple[str, ...] = ()


def file_digest(path: Path) -> str:
    """The SHA-256 of a file. Raises InvalidFile when it cannot be read."""
    try:
        if path.exists() and not path.is_file():
            raise InvalidFile(f"{path} is not a regular file")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise InvalidFile(f"{path!s:.200}: cannot be read: {getattr(error, 'strerror', error)}") from None


def check_digest(path: Path, sha256: str | None) -> str:
    """The SHA-256 of a file. Raises InvalidFile when it cannot be read or has another digest; None takes any."""
    digest = file_digest(path)
    if sha256 is not None and digest != sha256:
        raise InvalidFile(f"{path} has changed since this configuration was written (its SHA-256 differs)")
    return digest


def pinned_file(path: str, sha256: str | None, directory: Path) -> dict[str, str]:
    """The keys of a file that nothing can change: its absolute path and its digest.

    A file whose digest is known is found again after folders were moved or copied: where the end of its path leads from
    one of the folders around the configuration.

    Args:
        path: as the configuration has it.
        sha256: the digest that is known; None takes the file at the path.
        directory: that of the configuration, where a relative path starts.
    Raises:
        InvalidFile: when there is none.
    """
    file = Path(os.path.normpath(directory / path))
    if sha256 is None:
        return {"path": str(file), "sha256": file_digest(file)}
    places = [place for place in dict.fromkeys([file, *_ends(file, directory)]) if _is_file(place)]
    if not places:
        around = f"neither there nor in a folder around {directory} is the file that this configuration knows"
        advice = "put it back, or beside the configuration"
        raise InvalidFile(f"{file!s:.200}: cannot be read: {around} (SHA-256 {sha256:.12}…); {advice}")
    same = (place for place in places if len(places) == 1 or file_digest(place) == sha256)  # one is checked when read
    return {"path": str(next(same, places[0])), "sha256": sha256}


def _ends(file: Path, directory: Path) -> Iterator[Path]:
    """Where the last parts of a path lead from a directory and from those around it, the nearest first."""
    parts = file.parts[1:]
    for folder in (directory, *directory.parents):
        yield from (folder.joinpath(*parts[-count:]) for count in range(len(parts), 0, -1))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a folder that may not be looked into; a null byte in the name
        return False
