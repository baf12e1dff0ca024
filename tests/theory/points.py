"""Points at which losses and gradients are compared, and the loss there in fifty digits."""

from typing import Any

import numpy as np

from featlearn.theory.activations import Activation
from tests.theory import exact

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # a (B, m), W (B, m, d), a* (B, m*), W* (B, m*, d)


def generic(seed: int, m: int = 4, d: int = 3, width: int = 2, runs: int = 1) -> Arrays:
    rng = np.random.default_rng(seed)
    teacher = rng.standard_normal((runs, width, d))
    teacher /= np.linalg.norm(teacher, axis=-1, keepdims=True)
    return (
        rng.standard_normal((runs, m)),
        rng.standard_normal((runs, m, d)),
        rng.standard_normal((runs, width)),
        teacher,
    )


def split(arrays: Arrays, parts: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """The teacher as a student: every neuron in ``parts`` of unequal output weight."""
    _, _, a, w = arrays
    shares = np.arange(1.0, parts + 1) / np.sum(np.arange(1.0, parts + 1))
    return np.concatenate([share * a for share in shares], -1), np.concatenate([w] * parts, -2)


def exact_loss(entry: Activation, arrays: Arrays, run: int = 0) -> Any:
    return exact.loss(entry.name, entry.drop_hermite_below, *(x[run] for x in arrays))
