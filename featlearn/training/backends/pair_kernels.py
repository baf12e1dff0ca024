"""What a pair of neurons contributes, for each family of kernels, eight pairs at a time.

With t = s/(ρ_u ρ_v), s = u·v, every family has K = α_u α_v k(t) up to a constant of the pair's own, and so has its
derivatives; ``pair`` is the part that depends on t. The rest depends on one neuron and is applied before (``ready``)
and after (``complete``) the sums over pairs:

    homogeneous   K = f|u||v| (√(1−t²) + t(asin t + half) − excess),  ρ = |v|
    erf           K = f asin t,                                       ρ = √(1 + q)
    quadratic     K = (1 − excess) q_u q_v + 2 s²,                    ρ = |v|

Without their low Hermite degrees the first two are f|u||v| F₂(t) and f F₁(t), with the tails F of
``theory.activations.tails``, and have the same factors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from featlearn.training.backends.layout import ARCSINE, ERF, ERF_TAIL, HOMOGENEOUS, HOMOGENEOUS_TAIL, QUADRATIC
from featlearn.training.backends.vectors import absolute, compiled, copysign, fma, number, spread, sqrt, where_above

Function = Callable[..., Any]


class Kernel(NamedTuple):
    """The numbers of an activation.

    Args:
        factor, half, excess: see above, or ``biased_kernels``.
        first: J of a tail.
        tail: its ``tail_constants``, or its ``series_table`` for each level.
        expansions, stride: of the neurons of a run, and rows of a block; of a series and with biases alone, see
            ``series_kernels`` and ``biased_kernels``.
    """

    factor: float
    half: float
    excess: float
    first: int
    tail: Any
    expansions: Any = None
    stride: int = 0


class Family(NamedTuple):
    """The compiled parts of a family.

    Args:
        ready: (q, c) → ρ, 1/ρ (0 where ρ is), the weight of a neuron in sums of k and ∂K/∂q, and in the sum of columns.
        pair: (kernel, s, t) → what is summed for K, for ∂K/∂q, and for ∂K/∂s.
        complete: (factor, ρ, 1/ρ) → what turns the sums over pairs into Σ c_j K, Σ c_j ∂K/∂q and Σ c_j ∂K/∂s v_j.
        moment: (ρ, 1/ρ) as they are stored → ρ^p, ρ^{p−1} and p of ``moment_kernels``.
    """

    ready: Function
    pair: Function
    complete: Function
    moment: Function


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
def _tail(kernel, t, root):
    """F₁(t); and at z = t² the head and the quotient of ``tail_constants``, and z^J.

    With s the smaller of |t| and √(1 − t²), x = s²: asin s = s (H(x) + x^J P(x)), where H has the first terms. Where
    |t| is the smaller F₁ is the last part of it, and nothing is subtracted; else F₁ = asin|t| − |t| H(t²), which is
    not small beside them.
    """
    tail, first = kernel.tail, kernel.first
    size = absolute(t)
    s = where_above(size, root, root, size)
    x, z = s * s, t * t
    y = x * x
    odd, even = spread(number(tail, 0)), spread(number(tail, 1))
    for place in range(2, ARCSINE, 2):
        odd, even = fma(y, odd, number(tail, place)), fma(y, even, number(tail, place + 1))
    low, high, head, quotient = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
    power, whole = spread(1.0), spread(1.0)
    for place in range(ARCSINE, ARCSINE + 3 * first, 3):
        low, high = fma(x, low, number(tail, place)), fma(z, high, number(tail, place))
        head = fma(z, head, number(tail, place + 1))
        quotient = fma(z, quotient, number(tail, place + 2))
        power, whole = power * x, whole * z
    rest = s * (power * fma(x, odd, even))
    large = 1.5707963267948966 - fma(s, low, rest) - size * high
    return copysign(where_above(size, root, large, rest), t), head, quotient, whole


@compiled
def _pair_homogeneous_tail(kernel, s, t):
    """F₂ = t F₁ + R, where R is what √(1 − t²) leaves after its first terms h: (1 − t² − h²)/(√(1 − t²) + h)."""
    t = where_above(t, 1.0, 1.0, t)
    t = where_above(-1.0, t, -1.0, t)
    root = sqrt(fma(-t, t, 1.0))
    angle, head, quotient, power = _tail(kernel, t, root)
    z = t * t
    even = -(quotient * (power * z)) / (root + fma(-z, head, 1.0))
    return fma(t, angle, even), even, angle


@compiled
def _pair_erf_tail(kernel, s, t):
    """F₀ is what 1/√(1 − t²) leaves after its first terms h: (1 − (1 − t²) h²)/(√(1 − t²) (1 + √(1 − t²) h))."""
    root = sqrt(fma(-t, t, 1.0))
    value, head, quotient, power = _tail(kernel, t, root)
    rise = quotient * power / (root * fma(root, head, 1.0))
    return value, t * rise, rise


@compiled
def _ready_homogeneous(q, c):
    norm = sqrt(q)
    return norm, where_above(norm, 0.0, 1.0 / norm, 0.0), c * norm, c


@compiled
def _pair_homogeneous(kernel, s, t):
    t = where_above(t, 1.0, 1.0, t)
    t = where_above(-1.0, t, -1.0, t)
    root = sqrt(fma(-t, t, 1.0))
    angle = arcsine(t, root) + kernel.half
    even = root - kernel.excess
    return fma(t, angle, even), even, angle


@compiled
def _complete_homogeneous(factor, scale, inverse):
    return factor * scale, 0.5 * factor * inverse, factor


@compiled
def _moment_homogeneous(scale, inverse):
    return scale, spread(1.0), 1.0


@compiled
def _ready_erf(q, c):
    scale = sqrt(1.0 + q)
    return scale, 1.0 / scale, c, c / scale


@compiled
def _pair_erf(kernel, s, t):
    root = sqrt(fma(-t, t, 1.0))
    rise = 1.0 / root
    return arcsine(t, root), t * rise, rise


@compiled
def _complete_erf(factor, scale, inverse):
    return factor, -0.5 * factor * inverse * inverse, factor * inverse


@compiled
def _moment_erf(scale, inverse):
    return spread(1.0), inverse, 0.0


@compiled
def _ready_quadratic(q, c):
    norm = sqrt(q)
    return q, where_above(norm, 0.0, 1.0 / norm, 0.0), c * q, c


@compiled
def _pair_quadratic(kernel, s, t):
    return fma(2.0 * t, t, 1.0 - kernel.excess), 1.0 - kernel.excess, s


@compiled
def _complete_quadratic(factor, scale, inverse):
    return scale, 1.0, 4.0


@compiled
def _moment_quadratic(scale, inverse):
    return scale, scale * inverse, 2.0


FAMILIES = {
    HOMOGENEOUS: Family(_ready_homogeneous, _pair_homogeneous, _complete_homogeneous, _moment_homogeneous),
    ERF: Family(_ready_erf, _pair_erf, _complete_erf, _moment_erf),
    QUADRATIC: Family(_ready_quadratic, _pair_quadratic, _complete_quadratic, _moment_quadratic),
    HOMOGENEOUS_TAIL: Family(_ready_homogeneous, _pair_homogeneous_tail, _complete_homogeneous, _moment_homogeneous),
    ERF_TAIL: Family(_ready_erf, _pair_erf_tail, _complete_erf, _moment_erf),
}
