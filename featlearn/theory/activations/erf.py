"""erf(z/√2): smooth and bounded. Its kernel is that of Williams 1998; the dropped form is derived in docs/theory.md §2.

Derivations of the tangents: docs/regimes.md §3.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import pi, sqrt
from types import ModuleType

import numpy as np

from featlearn.theory.activations.record import Activation, CompiledKernel
from featlearn.theory.activations.registry import register
from featlearn.theory.pairs import Array, Pairs, mixed_derivative

Powers = Callable[[Pairs], tuple[Array, Array, Array]]


# Tensors are changed in place: on large samples, making them costs more than filling them.


def _phi(z: Array, xp: ModuleType = np) -> Array:
    if xp is np:  # which has no erf
        from scipy import special

        return special.erf(z / sqrt(2))
    scaled = z * sqrt(0.5)
    return xp.erf(scaled, out=scaled)


def _phi_prime(z: Array, xp: ModuleType = np) -> Array:
    if xp is np:
        return sqrt(2 / pi) * np.exp(-0.5 * z * z)
    slope = z * z
    slope *= -0.5
    slope = xp.exp(slope, out=slope)
    slope *= sqrt(2 / pi)
    return slope


# --- kernels ------------------------------------------------------------------------------------


def _plain(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    scale = xp.sqrt((1 + q_u) * (1 + q_v))
    root = _root(xp, q_u, q_v, s)
    return xp.asin(s / scale) * (2 / pi), (2 / pi) / root, -s / (pi * (1 + q_u) * root)


def _dropped(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    scale = xp.sqrt((1 + q_u) * (1 + q_v))
    root = _root(xp, q_u, q_v, s)
    # 1/root − 1/scale, with the difference of the two squares (which is s²) taken by hand
    excess = s * s / (root * scale * (root + scale))
    tau = s / scale
    return (xp.asin(tau) - tau) * (2 / pi), excess * (2 / pi), -s * excess / (pi * (1 + q_u))


def _root(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> Array:
    """√((1 + q_u)(1 + q_v) − s²), with q_u q_v − s² (≥ 0, a difference of near-equals) kept apart from the rest."""
    n = xp.sqrt(q_u * q_v)
    gap = (n - s) * (n + s)
    return xp.sqrt(1 + q_u + q_v + xp.where(gap > 0, gap, gap * 0))


# --- tangents -----------------------------------------------------------------------------------
# root² = (1 + q_u)(1 + q_v) − s² and scale² = root² + s². The factor 2/π is that of K, to the last digit.


def _root_of(pairs: Pairs) -> Array:
    return pairs.xp.sqrt(1 + pairs.q_u + pairs.q_v + pairs.q_u * pairs.q_v * (pairs.sine * pairs.sine))


def _plain_powers(pairs: Pairs) -> tuple[Array, Array, Array]:
    """1/root, 1/root³, 1/root³."""
    root = _root_of(pairs)
    cube = root * root * root
    return 1 / root, 1 / cube, 1 / cube


def _dropped_powers(pairs: Pairs) -> tuple[Array, Array, Array]:
    """1/root − 1/scale, 1/root³, 1/root³ − 1/scale³, the differences taken by hand."""
    s, root = pairs.s, _root_of(pairs)
    cube = root * root * root
    scale = pairs.xp.sqrt((1 + pairs.q_u) * (1 + pairs.q_v))
    rise = s * s / (root * scale * (root + scale))
    return rise, 1 / cube, rise * (scale * scale + scale * root + root * root) / (root * root * (scale * scale))


def _value_tangents(powers: Powers, pairs: Pairs, ku: Array, kv: Array) -> Array:
    """(2/π) rise (k·u − s k·v/(1 + q_v)), with the first of the powers as the rise."""
    rise, _, _ = powers(pairs)
    return rise * (ku - pairs.s * kv / (1 + pairs.q_v)) * (2 / pi)


def _tangents(powers: Powers, pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
    s, one_u, one_v = pairs.s, 1 + pairs.q_u, 1 + pairs.q_v
    rise, inverse_cube, cubic_rise = powers(pairs)
    derivatives = rise, s * inverse_cube, one_v * cubic_rise / -2, one_u * cubic_rise / -2, s * cubic_rise / 4
    return mixed_derivative(derivatives, hu, hv, ku, kv, hk) * (2 / pi)


# --- records ------------------------------------------------------------------------------------

_ERF = Activation(
    name="erf",
    drop_hermite_below=0,
    formula="erf(z/√2)",
    phi=_phi,
    phi_prime=_phi_prime,
    mean=lambda q: 0.0 * q,
    slope=lambda q: sqrt(2 / pi) / (1 + q) ** 0.5,
    mean_prime=lambda q: 0.0 * q,
    slope_prime=lambda q: -sqrt(1 / (2 * pi)) / (1 + q) ** 1.5,
    rounding_scale=lambda q: 1.0 * q,
    symmetry="odd",
    kernel=_plain,
    tangents=partial(_tangents, _plain_powers),
    value_tangents=partial(_value_tangents, _plain_powers),
    compiled=CompiledKernel("erf", 2 / pi, 0.0, 0.0),
)
register(
    _ERF,
    replace(
        _ERF,
        drop_hermite_below=2,
        kernel=_dropped,
        tangents=partial(_tangents, _dropped_powers),
        value_tangents=partial(_value_tangents, _dropped_powers),
        compiled=CompiledKernel("erf", 2 / pi, 0.0, 1.0),
    ),
)
