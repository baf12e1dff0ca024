"""How far a teacher is from missing a direction: the eigenvalues of H = Σ a*_k w*_k w*_kᵀ on its span."""

from __future__ import annotations

import numpy as np

from featlearn.theory.span import basis_of_span


def conditioning(second_layer: np.ndarray, first_layer: np.ndarray) -> float:
    """The ratio of the least to the largest absolute eigenvalue of H on the span of the rows, in [0, 1].

    Args:
        second_layer, first_layer: (m*), (m*, d) of a teacher.
    """
    inside = first_layer @ basis_of_span(first_layer).T
    return float(least_to_largest(inside.T @ (second_layer[:, None] * inside)))


def least_to_largest(matrices: np.ndarray) -> np.ndarray:
    """(…) the ratio of the least to the largest absolute eigenvalue of symmetric matrices, (…, r, r); 0 for zeros."""
    sizes = np.abs(np.linalg.eigvalsh(matrices))
    least, largest = sizes.min(-1), sizes.max(-1)
    return np.divide(least, largest, out=np.zeros_like(largest), where=largest > 0)
