"""Rows with biases: a neuron φ(w·x + b) is the row (w, b), and meets inputs (x, 1).

What only takes products of rows and inputs needs to know no more. Pairs of neurons do, and directions, which are those
of w. Whether rows have biases is said by their activation (``Activation.biased``).
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from featlearn.theory.activations import Activation, Array
from featlearn.theory.activations.record import BiasedValues


def without_biases(activation: Activation, rows: Array) -> Array:
    """The rows w, (…, d), of rows (…, d + 1) that have biases; rows without are what they are."""
    return rows if activation.biased is None else rows[..., :-1]


def with_ones(activation: Activation, inputs: np.ndarray) -> np.ndarray:
    """The inputs (…, d) with a last coordinate of 1, where rows have biases."""
    if activation.biased is None:
        return inputs
    return np.concatenate([inputs, np.ones((*inputs.shape[:-1], 1), inputs.dtype)], -1)


def pairs(activation: Activation, u: Array, v: Array, xp: ModuleType = np) -> BiasedValues:
    """The kernel of all pairs of rows (B, m, d + 1) and (B, n, d + 1) with biases, arrays (B, m, n)."""
    assert activation.biased is not None
    (w_u, b_u), (w_v, b_v) = ((x[..., :-1], x[..., -1]) for x in (u, v))
    q_u, q_v = xp.sum(w_u * w_u, -1), xp.sum(w_v * w_v, -1)
    of_u = q_u[..., :, None], b_u[..., :, None]
    return activation.biased(xp, *of_u, q_v[..., None, :], b_v[..., None, :], w_u @ w_v.mT)


def pulled(activation: Activation, first: Array, c: Array, v: Array, xp: Any = np) -> tuple[Array, Array]:
    """Σ_i c_i K(w_j, v_i), (B, m), and its gradient by the rows with their biases, (B, m, d + 1)."""
    value, by_s, by_q, by_b = pairs(activation, first, v, xp)
    column = c[..., None]
    to_rows = (by_s * c[..., None, :]) @ v[..., :-1] + 2 * (by_q @ column) * first[..., :-1]
    return (value @ column)[..., 0], xp.concat([to_rows, by_b @ column], -1)
