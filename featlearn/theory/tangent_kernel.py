"""The neural tangent kernel of a network at given inputs: how alike its gradients there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from featlearn.theory import biases

if TYPE_CHECKING:
    from featlearn.theory.activations import Activation

PROBE_INPUTS = 32  # the number of inputs at which ``kernel_motion`` is computed
MOST_PROBE_DIMENSIONS = 100_000  # above, there is no probe: its inputs would be larger than most networks
_VALUES_IN_CACHE = 2**13  # Runs are taken together while the neurons have no more values at the inputs.


def neural_tangent_kernel(
    activation: Activation, second_layer: np.ndarray, first_layer: np.ndarray, inputs: np.ndarray
) -> np.ndarray:
    """K(x, x′) = ∇_θ f(x)·∇_θ f(x′) over the weights θ of both layers, of f(x) = Σ_j a_j φ̃(w_j·x).

    With z = w_j·x the gradients are ∂f/∂a_j = φ̃(z) and
    ∂f/∂w_j = a_j [∂φ̃/∂z x + 2 ∂φ̃/∂q w_j] = α_j(x) x + β_j(x) w_j (q = ‖w_j‖²), so that

        K = Σ_j φ̃(z)φ̃(z′) + α α′ (x·x′) + α z β′ + β α′ z′ + β β′ ‖w_j‖².

    With biases and dropped degrees there is γ_j(x) = a_j ∂φ̃/∂b beside, x meets w_j as z − b_j and the bias as 1.
    Where φ is homogeneous of degree 1, μ1′ = 0 and β does not depend on x: two of the sums are then of numbers.

    Args:
        second_layer, first_layer: (B, m), (B, m, d) weights, float64.
        inputs: (B, P, d) the points x.
    Returns:
        (B, P, P). A zero row has the gradient that the training steps give it.
    Accuracy: rounding (tests/theory/test_tangent_kernel.py, an explicit Jacobian).
    Source: Jacot, Gabriel & Hongler 2018, with the inner product of plain weights; derived in docs/regimes.md §4.
    """
    found = []
    for part in _parts(first_layer, inputs):
        points = inputs[part]
        found.append(_kernel(activation, second_layer[part], first_layer[part], points, None, points @ points.mT))
    return np.concatenate(found)


def tangent_kernel_distance(
    activation: Activation,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    inputs: np.ndarray,
    products: np.ndarray,
    other: np.ndarray,
    multiplicity: np.ndarray | None = None,
) -> np.ndarray:
    """‖K − K′‖ (Frobenius) of the ``neural_tangent_kernel`` and another kernel K′, (B,), without keeping K.

    Args:
        products: (B, P, P) of the inputs with one another.
        other: (B, P, P) K′.
        multiplicity: (B, m) how many neurons each is, which coincide up to the symmetry of φ̃; None for one each. Other
            arguments as there.
    """
    distance = np.empty(len(inputs))
    for part in _parts(first_layer, inputs):
        layers, counts = (second_layer[part], first_layer[part]), None if multiplicity is None else multiplicity[part]
        kernel = _kernel(activation, *layers, inputs[part], counts, products[part])
        kernel -= other[part]
        flat = kernel.reshape(len(kernel), -1)
        np.einsum("bi,bi->b", flat, flat, out=distance[part])
    return np.sqrt(distance, out=distance)


def _parts(first_layer: np.ndarray, inputs: np.ndarray) -> list[slice]:
    """Runs that are taken together."""
    together = max(1, _VALUES_IN_CACHE // max(1, first_layer.shape[1] * inputs.shape[1]))
    return [slice(begin, begin + together) for begin in range(0, len(inputs), together)]


def _kernel(
    activation: Activation,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    inputs: np.ndarray,
    multiplicity: np.ndarray | None,
    products: np.ndarray,
) -> np.ndarray:
    z = first_layer @ inputs.mT  # (B, m, P)
    biased = activation.biased is not None and activation.drop_hermite_below > 0
    if biased:
        q, b = biases.squares(activation, first_layer)[..., None], first_layer[..., -1:]
        value, along_input, by_square, by_bias = biases.parts(activation, z, q, b)
    else:
        q = np.einsum("...d,...d->...", first_layer, first_layer)[..., None]
        value, along_input = activation.pointwise(z, q), activation.pointwise_prime(z, q)
    weights = second_layer[..., None]
    if multiplicity is not None:  # equal terms of a sum of products
        root = np.sqrt(multiplicity)[..., None]
        value, weights = root * value, root * weights
    along_input = weights * along_input
    kernel = _gram(along_input)
    kernel *= products
    kernel += _gram(value)
    if activation.drop_hermite_below:
        if biased:
            along_row, along_bias = 2 * weights * by_square, weights * by_bias
            kernel += _gram(along_bias)
            along_bias = along_input.mT @ along_bias
            kernel += along_bias
            kernel += along_bias.mT
            along_input *= z - b
        else:
            along_row = 2 * weights * activation.pointwise_by_square(z, q)  # (B, m, P), or (B, m, 1)
            along_input *= z
        crossed = along_input.mT @ along_row
        own = along_row * np.sqrt(q)
        kernel += crossed
        kernel += crossed.mT
        kernel += own.mT @ own
    return np.asarray(kernel)


def _gram(columns: np.ndarray) -> np.ndarray:
    """The products of the columns with one another, (B, m, P) → (B, P, P).

    A copy keeps NumPy from the routine for a matrix and its own transpose, which takes twice the time for small ones.
    """
    return columns.mT @ columns.copy()
