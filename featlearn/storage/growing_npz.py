"""Npz files whose arrays grow at the end of their first axis, without being written again.

An npz file is an archive of members that are stored as they are, one for each array, and a directory of them at the
end. Here each array that grows has its own stretch of the file, the last one without a limit; new entries are written
where they belong, and after them the few hundred bytes that say how long the arrays are. The checksum of a member is
composed of those of its header and of its entries. ``np.load`` reads the file after every ``write``.
"""

from __future__ import annotations

import io
import math
import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np

from featlearn.storage.opening import open_regular
from featlearn.storage.replacement import sync_directory

MOST_PENDING = 2**26  # bytes that wait in memory until they are written
_PIECE = 2**20  # bytes that are written at a time, or read to check them
_POLYNOMIAL = 0xEDB88320  # the polynomial of CRC-32, bits reversed

Entry: TypeAlias = "Mapping[str, np.ndarray]"  # what an append adds to each array that grows


class GrowingNpz:
    """A file that is being written; whoever does so holds the lock of its directory."""

    def __init__(self, path: Path, fixed: Entry, like: Entry, capacity: int) -> None:
        """Nothing is written yet.

        Args:
            fixed: the arrays that do not grow.
            like: an entry; all have its names, shapes and types. The largest should be the last.
            capacity: how many entries there can be at most.
        """
        self.path = path
        self._fixed = {name: np.asarray(values) for name, values in fixed.items()}
        self._arrays: list[_Array] = []
        offset = 0
        kinds = [(name, np.empty(x.shape[1:], x.dtype), len(x)) for name, x in self._fixed.items()]
        kinds += [(name, np.asarray(values), capacity) for name, values in like.items()]
        for name, value, most in kinds:
            array = _Array(name, value.dtype, value.shape, offset)
            self._arrays.append(array)
            offset = array.begin + most * array.entry_bytes
        self._growing = self._arrays[len(self._fixed) :]
        self._bytes_of_an_entry = sum(array.entry_bytes for array in self._growing)
        self._pending: list[Entry] = []
        self._is_there = False  # whether the file is on the disk, and is ours to go on with
        self._is_synced = True

    @property
    def count(self) -> int:
        """The entries so far."""
        return self._growing[0].count + len(self._pending)

    @property
    def sums(self) -> tuple[int, ...]:
        """The checksums of the arrays that grow, as far as they are written."""
        return tuple(array.sum for array in self._growing)

    def append(self, entry: Entry) -> None:
        """Add an entry. It is kept in memory until ``write`` or ``sync``, or until it takes too much of it."""
        self._pending.append({name: np.asarray(values) for name, values in entry.items()})
        if len(self._pending) * self._bytes_of_an_entry > MOST_PENDING:
            self.write()

    def write(self) -> None:
        """Hand all entries so far to the system. Raises OSError; what was pending then stays so."""
        if not self._pending:
            return
        before = [(array.count, array.sum) for array in self._growing]
        try:
            with self._opened() as file:
                for array in self._growing:
                    array.put(file, [entry[array.name] for entry in self._pending])
                self._seal(file)
        except OSError:
            for array, (count, total) in zip(self._growing, before, strict=True):
                array.count, array.sum = count, total
            with suppress(OSError), self._opened() as file:  # a full disk still takes what fits in place
                self._seal(file)
            raise
        self._pending, self._is_synced = [], False

    def sync(self) -> None:
        """Let all entries so far be on the disk. Raises OSError."""
        self.write()
        if self._is_synced:
            return
        with self._opened() as file:
            os.fsync(file.fileno())
        sync_directory(self.path.parent)  # the file may be new
        self._is_synced = True

    def keep(self, count: int, sums: Sequence[int]) -> None:
        """Go on with a file that is there, after its first entries; later ones are cut off.

        Args:
            sums: the checksums of the arrays that grow when they had so many entries.
        Raises:
            ValueError: when the file does not hold these entries; it stays as it was.
            OSError: when it cannot be opened.
        """
        with self._opened_as_it_is() as file:
            if tuple(array.sum_in(file, count) for array in self._growing) != tuple(sums):
                raise ValueError(f"it does not hold the {count} entries that were written")
            for array, total in zip(self._growing, sums, strict=True):
                array.count, array.sum = count, total
            self._write_fixed(file)
            self._seal(file)
        self._is_there, self._is_synced = True, False

    def _opened(self) -> BinaryIO:
        """The file, which is made anew unless it is ours: whatever has its name is removed."""
        if not self._is_there:
            with suppress(FileNotFoundError):
                self.path.unlink()
            file = os.fdopen(open_regular(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL), "r+b")
            self._write_fixed(file)
            self._is_there = True
            return file
        return self._opened_as_it_is()

    def _opened_as_it_is(self) -> BinaryIO:
        return os.fdopen(open_regular(self.path, os.O_RDWR), "r+b")

    def _write_fixed(self, file: BinaryIO) -> None:
        for array in self._arrays[: len(self._fixed)]:
            array.count = array.sum = 0
            array.put(file, list(self._fixed[array.name]))

    def _seal(self, file: BinaryIO) -> None:
        """Say how long the arrays are: before each of them, and in the directory after the last."""
        members = []
        for array in self._arrays:
            head, member = array.head()
            file.seek(array.offset)
            file.write(head)
            members.append(member)
        file.seek(self._arrays[-1].end)
        with zipfile.ZipFile(file, "w") as archive:
            archive.filelist.extend(members)
        file.truncate()


class _Array:
    """Where an array lies in the file, how many entries it has, and their checksum."""

    def __init__(self, name: str, dtype: np.dtype, shape: tuple[int, ...], offset: int) -> None:
        """``dtype`` and ``shape`` are those of one entry."""
        self.name, self.dtype, self.shape, self.offset = name, dtype, shape, offset
        self.entry_bytes = dtype.itemsize * math.prod(shape)
        self.count = self.sum = 0
        self.begin = offset + len(self.head()[0])  # NumPy pads its headers so that they keep their length

    @property
    def end(self) -> int:
        return self.begin + self.count * self.entry_bytes

    def put(self, file: BinaryIO, entries: Sequence[np.ndarray]) -> None:
        """Write the next entries."""
        for values in entries:
            if (values.dtype, values.shape) != (self.dtype, self.shape):
                raise ValueError(f"{self.name}: {values.dtype} {values.shape} is not {self.dtype} {self.shape}")
        for begin in range(0, len(entries), together := max(1, _PIECE // max(1, self.entry_bytes))):
            some = entries[begin : begin + together]
            content = b"".join(np.ascontiguousarray(values).tobytes() for values in some)
            file.seek(self.end)
            file.write(content)
            self.count, self.sum = self.count + len(some), zlib.crc32(content, self.sum)

    def sum_in(self, file: BinaryIO, count: int) -> int | None:
        """The checksum of the first entries that a file holds; None when it does not hold so many."""
        file.seek(self.begin)
        total, left = 0, count * self.entry_bytes
        while left:
            content = file.read(min(left, _PIECE))
            if not content:
                return None
            total, left = zlib.crc32(content, total), left - len(content)
        return total

    def head(self) -> tuple[bytes, zipfile.ZipInfo]:
        """What stands before the entries, and the member of the archive."""
        header = io.BytesIO()
        about = {"descr": self.dtype.str, "fortran_order": False, "shape": (self.count, *self.shape)}
        np.lib.format.write_array_header_1_0(header, about)
        length = self.count * self.entry_bytes
        member = zipfile.ZipInfo(f"{self.name}.npy")
        member.header_offset = self.offset
        member.file_size = member.compress_size = len(header.getvalue()) + length
        member.CRC = _sum_of_both(zlib.crc32(header.getvalue()), self.sum, length)
        return member.FileHeader(zip64=True) + header.getvalue(), member


def _sum_of_both(first: int, second: int, length: int) -> int:
    """The CRC-32 of two texts, one after the other, from that of each and the length of the second.

    Checksums are polynomials over GF(2) modulo that of CRC-32: ``length`` bytes after a text multiply its own by
    x^(8·length).
    """
    return _product(_shift(length), first) ^ second


@lru_cache  # the files of a sweep have arrays of the same lengths
def _shift(length: int) -> int:
    """x^(8·length)."""
    power, shift = 1 << 23, 1 << 31  # x⁸ and 1; the highest bit is the constant term
    while length:
        if length & 1:
            shift = _product(shift, power)
        power, length = _product(power, power), length >> 1
    return shift


def _product(a: int, b: int) -> int:
    """The product of two polynomials modulo that of CRC-32."""
    product = 0
    for bit in range(31, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = b >> 1 ^ (_POLYNOMIAL if b & 1 else 0)
    return product
