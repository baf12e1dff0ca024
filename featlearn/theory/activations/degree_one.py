"""relu and abs: homogeneous of degree 1, with a kink at 0. Their kernels are arc-cosine kernels (Cho & Saul 2009).

With the angle θ of u and v they are κ‖u‖‖v‖(sin θ + (π/2 − θ + ψ₀) cos θ − ε); abs is 2·relu without the linear part.
Derivations: docs/theory.md §2, and docs/regimes.md §3 for the tangents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import pi, sqrt
from types import ModuleType
from typing import Any

import numpy as np

from featlearn.theory.activations.record import Activation, CompiledKernel, DegreeOne, Kernel, Symmetry
from featlearn.theory.activations.registry import register
from featlearn.theory.pairs import Array, Pairs

# --- kernels ------------------------------------------------------------------------------------


def _nonzero(xp: ModuleType, x: Array) -> Array:
    """x with exact zeros replaced by 1: the divisor where a zero row makes the numerator zero too."""
    return xp.where(x > 0, x, x * 0 + 1)


def _norms_and_angle(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    """n = √(q_u q_v), √(n² − s²) and asin(s/n).

    s comes from a matrix product and n from two sums of squares, so rounding can leave |s| slightly above n:
    t is clipped, and the root is taken of (1 − t)(1 + t), which loses nothing near t = ±1.
    """
    n = xp.sqrt(q_u * q_v)
    t = xp.clip(s / _nonzero(xp, n), -1.0, 1.0)
    return n, n * xp.sqrt((1 - t) * (1 + t)), xp.asin(t)


def _relu_dropped(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    n, root, asin_t = _norms_and_angle(xp, q_u, q_v, s)
    k = (root + s * asin_t - n) / (2 * pi)
    return k, asin_t / (2 * pi), (root - n) / (4 * pi * _nonzero(xp, q_u))


def _relu(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    _, root, asin_t = _norms_and_angle(xp, q_u, q_v, s)
    half_turn = asin_t + pi / 2  # π − acos t
    k = (root + s * half_turn) / (2 * pi)
    return k, half_turn / (2 * pi), root / (4 * pi * _nonzero(xp, q_u))


def _abs_dropped(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    k, k_s, k_q = _relu_dropped(xp, q_u, q_v, s)
    return 4 * k, 4 * k_s, 4 * k_q


def _abs(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    _, root, asin_t = _norms_and_angle(xp, q_u, q_v, s)
    k = (root + s * asin_t) * (2 / pi)
    return k, asin_t * (2 / pi), root / (pi * _nonzero(xp, q_u))


# --- tangents -----------------------------------------------------------------------------------


def _tangents_of(constants: DegreeOne) -> Callable[..., Array]:
    """κ(ψ h·k + (h·T)(k·T′)/sin θ + (sin θ − ε)(h·û)(k·v̂)), T = v̂ − cos θ û, T′ = û − cos θ v̂, ψ = π/2 − θ + ψ₀."""

    def tangents(pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
        xp = pairs.xp
        length_u, length_v = (xp.sqrt(xp.where(q > 0, q, 1.0)) for q in (pairs.q_u, pairs.q_v))
        hu, hv, ku, kv = hu / length_u, hv / length_v, ku / length_u, kv / length_v
        towards, back = hv - pairs.cosine * hu, ku - pairs.cosine * kv
        across = towards * back / xp.where(pairs.sine > 0, pairs.sine, 1.0)  # 0 where the rows are parallel
        turned = (pairs.complement + constants.half) * hk + across
        return constants.factor * (turned + (pairs.sine - constants.excess) * (hu * kv))

    return tangents


# --- records ------------------------------------------------------------------------------------


def _step(z: Array, xp: ModuleType = np) -> Array:
    """0, ½ or 1 where z is below, at or above 0."""
    step = xp.sign(z)
    step += 1  # In place: on large samples, making tensors costs more than filling them.
    step *= 0.5
    return step


def _inverse_root(q: Array) -> Array:
    """1/√q, and 0 at q = 0."""
    return (q > 0) / (q + (q == 0)) ** 0.5


def _with_kernel(kernel: Kernel, constants: DegreeOne, symmetry: Symmetry) -> dict[str, Any]:
    """The fields that depend on what is dropped."""
    return {
        "kernel": kernel,
        "tangents": _tangents_of(constants),
        "symmetry": symmetry,
        "degree_one": constants,
        "compiled": CompiledKernel("homogeneous", constants.factor, constants.half, constants.excess),
    }


_RELU = Activation(
    name="relu",
    drop_hermite_below=0,
    formula="max(z, 0)",
    phi=lambda z, xp=np: xp.clip(z, 0.0, None),
    phi_prime=_step,
    mean=lambda q: (q / (2 * pi)) ** 0.5,
    slope=lambda q: 0.5 + 0.0 * q,
    mean_prime=lambda q: _inverse_root(q) / sqrt(8 * pi),
    slope_prime=lambda q: 0.0 * q,
    rounding_scale=lambda q: 1.0 * q,
    homogeneous_degree=1,
    kinks=(0.0,),
    **_with_kernel(_relu, DegreeOne(1 / (2 * pi), pi / 2, 0.0), "none"),
)
register(
    _RELU,
    replace(_RELU, drop_hermite_below=2, **_with_kernel(_relu_dropped, DegreeOne(1 / (2 * pi), 0.0, 1.0), "even")),
)

_ABS = Activation(
    name="abs",
    drop_hermite_below=0,
    formula="|z|",
    phi=lambda z, xp=np: xp.abs(z),
    phi_prime=lambda z, xp=np: xp.sign(z),
    mean=lambda q: (2 * q / pi) ** 0.5,
    slope=lambda q: 0.0 * q,
    mean_prime=lambda q: _inverse_root(q) / sqrt(2 * pi),
    slope_prime=lambda q: 0.0 * q,
    rounding_scale=lambda q: 1.0 * q,
    homogeneous_degree=1,
    kinks=(0.0,),
    **_with_kernel(_abs, DegreeOne(2 / pi, 0.0, 0.0), "even"),
)
register(_ABS, replace(_ABS, drop_hermite_below=2, **_with_kernel(_abs_dropped, DegreeOne(2 / pi, 0.0, 1.0), "even")))
