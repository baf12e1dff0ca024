"""Reading ``.npz`` files that somebody else may have made: plain arrays only, nothing is ever unpickled."""

from __future__ import annotations

import errno
import zipfile
import zlib
from pathlib import Path

import numpy as np

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
    """All arrays of an npz file.

    Raises:
        OSError: when the file cannot be read.
        ValueError: when it is not an npz file of plain arrays.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file")
    with path.open("rb") as file:
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
