"""z²: a polynomial, whose kernel follows from Isserlis' theorem (docs/theory.md §2)."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np

from featlearn.theory.activations.record import Activation, CompiledKernel
from featlearn.theory.activations.registry import register
from featlearn.theory.pairs import Array, Pairs, mixed_derivative


def _plain(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    return q_u * q_v + 2 * s * s, 4 * s, q_v + 0 * s


def _dropped(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    return 2 * s * s, 4 * s, 0 * s


def _plain_tangents(pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
    return mixed_derivative((4 * pairs.s, 4.0, 0.0, 0.0, 1.0), hu, hv, ku, kv, hk)


def _dropped_tangents(pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
    return mixed_derivative((4 * pairs.s, 4.0, 0.0, 0.0, 0.0), hu, hv, ku, kv, hk)


def _nothing(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    zero = 0 * q_u * q_v * s
    return zero, zero, zero


def _no_tangents(pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
    return 0 * pairs.s * hk


_QUADRATIC = Activation(
    name="quadratic",
    drop_hermite_below=0,
    formula="z²",
    phi=lambda z, xp=np: z * z,
    phi_prime=lambda z, xp=np: 2 * z,
    mean=lambda q: 1.0 * q,
    slope=lambda q: 0.0 * q,
    mean_prime=lambda q: 1.0 + 0.0 * q,
    slope_prime=lambda q: 0.0 * q,
    rounding_scale=lambda q: 3.0 * q * q,
    symmetry="even",
    homogeneous_degree=2,
    hermite=lambda k, q: 1.0 * q if k == 0 else 0.0 * q + (2.0 if k == 2 else 0.0),
    kernel=_plain,
    tangents=_plain_tangents,
    compiled=CompiledKernel("quadratic", 1.0, 0.0, 0.0),
)
_DROPPED = replace(
    _QUADRATIC,
    drop_hermite_below=2,
    kernel=_dropped,
    tangents=_dropped_tangents,
    compiled=CompiledKernel("quadratic", 1.0, 0.0, 1.0),
)


def _further(drop: int) -> Activation:
    """z² has the degrees 0 and 2: without those below 1 it is what it is at 2, without those below 3 it is zero."""
    if drop == 1:
        return replace(_DROPPED, drop_hermite_below=1)
    return replace(_DROPPED, drop_hermite_below=drop, kernel=_nothing, tangents=_no_tangents, compiled=None)


register(_QUADRATIC, _DROPPED, further=_further)
