"""relu, abs and leaky_relu: homogeneous of degree 1, with a kink at 0; arc-cosine kernels (Cho & Saul 2009).

With the angle θ of u and v they are κ‖u‖‖v‖(sin θ + (π/2 − θ + ψ₀) cos θ − ε); abs is 2·relu without the linear part,
and leaky_relu with the negative slope α is (1 − α)/2 |z| + (1 + α)/2 z.
Without the Hermite degrees below ℓ ≥ 3 they are κ‖u‖‖v‖ F₂(cos θ), with a tail of ``tails``.
Derivations: docs/theory.md §2 and §11, and docs/regimes.md §3 for the tangents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import isfinite, pi, prod, sqrt
from types import ModuleType
from typing import Any

import numpy as np

from featlearn.theory import double_double
from featlearn.theory.activations.hinges import Hinge, Hinges
from featlearn.theory.activations.piecewise_linear import PiecewiseLinear
from featlearn.theory.activations.record import Activation, CompiledKernel, DegreeOne, Kernel, Symmetry
from featlearn.theory.activations.registry import register
from featlearn.theory.activations.tails import tail
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


def _relu_without_mean(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    n = xp.sqrt(q_u * q_v)
    t = xp.clip(s / _nonzero(xp, n), -1.0, 1.0)
    root = xp.sqrt((1 - t) * (1 + t))
    half_turn = xp.asin(t) + pi / 2  # π − acos t
    if xp is not double_double:  # where there are digits to spare, but π/2 must be the same number for all pairs
        half_turn = xp.where(t < 0, 2 * xp.asin(xp.sqrt((1 + t) / 2)), half_turn)
    fall = t / (1 + root)  # (1 − root)/t
    return s * (half_turn - fall) / (2 * pi), half_turn / (2 * pi), -s * fall / (4 * pi * _nonzero(xp, q_u))


def _relu_tail(first: int, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    """n F₂(t)/2π, its derivatives F₁(t)/2π and n (F₂ − t F₁)/(4π q_u)."""
    n = xp.sqrt(q_u * q_v)
    t = xp.clip(s / _nonzero(xp, n), -1.0, 1.0)
    root, alpha = xp.sqrt((1 - t) * (1 + t)), xp.asin(t)
    f_1, f_2 = (tail(xp, order, first, t, root, alpha) for order in (1, 2))
    return n * f_2 / (2 * pi), f_1 / (2 * pi), n * (f_2 - t * f_1) / (4 * pi * _nonzero(xp, q_u))


def _abs_tail(first: int, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    k, k_s, k_q = _relu_tail(first, xp, q_u, q_v, s)
    return 4 * k, 4 * k_s, 4 * k_q


def _leaky(even: float, odd: float, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    """even·K of abs + odd·s."""
    k, k_s, k_q = _abs(xp, q_u, q_v, s)
    return even * k + odd * s, even * k_s + odd, even * k_q


def _leaky_without_mean(
    even: float, odd: float, xp: ModuleType, q_u: Array, q_v: Array, s: Array
) -> tuple[Array, Array, Array]:
    k, k_s, k_q = _abs_tail(0, xp, q_u, q_v, s)
    return even * k + odd * s, even * k_s + odd, even * k_q


def _leaky_dropped(factor: float, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    k, k_s, k_q = _relu_dropped(xp, q_u, q_v, s)
    return factor * k, factor * k_s, factor * k_q


def _leaky_tail(
    factor: float, first: int, xp: ModuleType, q_u: Array, q_v: Array, s: Array
) -> tuple[Array, Array, Array]:
    k, k_s, k_q = _relu_tail(first, xp, q_u, q_v, s)
    return factor * k, factor * k_s, factor * k_q


# --- tangents -----------------------------------------------------------------------------------
# For K = κ‖u‖‖v‖ g(cos θ) they are κ(g′ h·k + g″ (h·T)(k·T′) + (g − cos θ g′)(h·û)(k·v̂)),
# T = v̂ − cos θ û, T′ = û − cos θ v̂.


def _closed_parts(half: float, excess: float, xp: Any, cosine: Array, sine: Array, complement: Array) -> Any:
    """g′ = π/2 − θ + ψ₀, g″ sin θ = 1, g − cos θ g′ = sin θ − ε."""
    return complement + half, 1.0, sine - excess


def _tail_parts(first: int, xp: Any, cosine: Array, sine: Array, complement: Array) -> tuple[Array, Array, Array]:
    f_0, f_1, f_2 = (tail(xp, order, first, cosine, sine, complement) for order in range(3))
    return f_1, f_0, f_2 - cosine * f_1


def _tangents_of(kernel: DegreeOne) -> Callable[..., Array]:
    def tangents(pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
        xp = pairs.xp
        length_u, length_v = (xp.sqrt(xp.where(q > 0, q, 1.0)) for q in (pairs.q_u, pairs.q_v))
        hu, hv, ku, kv = hu / length_u, hv / length_v, ku / length_u, kv / length_v
        slope, bend, rest = kernel.parts(xp, pairs.cosine, pairs.sine, pairs.complement)
        towards, back = hv - pairs.cosine * hu, ku - pairs.cosine * kv
        across = towards * back / xp.where(pairs.sine > 0, pairs.sine, 1.0)  # 0 where the rows are parallel
        return kernel.factor * (slope * hk + bend * across + rest * (hu * kv))

    return tangents


# --- records ------------------------------------------------------------------------------------


def _step(z: Array, xp: ModuleType = np) -> Array:
    """0, ½ or 1 where z is below, at or above 0."""
    step = xp.sign(z)
    step += 1  # In place: on large samples, making tensors costs more than filling them.
    step *= 0.5
    return step


def _bent_at_zero(slope: float, jump: float) -> PiecewiseLinear:
    return PiecewiseLinear(0.0, slope, Hinges((Hinge(jump, 1, 0.0),)))


def _inverse_root(q: Array) -> Array:
    """1/√q, and 0 at q = 0."""
    return (q > 0) / (q + (q == 0)) ** 0.5


def _with_kernel(kernel: Kernel, factor: float, half: float, excess: float, symmetry: Symmetry) -> dict[str, Any]:
    """The fields that depend on what is dropped."""
    degree_one = DegreeOne(factor, partial(_closed_parts, half, excess))
    return {
        "kernel": kernel,
        "tangents": _tangents_of(degree_one),
        "symmetry": symmetry,
        "degree_one": degree_one,
        "compiled": CompiledKernel("homogeneous", factor, half, excess),
    }


def _hermite_of_relu(k: int, q: Array) -> Array:
    """μ_k = q^{(1−k)/2} E[relu(z) He_k(z)]: (−1)^{k/2−1}(k − 3)!!/√2π for even k ≥ 2, 0 for odd k ≥ 3."""
    if k < 2:
        return (_RELU.mean, _RELU.slope)[k](q)
    if k % 2:
        return 0.0 * q
    return (-1) ** (k // 2 - 1) * prod(range(k - 3, 0, -2)) / sqrt(2 * pi) * _inverse_root(q) ** (k - 1)


def _hermite_of_abs(k: int, q: Array) -> Array:
    return 0.0 * q if k % 2 else 2 * _hermite_of_relu(k, q)


def _from_tail(plain: Activation, drop: int, kernel: Callable[..., Any], factor: float) -> Activation:
    """The record that drops the degrees below ℓ ≥ 3. The odd ones among them are 0: an even one is the first kept."""
    first = (drop - 1) // 2
    degree_one = DegreeOne(factor, partial(_tail_parts, first))
    return replace(
        plain,
        drop_hermite_below=drop,
        kernel=partial(kernel, first),
        tangents=_tangents_of(degree_one),
        symmetry="even",
        degree_one=degree_one,
        compiled=CompiledKernel("homogeneous_tail", factor, 0.0, 0.0, first),
    )


_RELU = Activation(
    name="relu",
    drop_hermite_below=0,
    formula="max(z, 0)",
    phi=lambda z, xp=np: xp.clip(z, 0.0, None),
    phi_prime=_step,
    phi_second=lambda z, xp=np: 0.0 * z,
    mean=lambda q: (q / (2 * pi)) ** 0.5,
    slope=lambda q: 0.5 + 0.0 * q,
    mean_prime=lambda q: _inverse_root(q) / sqrt(8 * pi),
    slope_prime=lambda q: 0.0 * q,
    rounding_scale=lambda q: 1.0 * q,
    homogeneous_degree=1,
    kinks=(0.0,),
    straight=_bent_at_zero(0.0, 1.0),
    hermite=_hermite_of_relu,
    highest=(None, 1),
    **_with_kernel(_relu, 1 / (2 * pi), pi / 2, 0.0, "none"),
)


def _further_relu(drop: int) -> Activation:
    if drop == 1:
        without_mean = _with_kernel(_relu_without_mean, 1 / (2 * pi), pi / 2, 1.0, "none")
        return replace(_RELU, drop_hermite_below=1, **without_mean)
    return _from_tail(_RELU, drop, _relu_tail, 1 / (2 * pi))


register(
    _RELU,
    replace(_RELU, drop_hermite_below=2, **_with_kernel(_relu_dropped, 1 / (2 * pi), 0.0, 1.0, "even")),
    further=_further_relu,
)

_ABS = Activation(
    name="abs",
    drop_hermite_below=0,
    formula="|z|",
    phi=lambda z, xp=np: xp.abs(z),
    phi_prime=lambda z, xp=np: xp.sign(z),
    phi_second=lambda z, xp=np: 0.0 * z,
    mean=lambda q: (2 * q / pi) ** 0.5,
    slope=lambda q: 0.0 * q,
    mean_prime=lambda q: _inverse_root(q) / sqrt(2 * pi),
    slope_prime=lambda q: 0.0 * q,
    rounding_scale=lambda q: 1.0 * q,
    homogeneous_degree=1,
    kinks=(0.0,),
    straight=_bent_at_zero(-1.0, 2.0),
    hermite=_hermite_of_abs,
    highest=(None, -1),
    **_with_kernel(_abs, 2 / pi, 0.0, 0.0, "even"),
)
_ABS_DROPPED = replace(_ABS, drop_hermite_below=2, **_with_kernel(_abs_dropped, 2 / pi, 0.0, 1.0, "even"))


def _further_abs(drop: int) -> Activation:
    if drop == 1:  # there is no linear part
        return replace(_ABS_DROPPED, drop_hermite_below=1)
    return _from_tail(_ABS, drop, _abs_tail, 2 / pi)


register(_ABS, _ABS_DROPPED, further=_further_abs)


def _phi_of_leaky(slope: float, z: Array, xp: ModuleType = np) -> Array:
    return xp.clip(z, 0.0, None) + slope * xp.clip(z, None, 0.0)


def _phi_prime_of_leaky(slope: float, z: Array, xp: ModuleType = np) -> Array:
    step = _step(z, xp)
    step *= 1 - slope
    step += slope
    return step


def _hermite_of_leaky(slope: float, k: int, q: Array) -> Array:
    """That of relu, times 1 − α for k ≠ 1."""
    return 0.5 * (1 + slope) + 0.0 * q if k == 1 else (1 - slope) * _hermite_of_relu(k, q)


def _leaky_relu(drop: int, negative_slope: float = 0.01) -> Activation:
    if negative_slope == 1 or not isfinite(negative_slope):
        raise ValueError(f"the negative_slope of leaky_relu is a number other than 1 (linear), not {negative_slope}")
    even, odd = ((1 - negative_slope) / 2) ** 2, ((1 + negative_slope) / 2) ** 2
    factor = even * (2 / pi)
    if drop < 2:
        kernel = (_leaky, _leaky_without_mean)[drop]
        symmetry: Symmetry = "none" if odd else "even"
        fields = _with_kernel(partial(kernel, even, odd), factor, odd / factor, float(drop), symmetry)
    else:
        fields = _with_kernel(partial(_leaky_dropped, 4 * even), factor, 0.0, 1.0, "even")
    plain = replace(
        _RELU,
        name="leaky_relu",
        drop_hermite_below=drop,
        formula="max(z, 0) + α min(z, 0)",
        parameters=(("negative_slope", negative_slope),),
        phi=partial(_phi_of_leaky, negative_slope),
        phi_prime=partial(_phi_prime_of_leaky, negative_slope),
        mean=partial(_hermite_of_leaky, negative_slope, 0),
        slope=partial(_hermite_of_leaky, negative_slope, 1),
        mean_prime=lambda q: (1 - negative_slope) * _RELU.mean_prime(q),
        rounding_scale=lambda q: max(1.0, negative_slope**2) * q,
        straight=_bent_at_zero(negative_slope, 1 - negative_slope),
        hermite=partial(_hermite_of_leaky, negative_slope),
        highest=(None, 1 if odd else -1),
        **fields,
    )
    return plain if drop <= 2 else _from_tail(plain, drop, partial(_leaky_tail, 4 * even), factor)


register(_leaky_relu(0), _leaky_relu(2), further=_leaky_relu)
