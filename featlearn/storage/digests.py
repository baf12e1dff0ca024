"""Files that a configuration points at: read when it is, and held to their digest ever after."""

from __future__ import annotations

import hashlib
import os
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
    """The keys of a file that nothing can change: its absolute path and its digest. Raises InvalidFile."""
    file = Path(os.path.normpath(directory / path))
    return {"path": str(file), "sha256": sha256 or file_digest(file)}
