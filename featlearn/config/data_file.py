"""Reading somebody's own data: inputs and labels from an ``.npz`` or a ``.csv`` file, every fault named.

npz: arrays ``inputs`` (n, d) and ``labels`` (n). csv: a header with the columns ``input_0`` … ``input_{d-1}`` and
``label`` in any order (``inputs_0``, ``labels`` will do), then a line for each sample, numbers with a decimal point.
"""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from featlearn.storage.digests import InvalidFile, check_digest
from featlearn.storage.npz import read_npz


class InvalidData(InvalidFile):
    """A data file that cannot be used; the message says where and why."""

    key = ("data", "path")


def read_data(path: Path, sha256: str | None, input_dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (n, d) and labels (n,) of a data file, float64 and not to be written to.

    Args:
        path: ends in .npz or .csv.
        sha256: the digest that the file must have; None takes any.
        input_dim: d, as the teacher has it.
    Raises:
        InvalidData: with file, line (of a csv) and fault.
    """
    if path.suffix.lower() not in (".npz", ".csv"):
        raise InvalidData(f"{path} must be an .npz or a .csv file, by its name")
    try:
        return _read(path, check_digest(path, sha256), input_dim)
    except InvalidData:
        raise
    except InvalidFile as error:
        raise InvalidData(str(error)) from None
    except MemoryError:
        raise InvalidData(f"{path} does not fit into memory") from None


@lru_cache(maxsize=1)  # a configuration is checked and then built, and the runs of a sweep often share their data
def _read(path: Path, sha256: str, input_dim: int) -> tuple[np.ndarray, np.ndarray]:
    read = _read_npz if path.suffix.lower() == ".npz" else _read_csv
    inputs, labels = read(path, input_dim)
    for values in (inputs, labels):
        values.flags.writeable = False
    return inputs, labels


def _read_npz(path: Path, input_dim: int) -> tuple[np.ndarray, np.ndarray]:
    try:
        arrays = read_npz(path)
        inputs, labels = arrays["inputs"], arrays["labels"]
    except KeyError as error:
        raise InvalidData(f"{path} has no array {error}; it needs inputs (n, d) and labels (n)") from None
    except (OSError, ValueError) as error:
        raise InvalidData(f"{path} is not an .npz file with plain arrays: {error}") from None
    if inputs.ndim != 2 or labels.shape != inputs.shape[:1] or not len(inputs):
        shapes = f"inputs {inputs.shape}, labels {labels.shape}"
        raise InvalidData(f"{path}: expected shapes (n, d) and (n) with n ≥ 1, got {shapes}")
    if inputs.shape[1] != input_dim:
        raise InvalidData(f"{path}: inputs have {inputs.shape[1]} entries, the teacher's {input_dim}")
    if inputs.dtype.kind not in "fiu" or labels.dtype.kind not in "fiu":
        raise InvalidData(f"{path}: expected real numbers, got inputs {inputs.dtype}, labels {labels.dtype}")
    with np.errstate(over="ignore"):  # long doubles may be too large for float64
        inputs, labels = (np.array(x, dtype=np.float64, order="C") for x in (inputs, labels))
    for name, values in (("inputs", inputs), ("labels", labels)):
        if not np.isfinite(values).all():
            first = np.argwhere(~np.isfinite(values))[0].tolist()
            raise InvalidData(f"{path}: {name}{first} is {values[tuple(first)]}, not a finite number")
    return inputs, labels


# --- csv ----------------------------------------------------------------------------------------


def _read_csv(path: Path, input_dim: int) -> tuple[np.ndarray, np.ndarray]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file, warnings.catch_warnings():
            names = [name.strip() for name in next(csv.reader(file), [])]
            order = _columns(path, names, input_dim)
            try:
                warnings.simplefilter("ignore")  # NumPy warns of a table without lines, which is refused below
                table = np.loadtxt(file, delimiter=",", comments=None, quotechar='"', ndmin=2)
            except ValueError as error:
                raise InvalidData(next(_faults(path, names), f"{path}: {error}")) from None
    except UnicodeDecodeError as error:
        raise InvalidData(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    except (OSError, csv.Error) as error:
        raise InvalidData(f"{path} cannot be read: {error}") from None
    if not table.size:
        raise InvalidData(f"{path} has a header and no samples")
    if table.shape[1] != len(names) or not np.isfinite(table).all():
        raise InvalidData(next(_faults(path, names), f"{path} is broken"))
    return np.ascontiguousarray(table[:, order[:-1]]), table[:, order[-1]].copy()


def _columns(path: Path, names: list[str], input_dim: int) -> list[int]:
    """Where input_0 … input_{d-1} and the label stand in the header."""
    wanted = [f"input_{k}" for k in range(input_dim)] + ["label"]
    known = {name: k for k, name in enumerate(wanted)}
    places: dict[int, int] = {}
    for place, name in enumerate(names):
        plain = re.sub(r"^inputs_", "input_", name) if name != "labels" else "label"
        if input_dim == 1 and name in ("input", "inputs"):
            plain = "input_0"
        if plain not in known:
            expected = f"{wanted[0]} … {wanted[-2]} and label" if input_dim > 1 else "input_0 and label"
            raise InvalidData(
                f"{path}:1: unknown column {name!r:.80}; expected {expected}, {input_dim} being input_dim"
            )
        if known[plain] in places:
            raise InvalidData(f"{path}:1: column {plain} is there twice")
        places[known[plain]] = place
    missing = [name for name, k in known.items() if k not in places]
    if missing:
        raise InvalidData(f"{path}:1: the header has no column {missing[0]} ({len(missing)} of {len(wanted)} missing)")
    return [places[k] for k in range(len(wanted))]


def _faults(path: Path, names: list[str]) -> Iterator[str]:
    """What is wrong with the lines of a csv file, each with its number."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        for cells in reader:
            place = f"{path}:{reader.line_num}"
            if reader.line_num == 1 or not any(cells):
                continue
            if len(cells) != len(names):
                yield f"{place}: has {len(cells)} cells, the header {len(names)}"
            for name, cell in zip(names, cells, strict=False):
                if not re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", cell, re.ASCII):
                    yield f"{place}: {name} is {cell.strip()!r:.80}, not a finite number"
                elif not np.isfinite(float(cell)):
                    yield f"{place}: {name} is {cell.strip()!r:.80}, too large for a number"
