"""Reading ``.npz`` files that somebody else may have made: plain arrays only, nothing is ever unpickled."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an npz file.

    Raises:
        OSError: when the file cannot be read.
        ValueError: when it is not an npz file of plain arrays.
    """
    with path.open("rb") as file:
        try:
            arrays = np.load(file, allow_pickle=False)
            if not isinstance(arrays, np.lib.npyio.NpzFile):
                raise ValueError("it holds a single array, not an archive of named ones")
            with arrays:
                return {name: arrays[name] for name in arrays.files}
        except (EOFError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise ValueError(str(error)) from None
