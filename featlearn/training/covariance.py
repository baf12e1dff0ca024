"""Gaussian inputs with a covariance Σ, as standard ones seen through rows of other lengths (docs/theory.md §12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from featlearn.theory.activations import Array
from featlearn.training.batched import Batched


@dataclass(frozen=True)
class Root(Batched):
    """R = Σ^{1/2} of the inputs x = R z, z ~ N(0, I), of each run: a diagonal, or the identity and a spike.

    A neuron with the row w is φ̃(w·x) = φ̃(Rw·z): of standard inputs, with the image Rw as its row. R is symmetric, and
    maps a gradient in Rw to that in w.

    Attributes:
        diagonal: (B, d) entries of R, positive; None for a spike.
        direction, excess: (B, d) unit vectors v, and (B,) the c in R = I + c v vᵀ, which is √(1 + s) − 1 for
            Σ = I + s v vᵀ; None for a diagonal. Arrays are of NumPy, or those of a namespace that they were converted
            to.
    """

    diagonal: Any = None
    direction: Any = None
    excess: Any = None

    @classmethod
    def of_diagonal(cls, variances: np.ndarray) -> Self:
        """That of Σ = diag(variances), (B, d), positive."""
        return cls(diagonal=np.sqrt(variances))

    @classmethod
    def of_spike(cls, strength: np.ndarray, direction: np.ndarray) -> Self:
        """That of Σ = I + s v vᵀ, s (B,) ≥ 0 and v (B, d) of norm 1."""
        return cls(direction=direction, excess=strength / (np.sqrt(1 + strength) + 1))

    def with_biases(self) -> Self:
        """The same for rows with biases, which stay what they are."""
        pad = (0, 0), (0, 1)
        if self.diagonal is not None:
            return type(self)(diagonal=np.pad(self.diagonal, pad, constant_values=1.0))
        return type(self)(direction=np.pad(self.direction, pad), excess=self.excess)

    @property
    def is_spike(self) -> bool:
        return self.diagonal is None

    def applied(self, rows: Array) -> Array:
        """The images R w of rows (B, n, d); equal rows have equal images, to the last bit."""
        if self.diagonal is not None:
            return rows * self.diagonal[:, None]
        along = (rows * self.direction[:, None]).sum(-1)[..., None]
        return rows + along * (self.excess[:, None, None] * self.direction[:, None])

    def largest(self) -> np.ndarray:
        """(B,) the norm of R, by which images are longer at most."""
        return np.asarray(1 + self.excess if self.diagonal is None else np.max(self.diagonal, -1))

    def converted(self, to: Callable[[np.ndarray], Any]) -> Self:
        """The same with converted arrays."""
        if self.diagonal is not None:
            return type(self)(diagonal=to(self.diagonal))
        return type(self)(direction=to(self.direction), excess=to(self.excess))

    def turned(self, basis: np.ndarray, more: int) -> Self:
        """A spike in the coordinates of orthonormal rows (B, r, d) whose span holds v, and ``more`` of zeros."""
        inside = (basis @ self.direction[..., None])[..., 0]
        return type(self)(direction=np.pad(inside, ((0, 0), (0, more))), excess=self.excess)
