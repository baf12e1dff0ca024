"""Reading initial weights from an ``.npz`` file that somebody else may have made."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from featlearn.config.section import LARGEST_WEIGHT
from featlearn.config.student import FileInit
from featlearn.storage.digests import InvalidFile, check_digest
from featlearn.storage.npz import read_npz
from featlearn.training.networks import Network, with_bias_column


class InvalidWeights(InvalidFile):
    """A weight file that cannot be used; the message says why."""

    key = ("student", "init", "path")


def read_student(init: FileInit, width: int | None, input_dim: int, *, new_biases: bool = False) -> Network:
    """The student in the file of an initialisation, float64; its biases are the last column where they are wanted.

    Args:
        width: how many rows it must have; None takes any.
        input_dim: d, as the teacher has it.
        new_biases: whether the student gets others than those in the file.
    Raises:
        InvalidWeights: when the file is missing, broken, changed or of the wrong shape.
    """
    path = Path(init.path)
    try:
        check_digest(path, init.sha256)
        arrays = read_npz(path)
        first, second = arrays["first_layer"], arrays["second_layer"]
        biases = arrays["biases"] if init.biases is not None else np.zeros(second.shape)
    except InvalidFile as error:
        raise InvalidWeights(str(error)) from None
    except KeyError as error:
        raise InvalidWeights(f"{path} has no array {error}") from None
    except (OSError, ValueError) as error:
        raise InvalidWeights(f"{path} is not an .npz file with plain arrays: {error}") from None
    if first.ndim != 2 or second.shape != first.shape[:1] or first.shape[0] < 1 or biases.shape != second.shape:
        shapes = f"first_layer {first.shape}, second_layer {second.shape}"
        shapes += f", biases {biases.shape}" if init.biases is not None else ""
        raise InvalidWeights(f"{path}: expected shapes (m, d) and (m), got {shapes}")
    if first.shape[1] != input_dim:
        raise InvalidWeights(f"{path}: rows have {first.shape[1]} entries, the teacher's inputs {input_dim}")
    if width is not None and width != len(first):
        raise InvalidWeights(f"{path}: has {len(first)} rows, but student.width is {width}")
    if init.biases is None and not new_biases and "biases" in arrays:
        text = "has biases, and the student none: add init.biases: stored"
        raise InvalidWeights(f"{path}: {text} (or new ones, student.biases)")
    layers = second, first, biases
    if all(layer.dtype.kind in "fiu" for layer in layers):
        with np.errstate(over="ignore"):
            second, first, biases = (layer.astype(np.float64) for layer in layers)
        if all((np.abs(layer) <= LARGEST_WEIGHT).all() for layer in (second, first, biases)):
            student = Network(second, first)
            return student if init.biases is None else with_bias_column(student, biases)
    raise InvalidWeights(f"{path}: the weights must be finite real numbers, at most {LARGEST_WEIGHT:g}")
