"""The trained layers of one run as one vector, end to end: output weights first, then rows, then biases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.training.layers import separated, together
from featlearn.training.stages import Layer


@dataclass(frozen=True)
class Trained:
    """Which entries of a vector are which weights.

    Attributes:
        train: the trained layers.
        biased: whether the rows have biases.
    """

    train: tuple[Layer, ...]
    biased: bool = False

    def vector(self, second: np.ndarray, first: np.ndarray) -> np.ndarray:
        """The trained ones among the layers of (1, m), (1, m, d) as (n,) float64."""
        layers = separated(second, first, self.biased)
        return np.concatenate([layers[name].ravel() for name in layers if name in self.train]).astype(np.float64)

    def parts(self, x: np.ndarray, second: np.ndarray, first: np.ndarray) -> dict[Layer, np.ndarray]:
        """The entries of a vector by trained layer, each end to end: views of it; the layers say how many they are."""
        found, used = {}, 0
        for name, values in separated(second, first, self.biased).items():
            if name in self.train:
                found[name] = x[used : used + values.size]
                used += values.size
        return found

    def layers(self, x: np.ndarray, second: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both layers: the trained ones those of a vector, the others as given; in the types of the given."""
        layers = separated(second, first, self.biased)
        for name, values in self.parts(x, second, first).items():
            layers[name] = values.reshape(layers[name].shape).astype(layers[name].dtype)
        return together(layers)
