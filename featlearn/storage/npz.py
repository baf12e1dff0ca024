"""``.npz`` files, which somebody else may have made: plain arrays only, nothing is ever unpickled."""

from __future__ import annotations

import errno
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from featlearn.storage.replacement import replace_file

# what the readers of zip archives and arrays raise on broken, encrypted or absurd files
_BROKEN = (
    AttributeError,
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


# how the header of an array is read, by its version
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an npz file, wherever the path leads.

    Raises:
        OSError: when the file cannot be read.
        ValueError: when it is not an npz file of plain arrays.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file")
    with path.open("rb") as file:
        return arrays_in(file)


def arrays_in(file: BinaryIO) -> dict[str, np.ndarray]:
    """All arrays of an npz file that is open. Raises ValueError when it is not an npz file of plain arrays."""
    try:
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("it holds a single array, not an archive of named ones")
        with archive:
            arrays = {name: archive[name] for name in archive.files}
    except _BROKEN as error:
        raise ValueError(str(error) or type(error).__name__) from None
    if not all(isinstance(values, np.ndarray) for values in arrays.values()):
        raise ValueError("it holds something that is not an array")
    return arrays


def write_npz(path: Path, arrays: Mapping[str, Any]) -> None:
    """Replace an npz file. Raises OSError."""
    replace_file(path, lambda out: np.savez(out, allow_pickle=False, **arrays))


def shapes_in(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays in an npz file, from their headers alone.

    Raises:
        OSError, ValueError: as ``read_npz``.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file")
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return {name.removesuffix(".npy"): _shape_in(archive, name) for name in archive.namelist()}
        except _BROKEN as error:
            raise ValueError(str(error) or type(error).__name__) from None


def _shape_in(archive: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    with archive.open(name) as member:
        shape, _, _ = _HEADERS[np.lib.format.read_magic(member)](member)
        return tuple(shape)
