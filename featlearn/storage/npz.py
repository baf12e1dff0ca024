"""``.npz`` files, which somebody else may have made: plain arrays only, nothing is ever unpickled."""

from __future__ import annotations

import errno
import io
import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Mapping
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
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)

_BEFORE_LENGTHS = 26  # bytes of the head of a member of an archive before the lengths of its name and of what follows


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


def arrays_at_end(file: BinaryIO, growing: Collection[str]) -> dict[str, np.ndarray]:
    """The arrays of an npz file that is not compressed; of those that grow the last entry alone, and no more is read.

    The checksums, which are of all entries, are not looked at.

    Returns:
        Arrays by name; the leading axis of those that grow has length 1, or 0 where there is no entry.
    Raises:
        ValueError: when it is not such a file.
    """
    if not _begins_with(file, b"PK"):
        raise ValueError("it does not begin as an archive does")
    try:
        with zipfile.ZipFile(file) as archive:
            members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
            return {name: _read_end(file, member, whole=name not in growing) for name, member in members.items()}
    except (*_BROKEN, struct.error) as error:
        raise ValueError(_told(error)) from None


def _read_end(file: BinaryIO, member: zipfile.ZipInfo, *, whole: bool) -> np.ndarray:
    """An array that lies in an archive as it is, or its last entry."""
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
        raise ValueError("it is compressed or encrypted")
    file.seek(member.header_offset + _BEFORE_LENGTHS)
    name, more = struct.unpack("<HH", file.read(4))
    file.seek(name + more, os.SEEK_CUR)
    shape, fortran_order, dtype = _layout_of(file)
    if fortran_order or dtype.hasobject or (not shape and not whole):
        raise ValueError("it holds something that is not a plain array")
    total = math.prod(shape) * dtype.itemsize
    if total > member.file_size:
        raise ValueError("it has fewer numbers than it says")
    shown = shape if whole else (min(shape[0], 1), *shape[1:])
    count = math.prod(shown) * dtype.itemsize
    file.seek(total - count, os.SEEK_CUR)
    content = file.read(count) if member.file_size <= os.fstat(file.fileno()).st_size else b""
    return np.frombuffer(content, dtype, math.prod(shown)).reshape(shown)


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
        return _layout_of(member)[0]


def _layout_of(member: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    """What the header of an array says: its shape, whether its first index is the fastest, and its type."""
    layout = np.lib.format
    headers = {(1, 0): layout.read_array_header_1_0, (2, 0): layout.read_array_header_2_0}  # by version
    shape, fortran_order, dtype = headers[layout.read_magic(member)](member)
    return tuple(shape), fortran_order, dtype
