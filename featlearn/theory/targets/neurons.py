"""Targets that are sums of neurons, of the student's activation or of another."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from featlearn.theory import biases, population
from featlearn.theory.activations import Activation, Array
from featlearn.theory.pair_vectors import PairBends
from featlearn.theory.targets.cross import cross_kernel, cross_kernel_with_biases
from featlearn.theory.targets.cross_bends import cross_bends
from featlearn.theory.targets.interface import Moments


@dataclass(frozen=True)
class NeuronTarget:
    """f*(x) = Σ_k a*_k g̃(w*_k·x).

    Attributes:
        activation: g̃, with what it drops.
        second_layer, first_layer: (B, m*), (B, m*, d); NumPy arrays, or of the namespace that ``moments`` is given.
    """

    activation: Activation
    second_layer: Any
    first_layer: Any

    @property
    def directions(self) -> np.ndarray:
        """The rows, (B, m*, d)."""
        return np.asarray(self.first_layer)

    @property
    def neurons(self) -> tuple[np.ndarray, np.ndarray]:
        """a* and w*."""
        return np.asarray(self.second_layer), np.asarray(self.first_layer)

    def values(self, inputs: np.ndarray) -> np.ndarray:
        """f*(x) at inputs (B, n, d), (B, n)."""
        values = biases.neurons(self.activation, self.first_layer, inputs)
        return np.asarray((values @ self.second_layer[..., None])[..., 0])

    def moments(self, activation: Activation, first_layer: Array, xp: ModuleType = np) -> Moments:
        """Σ_k a*_k K(w_j, w*_k) with the kernel of the two, and its gradients Σ_k a*_k [∂_s K w*_k + 2 ∂_q K w_j].

        Args:
            first_layer: (B, m, d) rows w_j, any norm.
        Raises:
            ValueError: when the pair of activations has no closed kernel (``cross.cross_kernel``).
        Accuracy, Source: as ``cross_kernel``.
        """
        if activation.biased is not None:
            kernel, teacher = (
                cross_kernel_with_biases(activation, self.activation),
                (self.second_layer, self.first_layer),
            )
            return Moments(*biases.pulled(activation, first_layer, *teacher, xp, kernel))
        rows, column = self.first_layer, self.second_layer[..., None]
        q_u, q_v = xp.sum(first_layer * first_layer, -1)[..., None], xp.sum(rows * rows, -1)[:, None, :]
        k, k_s, k_q = cross_kernel(activation, self.activation)(xp, q_u, q_v, first_layer @ rows.mT)
        by_row = (k_s * self.second_layer[:, None, :]) @ rows + 2 * (k_q @ column) * first_layer
        return Moments((k @ column)[..., 0], by_row)

    def bends(self, activation: Activation, first_layer: np.ndarray) -> PairBends:
        """Those of Σ_k a*_k K(w_j, w*_k) by the rows (m, d) of one run.

        Accuracy: 1e-10 (tests/theory/targets/test_cross_bends.py, differences in a hundred digits).
        """
        return cross_bends(activation, self.activation, first_layer, self.second_layer[0], self.first_layer[0])

    def squared_norm(self) -> np.ndarray:
        """‖f*‖², (B,)."""
        return population.squared_norm(self.activation, self.second_layer, self.first_layer)

    def mass(self) -> np.ndarray:
        """Σ_k |a*_k| √scale, (B,)."""
        squares = np.sum(self.first_layer * self.first_layer, -1)
        return np.asarray(np.sum(np.abs(self.second_layer) * np.sqrt(self.activation.rounding_scale(squares)), -1))
