"""Opening files that somebody else may have put there: regular files alone, never through a link."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from featlearn.storage.errors import RunError, reason

# Windows has no such flags but O_BINARY, which is of Windows alone.
_CAREFULLY = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


def open_regular(path: Path, flags: int) -> int:
    """A descriptor of a regular file. A link is not followed, and a pipe or a device is not waited for.

    Args:
        flags: as ``os.open`` takes them; O_CREAT makes the file as ``open`` does.
    Raises:
        OSError: when it cannot be opened, or is no regular file.
    """
    if path.is_symlink():
        raise OSError(errno.ELOOP, f"{path.name} is a link, and links are not followed here", str(path))
    descriptor = os.open(path, flags | _CAREFULLY, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, f"{path.name} is not a regular file", str(path))
    return descriptor


def read_regular(path: Path) -> bytes:
    """The content of a regular file. Raises RunError when it is missing, cannot be read, or is no regular file."""
    try:
        with os.fdopen(open_regular(path, os.O_RDONLY), "rb") as file:
            return file.read()
    except FileNotFoundError:
        raise RunError(f"{path} is missing") from None
    except OSError as error:
        raise RunError(f"{path} cannot be read: {reason(error)}") from None
