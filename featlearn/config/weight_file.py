"""Reading initial weights from an ``.npz`` file that somebody else may have made."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from featlearn.config.student import FileInit
from featlearn.storage.digests import InvalidFile, check_digest
from featlearn.storage.npz import read_npz
from featlearn.training.networks import Network


class InvalidWeights(InvalidFile):
    """A weight file that cannot be used; the message says why."""

    key = ("student", "init", "path")


def read_student(init: FileInit, width: int | None, input_dim: int) -> Network:
    """The student in the file of an initialisation, float64.

    Args:
        width: how many rows it must have; None takes any.
        input_dim: d, as the teacher has it.
    Raises:
        InvalidWeights: when the file is missing, broken, changed or of the wrong shape.
    """
    path = Path(init.path)
    try:
        check_digest(path, init.sha256)
        arrays = read_npz(path)
        first, second = arrays["first_layer"], arrays["second_layer"]
    except InvalidFile as error:
        raise InvalidWeights(str(error)) from None
    except KeyError as error:
        raise InvalidWeights(f"{path} has no array {error}") from None
    except (OSError, ValueError) as error:
        raise InvalidWeights(f"{path} is not an .npz file with plain arrays: {error}") from None
    if first.ndim != 2 or second.shape != first.shape[:1] or first.shape[0] < 1:
        shapes = f"first_layer {first.shape}, second_layer {second.shape}"
        raise InvalidWeights(f"{path}: expected shapes (m, d) and (m), got {shapes}")
    if first.shape[1] != input_dim:
        raise InvalidWeights(f"{path}: rows have {first.shape[1]} entries, the teacher's inputs {input_dim}")
    if width is not None and width != len(first):
        raise InvalidWeights(f"{path}: has {len(first)} rows, but student.width is {width}")
    if first.dtype.kind in "fiu" and second.dtype.kind in "fiu":
        with np.errstate(over="ignore"):
            student = Network(second.astype(np.float64), first.astype(np.float64))
        if np.isfinite(student.first_layer).all() and np.isfinite(student.second_layer).all():
            return student
    raise InvalidWeights(f"{path}: the weights must be finite real numbers")
