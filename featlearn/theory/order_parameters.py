"""Online descent as a recursion for its order parameters: output weights a, Q = W Wᵀ and M = W W*ᵀ (Saad & Solla
1995).

Given a, Q and M, the means of their next values are closed functions of them, at every dimension d and batch size b.
The recursion takes these means for the values, whose fluctuations are of the order 1/√d when steps are of the order
1/d. Derived in docs/theory.md §13.

All functions are of one run. The joined rows v = (w, v*), those of the student first, have the products ``gram``
(m + n, m + n), with Q and M in its upper left and right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.theory.activations import Activation


@dataclass(frozen=True)
class OnlineDescent:
    """Descent on fresh batches: f = α Σ_j a_j φ̃(w_j·x), labels Σ_k b_k φ̃(v*_k·x) + σ ε.

    Attributes:
        activation: one with ``slope_products``.
        target: (n,) b.
        scale: α.
        input_dim, batch_size: d and b.
        noise_std: σ.
        trains_second, trains_first: which layers move.
    """

    activation: Activation
    target: np.ndarray
    scale: float
    input_dim: int
    batch_size: int
    noise_std: float
    trains_second: bool
    trains_first: bool

    def change(
        self, second_layer: np.ndarray, gram: np.ndarray, step_size: float, weight_decay: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """The mean changes of a, (m,), and of ``gram`` in a step of size η with weight decay λ.

        ΔM = −η D W*ᵀ and ΔQ = −η (D Wᵀ + W Dᵀ) + η² (D Dᵀ + (E[g gᵀ] − G Gᵀ)/b) with G = ∂L/∂W, D = G + λW, and g the
        gradient of one sample.

        Source: derived in docs/theory.md §13.
        """
        m = len(second_layer)
        output = self.scale * second_layer
        c = np.concatenate([output, -self.target])
        q = np.diagonal(gram)
        kernel, k_s, k_q = self.activation.kernel(np, q[:m, None], q[None, :], gram[:m])
        by_output = np.zeros(m)
        if self.trains_second:
            by_output = -step_size * (2 * self.scale * (kernel @ c) + weight_decay * second_layer)
        changes = np.zeros_like(gram)
        if not self.trains_first:
            return by_output, changes
        slope = 2 * output[:, None] * k_s * c  # G in terms of the rows: G = slope · v
        slope[np.arange(m), np.arange(m)] += 4 * output * (k_q @ c)
        products = self.activation.slope_products
        assert products is not None
        each = 4 * np.outer(output, output) * products(gram, c, m, self.input_dim, self.noise_std**2)
        noise = (each - slope @ gram @ slope.T) / self.batch_size
        slope[np.arange(m), np.arange(m)] += weight_decay
        along = slope @ gram
        changes[:m] = -step_size * along
        changes[:, :m] += changes[:m].T
        changes[:m, :m] += step_size**2 * (along @ slope.T + noise)
        return by_output, changes


def rows_of(gram: np.ndarray) -> np.ndarray:
    """Rows (p, p) with the given products; eigenvalues below 0, which rounding makes, count as 0."""
    values, vectors = np.linalg.eigh(gram)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
