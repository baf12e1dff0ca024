"""The trained layers of one run as one vector, end to end: output weights first, then rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.training.stages import Layer


@dataclass(frozen=True)
class Trained:
    """Which entries of a vector are which weights.

    Attributes:
        train: the trained layers.
    """

    train: tuple[Layer, ...]

    def vector(self, second: np.ndarray, first: np.ndarray) -> np.ndarray:
        """The trained ones among two layers (1, m), (1, m, d) as (n,) float64."""
        layers = {"second_layer": second, "first_layer": first}
        return np.concatenate([layers[name].ravel() for name in layers if name in self.train]).astype(np.float64)

    def layers(self, x: np.ndarray, second: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both layers: the trained ones those of a vector, the others as given; in the types of the given."""
        used = 0
        if "second_layer" in self.train:
            used = second.size
            second = x[:used].reshape(second.shape).astype(second.dtype)
        if "first_layer" in self.train:
            first = x[used:].reshape(first.shape).astype(first.dtype)
        return second, first
