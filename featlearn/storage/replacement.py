"""Replacing files at once: whoever looks finds the old content or the new one, whatever dies meanwhile."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

_CANNOT_BE_SYNCED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)  # said of directories by some file systems


def replace_file(file: Path, write: Callable[[BinaryIO], object]) -> None:
    """Replace a file at once; what ``write`` writes is on the disk before it takes the name.

    Any number of processes may do so at the same time: the file is then what one of them wrote. A link of that name is
    replaced, never written through; a device (/dev/null) is not replaced.

    Raises:
        OSError: when it cannot be written; the file is then as it was.
    """
    _refuse_device(file)
    draft = file.with_name(f".{file.name[:100]}.{secrets.token_hex(4)}.new")
    out = draft.open("xb")  # a name that is taken, be it by a link, is an error
    try:
        with out:
            write(out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except BaseException:
        _remove(draft)
        raise
    sync_directory(file.parent)


def _refuse_device(file: Path) -> None:
    with suppress(FileNotFoundError):
        mode = file.lstat().st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise OSError(errno.EINVAL, f"{file.name} is a device", str(file))


def write_file(file: Path, content: bytes) -> None:
    """Replace a file by this content; see ``replace_file``."""
    replace_file(file, lambda out: out.write(content))


def sync_directory(path: Path) -> None:
    """Let the names in a directory be on the disk: without it, a power cut may undo a rename."""
    if os.name == "nt":  # directories cannot be opened there
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_BE_SYNCED:
            raise
    finally:
        os.close(descriptor)


def is_draft_of(name: str, file: str) -> bool:
    """Whether a file name is that of a draft with which a file of some name was about to be replaced."""
    return re.fullmatch(rf"\.{re.escape(file[:100])}\.[0-9a-f]{{8}}\.new", name) is not None


def remove_drafts(directory: Path, files: Iterable[str]) -> None:
    """Remove the drafts of files that a process left when it was killed; no other process may be writing them."""
    names = list(files)
    for path in directory.glob(".*.new"):
        if any(is_draft_of(path.name, name) for name in names):
            _remove(path)


def _remove(draft: Path) -> None:
    with suppress(OSError):
        draft.unlink()
