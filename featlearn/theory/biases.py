"""Rows with biases: a neuron φ(w·x + b) is the row (w, b), and meets inputs (x, 1).

What only takes products of rows and inputs needs to know no more. Pairs of neurons do, and directions, which are those
of w. Whether rows have biases is said by their activation (``Activation.biased``).
"""

from __future__ import annotations

from math import factorial, sqrt
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from featlearn.theory.activations import Activation, Array
from featlearn.theory.activations.record import BiasedKernel, BiasedValues
from featlearn.theory.hermite import hermite_polynomials


def without_biases(activation: Activation, rows: Array) -> Array:
    """The rows w, (…, d), of rows (…, d + 1) that have biases; rows without are what they are."""
    return rows if activation.biased is None else rows[..., :-1]


def with_ones(activation: Activation, inputs: np.ndarray) -> np.ndarray:
    """The inputs (…, d) with a last coordinate of 1, where rows have biases."""
    if activation.biased is None:
        return inputs
    return np.concatenate([inputs, np.ones((*inputs.shape[:-1], 1), inputs.dtype)], -1)


def squares(activation: Activation, rows: Array, xp: Any = np) -> Array:
    """‖w‖² of rows (w, b), or of rows without biases."""
    w = without_biases(activation, rows)
    return xp.sum(w * w, -1)


# --- at inputs ----------------------------------------------------------------------------------


class Parts(NamedTuple):
    """φ̃ as a function of z = w·x + b, q = ‖w‖² and b, and its derivatives by each while the others are held."""

    value: Array
    by_z: Array
    by_q: Array
    by_b: Array


def parts(activation: Activation, z: Array, q: Array, b: Array, xp: Any = np) -> Parts:
    """Of neurons with biases that drop degrees, ℓ > 0, at preactivations z that q and b broadcast against.

    With u = (z − b)/√q they are φ(z) − Σ_{k<ℓ} c_k he_k(u), φ′(z) − Σ_{k<ℓ−1} d_k he_k(u),
    −½ Σ_{k=ℓ−2}^{ℓ−1} e_k he_k(u) and −d_{ℓ−1} he_{ℓ−1}(u), with c, d, e of φ, φ′, φ″ (docs/theory.md §16).
    """
    drop = activation.drop_hermite_below
    assert activation.biased_coefficients is not None
    of_value, of_slope, of_bend = activation.biased_coefficients(xp, drop - 1, q, b)
    value, by_z, by_q = activation.phi(z, xp), activation.phi_prime(z, xp), 0 * z
    for k, polynomial in enumerate(_orthonormal(z, q, b, drop)):
        value = value - of_value[k] * polynomial
        if k < drop - 1:
            by_z = by_z - of_slope[k] * polynomial
        if k >= drop - 2:
            by_q = by_q - 0.5 * of_bend[k] * polynomial
    return Parts(value, by_z, by_q, -of_slope[drop - 1] * polynomial)


def _orthonormal(z: Array, q: Array, b: Array, count: int) -> list[Array]:
    """he_k((z − b)/√q) for k < count; of rows of norm 0, at 0."""
    along = (z - b) * ((q > 0) / (q + (q == 0)) ** 0.5)
    return [its / sqrt(factorial(k)) for k, its in enumerate(hermite_polynomials(along, 1.0, count))]


def neurons(activation: Activation, rows: Array, inputs: Array) -> Any:
    """φ̃ of rows (…, m, d) at inputs (…, n, d), (…, n, m); where there are biases rows end with them, inputs with 1."""
    z = inputs @ rows.mT
    if activation.biased is None or not activation.drop_hermite_below:
        return activation.pointwise(z, np.sum(rows * rows, -1)[..., None, :])
    return parts(activation, z, squares(activation, rows)[..., None, :], rows[..., None, :, -1]).value


# --- pairs --------------------------------------------------------------------------------------


def pairs(
    activation: Activation, u: Array, v: Array, xp: ModuleType = np, kernel: BiasedKernel | None = None
) -> BiasedValues:
    """The kernel of all pairs of rows (B, m, d + 1) and (B, n, d + 1) with biases, arrays (B, m, n).

    Args:
        kernel: that of two activations; None for the activation's own.
    """
    kernel = kernel or activation.biased
    assert kernel is not None
    (w_u, b_u), (w_v, b_v) = ((x[..., :-1], x[..., -1]) for x in (u, v))
    q_u, q_v = xp.sum(w_u * w_u, -1), xp.sum(w_v * w_v, -1)
    of_u = q_u[..., :, None], b_u[..., :, None]
    return kernel(xp, *of_u, q_v[..., None, :], b_v[..., None, :], w_u @ w_v.mT)


def pulled(
    activation: Activation, first: Array, c: Array, v: Array, xp: Any = np, kernel: BiasedKernel | None = None
) -> tuple[Array, Array]:
    """Σ_i c_i K(w_j, v_i), (B, m), and its gradient by the rows with their biases, (B, m, d + 1)."""
    value, by_s, by_q, by_b = pairs(activation, first, v, xp, kernel)
    column = c[..., None]
    to_rows = (by_s * c[..., None, :]) @ v[..., :-1] + 2 * (by_q @ column) * first[..., :-1]
    return (value @ column)[..., 0], xp.concat([to_rows, by_b @ column], -1)
