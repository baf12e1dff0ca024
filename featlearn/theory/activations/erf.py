"""erf(z/√2): smooth and bounded. Its kernel is that of Williams 1998; the dropped forms are derived in docs/theory.md,
§2 (ℓ = 2) and §11 (any ℓ).

Derivations of the tangents: docs/regimes.md §3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import pi, prod, sqrt
from types import ModuleType
from typing import Any

import numpy as np

from featlearn.theory import double_double
from featlearn.theory.activations.record import Activation, CompiledKernel
from featlearn.theory.activations.registry import register
from featlearn.theory.activations.tails import coefficient, tail
from featlearn.theory.pairs import Array, Pairs, SecondDerivatives, mixed_derivative

Powers = Callable[[Any, Array, Array, Array, Array], tuple[Array, Array, Array]]  # of xp, q_u, q_v, s and the root

_SMALL, _TERMS = 0.004, 5  # squares below this take so many terms of asin τ − τ; 2e-13 of it are lost at most


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
    return _rest(xp, tau) * (2 / pi), excess * (2 / pi), -s * excess / (pi * (1 + q_u))


def _rest(xp: ModuleType, tau: Array) -> Array:
    """asin τ − τ, of a small τ by the series, in which nothing cancels; double-double has digits to spare."""
    rest = xp.asin(tau) - tau
    if xp is double_double:
        return rest
    square = tau * tau
    series = coefficient(_TERMS) / (2 * _TERMS + 1) * square
    for j in range(_TERMS - 1, 0, -1):
        series = (series + coefficient(j) / (2 * j + 1)) * square
    return xp.where(square < _SMALL, series * tau, rest)


def _tail(first: int, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    """(2/π) F₁(τ) with τ = s/scale, and its derivatives by s and q_u, of which F₀(τ)/scale is the common factor."""
    scale = xp.sqrt((1 + q_u) * (1 + q_v))
    root, tau = _root(xp, q_u, q_v, s), s / scale
    cosine, alpha = root / scale, xp.asin(tau)
    rise = tail(xp, 0, first, tau, cosine, alpha) / root
    return tail(xp, 1, first, tau, cosine, alpha) * (2 / pi), rise * (2 / pi), -s * rise / (pi * (1 + q_u))


def _root(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> Array:
    """√((1 + q_u)(1 + q_v) − s²), with q_u q_v − s² (≥ 0, a difference of near-equals) kept apart from the rest."""
    n = xp.sqrt(q_u * q_v)
    gap = (n - s) * (n + s)
    return xp.sqrt(1 + q_u + q_v + xp.where(gap > 0, gap, gap * 0))


# --- tangents -----------------------------------------------------------------------------------
# root² = (1 + q_u)(1 + q_v) − s² and scale² = root² + s². The factor 2/π is that of K, to the last digit.


def _root_of(pairs: Pairs) -> Array:
    return pairs.xp.sqrt(1 + pairs.q_u + pairs.q_v + pairs.q_u * pairs.q_v * (pairs.sine * pairs.sine))


def _plain_powers(xp: Any, q_u: Array, q_v: Array, s: Array, root: Array) -> tuple[Array, Array, Array]:
    """1/root, 1/root³, 1/root³."""
    cube = root * root * root
    return 1 / root, 1 / cube, 1 / cube


def _dropped_powers(xp: Any, q_u: Array, q_v: Array, s: Array, root: Array) -> tuple[Array, Array, Array]:
    """1/root − 1/scale, 1/root³, 1/root³ − 1/scale³, the differences taken by hand."""
    cube = root * root * root
    scale = xp.sqrt((1 + q_u) * (1 + q_v))
    rise = s * s / (root * scale * (root + scale))
    return rise, 1 / cube, rise * (scale * scale + scale * root + root * root) / (root * root * (scale * scale))


def _tail_powers(first: int, xp: Any, q_u: Array, q_v: Array, s: Array, root: Array) -> tuple[Array, Array, Array]:
    """F₀/scale, F₀′/(τ scale³) and (τF₀)′/scale³, where (1 − τ²)(τF₀)′ = F₀ + (2J − 1) A_{J−1} τ^{2J}."""
    scale = xp.sqrt((1 + q_u) * (1 + q_v))
    tau, cosine = s / scale, root / scale
    f_0 = tail(xp, 0, first, tau, cosine, xp.asin(tau)) / cosine
    power = tau * tau
    for _ in range(first - 1):
        power = power * tau * tau
    both = (f_0 + (2 * first - 1) * coefficient(first - 1) * power) / (cosine * cosine)
    square, cube = tau * tau, scale * scale * scale
    return f_0 / scale, (both - f_0) / (xp.where(square > 0, square, 1.0) * cube), both / cube


def _at(powers: Powers, pairs: Pairs) -> tuple[Array, Array, Array]:
    return powers(pairs.xp, pairs.q_u, pairs.q_v, pairs.s, _root_of(pairs))


def _value_tangents(powers: Powers, pairs: Pairs, ku: Array, kv: Array) -> Array:
    """(2/π) rise (k·u − s k·v/(1 + q_v)), with the first of the powers as the rise."""
    rise, _, _ = _at(powers, pairs)
    return rise * (ku - pairs.s * kv / (1 + pairs.q_v)) * (2 / pi)


def _tangents(powers: Powers, pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
    s, one_u, one_v = pairs.s, 1 + pairs.q_u, 1 + pairs.q_v
    rise, inverse_cube, cubic_rise = _at(powers, pairs)
    derivatives = rise, s * inverse_cube, one_v * cubic_rise / -2, one_u * cubic_rise / -2, s * cubic_rise / 4
    return mixed_derivative(derivatives, hu, hv, ku, kv, hk) * (2 / pi)


def _second_derivatives(powers: Powers, xp: Any, q_u: Array, q_v: Array, s: Array) -> SecondDerivatives:
    """Those of the tangents, and ∂_q_u of ∂_q_u K = −(2/π) s·rise/(2(1 + q_u))."""
    one_u, one_v, factor = 1 + q_u, 1 + q_v, 2 / pi
    rise, inverse_cube, cubic_rise = powers(xp, q_u, q_v, s, _root(xp, q_u, q_v, s))
    return SecondDerivatives(
        ss=factor * s * inverse_cube,
        s_qu=-0.5 * factor * one_v * cubic_rise,
        s_qv=-0.5 * factor * one_u * cubic_rise,
        qu_qu=factor * s * (rise / (2 * one_u * one_u) + one_v * cubic_rise / (4 * one_u)),
        qu_qv=0.25 * factor * s * cubic_rise,
    )


# --- products of slopes -------------------------------------------------------------------------


def _slope_products(gram: np.ndarray, c: np.ndarray, width: int, input_dim: int, noise: float) -> np.ndarray:
    """E[(r² + σ²) φ′(z_j) φ′(z_k) ‖x‖²] for j, k below the width.

    φ′(z_j) φ′(z_k) is a Gaussian weight: under it the rows have the products C′ = C − C_{·p} (1 + C_pp)⁻¹ C_{p·} with
    p = (j, k), and E r² = Σ c_i c_l K of these. ‖x‖² adds d and the derivative along C → (1 + ε)² C, of which
    C′ → 2 (C′ − C′_{·p} C′_{p·}).
    """
    j, k = np.triu_indices(width)
    pair = np.arange(len(j))
    q = np.diagonal(gram)
    s, one_j, one_k = gram[j, k][:, None, None], (1 + q[j])[:, None, None], (1 + q[k])[:, None, None]
    det = _root(np, q[j], q[k], gram[j, k]) ** 2
    u, v = gram[j], gram[k]
    mixed = u[:, :, None] * v[:, None, :]
    taken = one_k * (u[:, :, None] * u[:, None, :]) + one_j * (v[:, :, None] * v[:, None, :]) - s * (mixed + mixed.mT)
    tilted = gram - taken / det[:, None, None]
    square = np.einsum("pii->pi", tilted)
    kernel, k_s, k_q = _plain(np, square[:, :, None], square[:, None, :], tilted)
    u, v = tilted[pair, j], tilted[pair, k]
    rise = 2 * (tilted - u[:, :, None] * u[:, None, :] - v[:, :, None] * v[:, None, :])
    risen = k_s * rise + 2 * k_q * np.einsum("pii->pi", rise)[:, :, None]
    residual = kernel @ c @ c + noise
    along = risen @ c @ c - (u[pair, j] + v[pair, k]) * residual
    found = np.empty((width, width))
    found[j, k] = found[k, j] = (2 / pi) / np.sqrt(det) * (input_dim * residual + along)
    return found


# --- records ------------------------------------------------------------------------------------


def _hermite(k: int, q: Array) -> Array:
    """μ_k = √(2/π) (−1)^{(k−1)/2} (k − 2)!! (1 + q)^{−k/2} for odd k, 0 for even k."""
    if k % 2 == 0:
        return 0.0 * q
    return (-1) ** (k // 2) * prod(range(k - 2, 0, -2)) * sqrt(2 / pi) / (1 + q) ** (k / 2)


_ERF = Activation(
    name="erf",
    drop_hermite_below=0,
    formula="erf(z/√2)",
    phi=_phi,
    phi_prime=_phi_prime,
    phi_second=lambda z, xp=np: -z * _phi_prime(z, xp),
    mean=lambda q: 0.0 * q,
    slope=lambda q: sqrt(2 / pi) / (1 + q) ** 0.5,
    mean_prime=lambda q: 0.0 * q,
    slope_prime=lambda q: -sqrt(1 / (2 * pi)) / (1 + q) ** 1.5,
    rounding_scale=lambda q: 1.0 * q,
    symmetry="odd",
    hermite=_hermite,
    highest=(-1, None),
    kernel=_plain,
    tangents=partial(_tangents, _plain_powers),
    value_tangents=partial(_value_tangents, _plain_powers),
    second_derivatives=partial(_second_derivatives, _plain_powers),
    compiled=CompiledKernel("erf", 2 / pi, 0.0, 0.0),
    slope_products=_slope_products,
)
_DROPPED = replace(
    _ERF,
    drop_hermite_below=2,
    kernel=_dropped,
    tangents=partial(_tangents, _dropped_powers),
    value_tangents=partial(_value_tangents, _dropped_powers),
    second_derivatives=partial(_second_derivatives, _dropped_powers),
    compiled=CompiledKernel("erf_tail", 2 / pi, 0.0, 0.0, 1),
    slope_products=None,
)


def _further(drop: int) -> Activation:
    """Of an odd function the degrees below 1 are those below 0, and those below 3 are those below 2.

    These have the form of a tail, in which small rows keep their digits.
    """
    if drop == 1:
        return replace(_ERF, drop_hermite_below=drop)
    powers = partial(_tail_powers, drop // 2)
    return replace(
        _ERF,
        drop_hermite_below=drop,
        kernel=partial(_tail, drop // 2),
        tangents=partial(_tangents, powers),
        value_tangents=partial(_value_tangents, powers),
        second_derivatives=partial(_second_derivatives, powers),
        compiled=CompiledKernel("erf_tail", 2 / pi, 0.0, 0.0, drop // 2),
        slope_products=None,
    )


register(_ERF, _DROPPED, further=_further)
