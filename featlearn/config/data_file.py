"""Reading somebody's own data: inputs and labels from a table or from arrays, every fault named.

Formats go by the name of the file: ``.csv``, ``.tsv``, ``.txt``, ``.dat`` (also with ``.gz``), ``.npz``, ``.npy``,
``.parquet``. Nothing that is read can execute.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from featlearn.config.data_columns import InvalidData, Wanted
from featlearn.config.data_text import read_text, without_index
from featlearn.storage.digests import InvalidFile, check_digest
from featlearn.storage.errors import Caution
from featlearn.storage.npz import read_npy, read_npz

LARGEST_MEAN_SQUARE = 10.0  # of the entries of inputs, 1 for x ~ N(0, I): outside, they are called unstandardised
SMALLEST_MEAN_SQUARE = 0.1


def read_data(path: Path, sha256: str | None, wanted: Wanted) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (n, d) and labels (n,) of a data file, float64 and not to be written to.

    Args:
        path: its name says what it is.
        sha256: the digest that the file must have; None takes any.
        wanted: which columns or arrays to take.
    Warns:
        Caution: of inputs that look unstandardised, when the file is read.
    Raises:
        InvalidData: with file, line (of a text) and fault.
    """
    if _kind(path) not in _READERS:
        raise InvalidData(f"{path} must be called {', '.join(_READERS)} (or .csv.gz) by its ending")
    try:
        return _read(path, check_digest(path, sha256), wanted)
    except InvalidData:
        raise
    except InvalidFile as error:
        raise InvalidData(str(error)) from None
    except MemoryError:
        raise InvalidData(f"{path} does not fit into memory") from None


def _kind(path: Path) -> str:
    """The ending of a name, without that of a compression of text."""
    ending = path.suffix.lower()
    inner = Path(path.stem).suffix.lower()
    return inner if ending == ".gz" and _READERS.get(inner) is read_text else ending


@lru_cache(maxsize=4)  # a configuration is checked and then built, and the runs of a sweep often share their data
def _read(path: Path, sha256: str, wanted: Wanted) -> tuple[np.ndarray, np.ndarray]:
    table = _READERS[_kind(path)](path, wanted)
    inputs, labels = np.ascontiguousarray(table[:, :-1]), table[:, -1].copy()
    if (told := unlike_gaussian(inputs)) is not None:
        warnings.warn(f"{path}: {told}", Caution, stacklevel=2)
    for values in (inputs, labels):
        values.flags.writeable = False
    return inputs, labels


def unlike_gaussian(inputs: np.ndarray) -> str | None:
    """What is said of inputs (n, d) that are far from N(0, I_d); None when they may be near."""
    with np.errstate(over="ignore"):
        mean_square = float(np.mean(inputs * inputs))
    if SMALLEST_MEAN_SQUARE <= mean_square <= LARGEST_MEAN_SQUARE:
        return None
    return (
        f"the inputs look unstandardised: their entries lie between {inputs.min():.3g} and {inputs.max():.3g}, with a "
        f"mean square of {mean_square:.3g}, and the exact moments of the student take them for N(0, 1); give each "
        "column mean 0 and variance 1, or expect training to diverge or to stand still"
    )


# --- arrays -------------------------------------------------------------------------------------


def _read_npz(path: Path, wanted: Wanted) -> np.ndarray:
    try:
        arrays = read_npz(path)
    except (OSError, ValueError) as error:
        raise InvalidData(f"{path} is not an .npz file with plain arrays: {error}") from None
    try:
        names = wanted.arrays(list(arrays))
    except InvalidData as error:
        raise InvalidData(f"{path} {error}") from None
    inputs, labels = (arrays[name] for name in names)
    shapes = f"{names[0]} {inputs.shape}, {names[1]} {labels.shape}"
    if inputs.ndim == 1 and wanted.input_dim in (None, 1):
        inputs = inputs[:, None]
    if inputs.ndim != 2 or labels.shape not in (inputs.shape[:1], (len(inputs), 1)) or not inputs.size:
        raise InvalidData(f"{path}: expected shapes (n, d) and (n) with n ≥ 1, got {shapes}")
    if wanted.input_dim not in (None, inputs.shape[1]):
        raise InvalidData(f"{path}: inputs have {inputs.shape[1]} entries, the teacher's {wanted.input_dim}")
    for name, values in zip(names, (inputs, labels), strict=True):
        _require_finite(path, name, values)
    with np.errstate(over="ignore"):  # of long doubles
        table = np.column_stack([inputs, labels.reshape(-1)]).astype(np.float64)
    if not np.isfinite(table).all():
        raise InvalidData(f"{path} has numbers that are too large for float64")
    return table


def _read_npy(path: Path, wanted: Wanted) -> np.ndarray:
    try:
        table = read_npy(path)
    except (OSError, ValueError) as error:
        raise InvalidData(f"{path} is not an .npy file with a plain array: {error}") from None
    if table.ndim != 2 or not table.size:
        text = "save inputs and labels in one .npz: np.savez(…, inputs=X, labels=y)"
        raise InvalidData(f"{path}: expected a table (n, d + 1) with n ≥ 1, got shape {table.shape}; {text}")
    names = [str(k + 1) for k in range(table.shape[1])]
    return _chosen(path, names, lambda k: table[:, k], wanted, named=False)


def _require_finite(path: Path, name: str, values: np.ndarray) -> None:
    if values.dtype.kind not in "fiu":
        raise InvalidData(f"{path}: expected real numbers, got {name} {values.dtype}")
    if not np.isfinite(values).all():
        first = np.argwhere(~np.isfinite(values))[0].tolist()
        raise InvalidData(f"{path}: {name}{first} is {values[tuple(first)]}, not a finite number")


def _chosen(
    path: Path, names: list[str], column: Callable[[int], np.ndarray], wanted: Wanted, *, named: bool
) -> np.ndarray:
    """The wanted columns of a table that is in memory."""
    try:
        columns = wanted.columns(names, named=named)
    except InvalidData as error:
        raise InvalidData(f"{path}: {error}") from None
    used = columns.used()
    values = {k: column(k) for k in used}
    for k in used:
        _require_finite(path, names[k], values[k])
    table = np.stack([values[k] for k in used], -1).astype(np.float64)
    if not len(table):
        raise InvalidData(f"{path} has no samples")
    return table if columns.index is None else without_index(table, str(path))


# --- Parquet ------------------------------------------------------------------------------------

Named: TypeAlias = "list[tuple[str, np.ndarray]]"
_LIBRARIES: dict[str, Callable[[Any, Path], Named]] = {  # that read Parquet, whichever is installed
    "polars": lambda polars, path: [(column.name, column.to_numpy()) for column in polars.read_parquet(path)],
    "pyarrow.parquet": lambda parquet, path: _of_pairs(parquet.read_table(path)),
    "pandas": lambda pandas, path: _of_pairs(pandas.read_parquet(path)),
}


def _of_pairs(table: Any) -> Named:
    names: Iterable[str] = getattr(table, "column_names", None) or table.columns
    return [(str(name), table[name].to_numpy()) for name in names]


def _read_parquet(path: Path, wanted: Wanted) -> np.ndarray:
    for name, read in _LIBRARIES.items():
        try:
            library = importlib.import_module(name)
        except ImportError:
            continue
        try:
            table = read(library, path)
        except Exception as error:  # each library has errors of its own
            raise InvalidData(f"{path} cannot be read as Parquet: {str(error).partition(chr(10))[0]:.200}") from None
        columns = [values for _, values in table]
        return _chosen(path, [name for name, _ in table], columns.__getitem__, wanted, named=True)
    text = "install pyarrow, polars or pandas, or write the data as .csv or .npz"
    raise InvalidData(f"{path} is Parquet, and no library that reads it is installed: {text}")


_READERS: dict[str, Callable[[Path, Wanted], np.ndarray]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".dat"), read_text),
    ".npz": _read_npz,
    ".npy": _read_npy,
    ".parquet": _read_parquet,
}
