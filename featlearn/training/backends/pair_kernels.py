"""What a pair of neurons contributes, for each family of kernels, eight pairs at a time.

With t = s/(ρ_u ρ_v), s = u·v, every family has K = α_u α_v k(t) up to a constant of the pair's own, and so has its
derivatives; ``pair`` is the part that depends on t. The rest depends on one neuron and is applied before (``ready``)
and after (``complete``) the sums over pairs:

    homogeneous   K = f|u||v| (√(1−t²) + t(asin t + half) − excess),  ρ = |v|
    erf           K = f (asin t − excess t),                          ρ = √(1 + q)
    quadratic     K = (1 − excess) q_u q_v + 2 s²,                    ρ = |v|
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from featlearn.training.backends.layout import ERF, HOMOGENEOUS, QUADRATIC
from featlearn.training.backends.vectors import absolute, compiled, copysign, fma, sqrt, where_above

Function = Callable[..., Any]


class Family(NamedTuple):
    """The compiled parts of a family; factor, half and excess are those of the activation.

    Args:
        ready: (q, c) → ρ, 1/ρ (0 where ρ is), the weight of a neuron in sums of k and ∂K/∂q, and in the sum of columns.
        pair: (half, excess, s, t) → what is summed for K, for ∂K/∂q, and for ∂K/∂s.
        complete: (factor, ρ, 1/ρ) → what turns the sums over pairs into Σ c_j K, Σ c_j ∂K/∂q and Σ c_j ∂K/∂s v_j.
    """

    ready: Function
    pair: Function
    complete: Function


@compiled
def arcsine(t, root):
    """asin t for |t| ≤ 1 without branches, within 2 ulp; ``root`` is √(1 − t²).

    With s the smaller of |t| and √(1 − t²), x = s² ≤ ½ and asin s = s + s·x·P(x); asin|t| = π/2 − asin s where |t| is
    the larger. P interpolates (asin(s)/s − 1)/x at the Chebyshev points of [0, ½], degree 17, and leaves 7e-17
    relative; its even and odd terms are two polynomials in x², which the processor computes side by side.
    """
    size = absolute(t)
    s = where_above(size, root, root, size)
    x = s * s
    z = x * x
    odd = fma(z, 0.6630373147031697, 3.7323362601343155)
    odd = fma(z, odd, 2.5740961235307362)
    odd = fma(z, odd, 0.4659353500986155)
    odd = fma(z, odd, 0.033831945269311)
    odd = fma(z, odd, 0.011985712783415358)
    odd = fma(z, odd, 0.01735473144616825)
    odd = fma(z, odd, 0.030381946078735685)
    odd = fma(z, odd, 0.07500000000008987)
    even = fma(z, -2.27835896940247, -3.7423753601764265)
    even = fma(z, even, -1.2589979021780098)
    even = fma(z, even, -0.11751491470910917)
    even = fma(z, even, 0.005890670208423391)
    even = fma(z, even, 0.013929811172524342)
    even = fma(z, even, 0.022372086273441137)
    even = fma(z, even, 0.04464285712357637)
    even = fma(z, even, 0.1666666666666666)
    y = fma(s * x, fma(x, odd, even), s)
    return copysign(where_above(size, root, 1.5707963267948966 - y, y), t)


@compiled
def _ready_homogeneous(q, c):
    norm = sqrt(q)
    return norm, where_above(norm, 0.0, 1.0 / norm, 0.0), c * norm, c


@compiled
def _pair_homogeneous(half, excess, s, t):
    t = where_above(t, 1.0, 1.0, t)
    t = where_above(-1.0, t, -1.0, t)
    root = sqrt(fma(-t, t, 1.0))
    angle = arcsine(t, root) + half
    even = root - excess
    return fma(t, angle, even), even, angle


@compiled
def _complete_homogeneous(factor, scale, inverse):
    return factor * scale, 0.5 * factor * inverse, factor


@compiled
def _ready_erf(q, c):
    scale = sqrt(1.0 + q)
    return scale, 1.0 / scale, c, c / scale


@compiled
def _pair_erf(half, excess, s, t):
    root = sqrt(fma(-t, t, 1.0))
    rise = 1.0 / root - excess
    return arcsine(t, root) - excess * t, t * rise, rise


@compiled
def _complete_erf(factor, scale, inverse):
    return factor, -0.5 * factor * inverse * inverse, factor * inverse


@compiled
def _ready_quadratic(q, c):
    norm = sqrt(q)
    return q, where_above(norm, 0.0, 1.0 / norm, 0.0), c * q, c


@compiled
def _pair_quadratic(half, excess, s, t):
    return fma(2.0 * t, t, 1.0 - excess), 1.0 - excess, s


@compiled
def _complete_quadratic(factor, scale, inverse):
    return scale, 1.0, 4.0


FAMILIES = {
    HOMOGENEOUS: Family(_ready_homogeneous, _pair_homogeneous, _complete_homogeneous),
    ERF: Family(_ready_erf, _pair_erf, _complete_erf),
    QUADRATIC: Family(_ready_quadratic, _pair_quadratic, _complete_quadratic),
}
