"""z²: a polynomial, whose kernel follows from Isserlis' theorem (docs/theory.md §2)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import ModuleType

import numpy as np

from featlearn.theory.activations.record import Activation, CompiledKernel
from featlearn.theory.activations.registry import register
from featlearn.theory.pairs import Array, Pairs, SecondDerivatives, mixed_derivative


def _plain(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    return q_u * q_v + 2 * s * s, 4 * s, q_v + 0 * s


def _dropped(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    return 2 * s * s, 4 * s, 0 * s


def _plain_tangents(pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
    return mixed_derivative((4 * pairs.s, 4.0, 0.0, 0.0, 1.0), hu, hv, ku, kv, hk)


def _dropped_tangents(pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
    return mixed_derivative((4 * pairs.s, 4.0, 0.0, 0.0, 0.0), hu, hv, ku, kv, hk)


def _second_derivatives(ss: float, qu_qv: float, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> SecondDerivatives:
    zero = 0 * q_u * q_v * s
    return SecondDerivatives(zero + ss, zero, zero, zero, zero + qu_qv)


def _nothing(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    zero = 0 * q_u * q_v * s
    return zero, zero, zero


def _no_tangents(pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
    return 0 * pairs.s * hk


def _slope_products(
    kept: bool, gram: np.ndarray, c: np.ndarray, width: int, input_dim: int, noise: float
) -> np.ndarray:
    """E[(r² + σ²) ∇φ̃_j·∇φ̃_k] with ∇φ̃_j = 2 z_j x, or 2 (z_j x − w_j) and r without its mean where that is dropped.

    r = xᵀAx − τ with A = Σ_i c_i v_i v_iᵀ. By Isserlis' theorem the parts of E[z_j z_k (xᵀAx)ⁿ], n = 0, 1, 2; the
    factor ‖x‖² makes d + 2, d + 4 and d + 6 of the degrees 2, 4 and 6.
    """
    q, weighted = gram[:width, :width], gram * c
    once = (weighted @ gram)[:width, :width]  # w_jᵀ A w_k
    twice = (weighted @ weighted @ gram)[:width, :width]
    trace, of_square = np.trace(weighted), np.sum(weighted * weighted.T)
    second = q * (trace**2 + 2 * of_square) + 4 * trace * once + 8 * twice
    if kept:
        return np.asarray(4 * ((input_dim + 6) * second + (input_dim + 2) * noise * q))
    first = q * trace + 2 * once
    product = (input_dim + 4) * second - 2 * trace * (input_dim + 2) * first + trace**2 * input_dim * q
    return np.asarray(4 * (product + 2 * of_square * q + (input_dim + 1) * noise * q))


_QUADRATIC = Activation(
    name="quadratic",
    drop_hermite_below=0,
    formula="z²",
    phi=lambda z, xp=np: z * z,
    phi_prime=lambda z, xp=np: 2 * z,
    phi_second=lambda z, xp=np: 2.0 + 0.0 * z,
    mean=lambda q: 1.0 * q,
    slope=lambda q: 0.0 * q,
    mean_prime=lambda q: 1.0 + 0.0 * q,
    slope_prime=lambda q: 0.0 * q,
    rounding_scale=lambda q: 3.0 * q * q,
    symmetry="even",
    homogeneous_degree=2,
    hermite=lambda k, q: 1.0 * q if k == 0 else 0.0 * q + (2.0 if k == 2 else 0.0),
    highest=(2, -1),
    kernel=_plain,
    tangents=_plain_tangents,
    second_derivatives=partial(_second_derivatives, 4.0, 1.0),
    compiled=CompiledKernel("quadratic", 1.0, 0.0, 0.0),
    slope_products=partial(_slope_products, True),
)
_DROPPED = replace(
    _QUADRATIC,
    drop_hermite_below=2,
    kernel=_dropped,
    tangents=_dropped_tangents,
    second_derivatives=partial(_second_derivatives, 4.0, 0.0),
    compiled=CompiledKernel("quadratic", 1.0, 0.0, 1.0),
    slope_products=partial(_slope_products, False),
)


def _further(drop: int) -> Activation:
    """z² has the degrees 0 and 2: without those below 1 it is what it is at 2, without those below 3 it is zero."""
    if drop == 1:
        return replace(_DROPPED, drop_hermite_below=1)
    return replace(
        _DROPPED,
        drop_hermite_below=drop,
        kernel=_nothing,
        tangents=_no_tangents,
        second_derivatives=partial(_second_derivatives, 0.0, 0.0),
        compiled=None,
        slope_products=None,
    )


register(_QUADRATIC, _DROPPED, further=_further)
