"""The neural tangent kernel of a network at given inputs: how alike its gradients there are."""

from __future__ import annotations

import numpy as np

from featlearn.theory.activations import Activation

_VALUES_IN_CACHE = 2**13  # Runs are taken together while the neurons have no more values at the inputs.


def neural_tangent_kernel(
    activation: Activation, second_layer: np.ndarray, first_layer: np.ndarray, inputs: np.ndarray
) -> np.ndarray:
    """K(x, x′) = ∇_θ f(x)·∇_θ f(x′) over the weights θ of both layers, of f(x) = Σ_j a_j φ̃(w_j·x).

    With z = w_j·x the gradients are ∂f/∂a_j = φ̃(z) and
    ∂f/∂w_j = a_j [∂φ̃/∂z x + 2 ∂φ̃/∂q w_j] = α_j(x) x + β_j(x) w_j (q = ‖w_j‖²), so that

        K = Σ_j φ̃(z)φ̃(z′) + α α′ (x·x′) + α z β′ + β α′ z′ + β β′ ‖w_j‖².

    Where φ is homogeneous of degree 1, μ1′ = 0 and β does not depend on x: two of the sums are then of numbers.

    Args:
        second_layer, first_layer: (B, m), (B, m, d) weights, float64.
        inputs: (B, P, d) the points x.
    Returns:
        (B, P, P). A zero row has the gradient that the training steps give it.
    Accuracy: rounding (tests/theory/test_tangent_kernel.py, an explicit Jacobian).
    Source: Jacot, Gabriel & Hongler 2018, with the inner product of plain weights; derived in docs/regimes.md §4.
    """
    together = max(1, _VALUES_IN_CACHE // max(1, first_layer.shape[1] * inputs.shape[1]))
    arrays = second_layer, first_layer, inputs
    parts = [slice(begin, begin + together) for begin in range(0, len(inputs), together)]
    return np.concatenate([_kernel(activation, *(x[part] for x in arrays)) for part in parts])


def _kernel(
    activation: Activation, second_layer: np.ndarray, first_layer: np.ndarray, inputs: np.ndarray
) -> np.ndarray:
    q = np.sum(first_layer * first_layer, -1)[..., None]
    z = first_layer @ inputs.mT  # (B, m, P)
    value = activation.pointwise(z, q)
    along_input = second_layer[..., None] * activation.pointwise_prime(z, q)
    kernel = value.mT @ value + (along_input.mT @ along_input) * (inputs @ inputs.mT)
    if activation.drop_hermite_below:
        along_row = 2 * second_layer[..., None] * activation.pointwise_by_square(z, q)  # (B, m, P), or (B, m, 1)
        crossed = (along_input * z).mT @ along_row
        own = along_row * np.sqrt(q)
        kernel = kernel + (crossed + crossed.mT) + own.mT @ own
    return np.asarray(kernel)
