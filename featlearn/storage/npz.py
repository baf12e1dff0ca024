"""``.npz`` files, which somebody else may have made: plain arrays only, nothing is ever unpickled."""

from __future__ import annotations

import errno
import io
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


def read_npy(path: Path) -> np.ndarray:
    """The array of an npy file. Raises OSError, ValueError: as ``read_npz``."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file")
    with path.open("rb") as file:
        if not _begins_with(file, np.lib.format.MAGIC_PREFIX):
            raise ValueError("it does not begin as an array does")
        try:
            return np.lib.format.read_array(file, allow_pickle=False)
        except _BROKEN as error:
            raise ValueError(_told(error)) from None


def _begins_with(file: BinaryIO, mark: bytes) -> bool:
    start = file.read(len(mark))
    file.seek(-len(start), io.SEEK_CUR)
    return start == mark


def _told(error: BaseException) -> str:
    """What a reader says; where it advises to load Python objects, which could execute, that they are never loaded."""
    text = str(error) or type(error).__name__
    return "it holds Python objects, which are never loaded" if "pickle" in text else text


def arrays_in(file: BinaryIO) -> dict[str, np.ndarray]:
    """All arrays of an npz file that is open. Raises ValueError when it is not an npz file of plain arrays."""
    if _begins_with(file, np.lib.format.MAGIC_PREFIX):
        raise ValueError("it holds a single array, not an archive of named ones")
    if not _begins_with(file, b"PK"):
        raise ValueError("it does not begin as an archive does")
    try:
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except _BROKEN as error:
        raise ValueError(_told(error)) from None
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
            raise ValueError(_told(error)) from None


def _shape_in(archive: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    with archive.open(name) as member:
        layout = np.lib.format
        headers = {(1, 0): layout.read_array_header_1_0, (2, 0): layout.read_array_header_2_0}  # by version
        shape, _, _ = headers[layout.read_magic(member)](member)
        return tuple(shape)
