"""Second derivatives of what a target has in common with neurons, E[φ̃(w_j·x) f*(x)], in their rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Bends(NamedTuple):
    """∂²E[φ̃_j f*]/∂w_j∂w_jᵀ = alone_j I + Σ_pq inner_j,pq b_j,p b_j,qᵀ for m neurons, in few vectors b.

    Attributes:
        alone, vectors, inner: (m,), (m, p, d), (m, p, p).
    """

    alone: np.ndarray
    vectors: np.ndarray
    inner: np.ndarray

    def product(self, moved: np.ndarray) -> np.ndarray:
        """The changes (m, d) of ∇E[φ̃_j f*] along directions (m, d) of the rows."""
        along = np.einsum("mpd,md->mp", self.vectors, moved)
        return np.asarray(
            self.alone[:, None] * moved + np.einsum("mpq,mq,mpd->md", self.inner, along, self.vectors, optimize=True)
        )

    def block(self, j: int) -> np.ndarray:
        """All second derivatives of one neuron, (d, d)."""
        vectors = self.vectors[j]
        return np.asarray(self.alone[j] * np.eye(vectors.shape[1]) + vectors.T @ self.inner[j] @ vectors)
