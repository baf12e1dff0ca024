"""Normal distributions in compiled code, eight numbers at a time, as ``theory.normal`` has them.

``tail`` is always the table of ``biased_constants``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from featlearn.training.backends.layout import MILLS, NODES
from featlearn.training.backends.vectors import absolute, compiled, fma, number, spread, two_to, where_above, whole

_FARTHEST = 1e9  # arguments beyond are taken as this one
_LARGEST = 60.0  # thresholds beyond are taken as this one, as in ``theory.normal``
_SMALLEST = 1e-30  # stands for 0 where there are quotients
_NOTHING = 37.0  # from where on tails, below 1e-299, are 0: rows that are biases alone then stay what they are
_LEAST_ROOT = 1e-20  # stands for smaller √(1 − t²) where there are quotients by it


class Normal(NamedTuple):
    """Of a number z its density, Φ(z), and Φ(−|z|), which loses no digits far out."""

    density: Any
    below: Any
    tail: Any


class Normals(NamedTuple):
    """Of pairs (h, k) with a correlation t.

    Args:
        rest: Φ₂(h, k; t) − ½ (Φ(h) + Φ(k)).
        root: √(1 − t²), at least 1e-20.
        given_h, given_k: the normals of z₂ given z₁ = h at k, and of z₁ given z₂ = k at h.
    """

    rest: Any
    root: Any
    given_h: Normal
    given_k: Normal


@compiled
def clipped(z, largest):
    z = where_above(z, largest, largest, z)
    return where_above(-largest, z, -largest, z)


@compiled
def threshold(bias, length):
    """b/ρ, within what normal distributions tell apart, and not 0."""
    h = clipped(bias / where_above(length, _SMALLEST, length, _SMALLEST), _LARGEST)
    return where_above(_SMALLEST, absolute(h), _SMALLEST, h)


@compiled
def exponential(x):
    """e^x for x ≤ 0, within 2 ulp, and no less than e^−700.

    With k the whole number next to x/log 2, e^x = 2^k e^y, |y| ≤ ½ log 2. The polynomial interpolates e^y at
    Chebyshev's points, degree 12, which leaves 5e-18.
    """
    x = where_above(-700.0, x, -700.0, x)
    k = whole(1.4426950408889634 * x)
    y = fma(k, -1.9082149292705877e-10, fma(k, -0.6931471803691238, x))  # log 2 in two parts
    z = y * y
    even = fma(z, 2.09215799649503e-09, 2.7557251904174915e-07)
    odd = fma(z, 2.5114869528657765e-08, 2.7557224958392624e-06)
    even = fma(z, even, 2.4801587350110797e-05)
    odd = fma(z, odd, 0.000198412699092171)
    even = fma(z, even, 0.001388888888887189)
    odd = fma(z, odd, 0.008333333333309528)
    even = fma(z, even, 0.04166666666666669)
    odd = fma(z, odd, 0.16666666666666702)
    rest = fma(z, even, 0.5)
    return two_to(k) * (1.0 + fma(y, fma(z, odd, 1.0), z * rest))


@compiled
def normal(tail, z):
    """A ``Normal``, right to 1e-15 (1 + z²/10) of itself where nothing underflows.

    With a = |z|, (1 + a) Φ(−a) e^{a²/2} is a polynomial in (a − 5)/(a + 5).
    """
    a = absolute(z)
    x = (a - 5.0) / (a + 5.0)
    y = x * x
    odd, even = spread(number(tail, 2 * NODES)), spread(number(tail, 2 * NODES + 1))
    for place in range(2 * NODES + 2, 2 * NODES + MILLS, 2):
        odd, even = fma(y, odd, number(tail, place)), fma(y, even, number(tail, place + 1))
    decay = where_above(a, _NOTHING, 0.0, exponential(-0.5 * a * a))
    beyond = decay * fma(x, odd, even) / (1.0 + a)
    return Normal(0.3989422804014327 * decay, where_above(z, 0.0, 1.0 - beyond, beyond), beyond)


@compiled
def _owens(tail, h, beyond_h, m, beyond_m):
    """T(h, m/h), with Φ(−|h|) and Φ(−|m|); h is not 0."""
    size, other = absolute(h), absolute(m)
    larger, smaller = where_above(other, size, other, size), where_above(other, size, size, other)
    ratio, decay = smaller / larger, -0.5 * larger * larger
    ratio2, total = ratio * ratio, spread(0.0)
    for node in range(NODES):
        square = fma(ratio2, number(tail, node), 1.0)
        total = fma(exponential(decay * square) / square, number(tail, NODES + node), total)
    inside = ratio * total
    outside = 0.5 * (beyond_h + beyond_m) - beyond_h * beyond_m
    found = where_above(other, size, outside - inside, inside)
    return where_above(h * m, 0.0, found, -found)


@compiled
def bivariate(tail, h, beyond_h, k, beyond_k, t, root):
    """``Normals`` of thresholds that are not 0, with Φ(−|h|) and Φ(−|k|), and of √(1 − t²)."""
    near = 1.0 - absolute(t)
    root = where_above(root, _LEAST_ROOT, root, _LEAST_ROOT)
    at_k = clipped(where_above(t, 0.0, fma(near, h, k - h), fma(-near, h, k + h)) / root, _FARTHEST)
    at_h = clipped(where_above(t, 0.0, fma(near, k, h - k), fma(-near, k, h + k)) / root, _FARTHEST)
    given_h, given_k = normal(tail, at_k), normal(tail, at_h)
    apart = where_above(h * k, 0.0, 0.0, 0.5)
    rest = _owens(tail, h, beyond_h, at_k, given_h.tail) + _owens(tail, k, beyond_k, at_h, given_k.tail)
    return Normals(-rest - apart, root, given_h, given_k)
