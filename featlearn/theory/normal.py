"""The normal distribution in one and two dimensions, for NumPy, PyTorch and double-double, right to rounding in every
corner.

Φ₂(h, k; t) = P(z₁ ≤ h, z₂ ≤ k) of standard normal variables with the correlation t. By Owen (1956)

    Φ₂ = ½ (Φ(h) + Φ(k)) − T(h, k | h) − T(k, h | k) − β,   T(h, a) = (1/2π) ∫₀^a exp(−½h²(1 + x²))/(1 + x²) dx,

where the second argument of the first is a = (k − th)/(h√(1 − t²)), that of the second the same with h and k swapped,
and β is ½ where h and k have opposite signs, else 0. With a m for ah, T is even in h and odd in a, and
T(h, m/h) + T(m, h/m) = ½(Φ(h) + Φ(m)) − Φ(h)Φ(m) for h, m > 0, so that only |a| ≤ 1 is integrated: there Gauss's rule
of ``_NODES`` nodes is exact to rounding; in double-double that of ``normal_doubled``.
"""

from __future__ import annotations

from functools import cache
from math import pi, sqrt
from types import ModuleType
from typing import NamedTuple

import numpy as np

from featlearn.theory import double_double, normal_doubled
from featlearn.theory.pairs import Array

LARGEST = 60.0  # Φ and its density are 1 and 0 to the last bit well before: larger arguments are taken as this one
_FARTHEST = 1e9  # the same of conditional arguments, which are quotients by √(1 − t²)
_SMALLEST = 1e-30  # stands for 0 where there are quotients; squares of it are never taken
_NODES = 14
_SMALL = 2**11  # entries


@cache
def _rule() -> tuple[np.ndarray, np.ndarray]:
    """Gauss's points in [0, 1], and their weights."""
    points, weights = np.polynomial.legendre.leggauss(_NODES)
    return 0.5 * (1 + points), 0.5 * weights


def cdf(xp: ModuleType, z: Array) -> Array:
    """Φ(z)."""
    if xp is np:
        from scipy import special

        return special.ndtr(z)
    return normal_doubled.cdf(z) if xp is double_double else xp.special.ndtr(z)


def density(xp: ModuleType, z: Array) -> Array:
    """Φ′(z) = e^{−z²/2}/√2π."""
    return xp.exp(-0.5 * z * z) / (normal_doubled.root_of_two_pi() if xp is double_double else sqrt(2 * pi))


def hermite_densities(xp: ModuleType, z: Array, count: int) -> list[Array]:
    """he_k(z) Φ′(z) for k < ``count``, he_k = He_k/√k!, without factors that overflow."""
    found = [density(xp, z)]
    for k in range(count - 1):
        further = z * found[k] if k == 0 else z * found[k] - sqrt(k) * found[k - 1]
        found.append(further / sqrt(k + 1))
    return found[:count]


def threshold(xp: ModuleType, bias: Array, length: Array) -> Array:
    """b/x, within what the normal distributions tell apart; 0 for rows (0, 0)."""
    return xp.clip(bias / xp.clip(length, _SMALLEST, None), -LARGEST, LARGEST)


class Normals(NamedTuple):
    """Of pairs (h, k) with a correlation t, r = √(1 − t²).

    Attributes:
        both: Φ₂(h, k; t).
        half: ½ (Φ(h) + Φ(k)), which ``both`` is but for the rest of Owen's formula.
        root: r, 0 where t is ±1.
        given_h, given_k: (k − th)/r and (h − tk)/r, the arguments of z₂ given z₁ = h and of z₁ given z₂ = k.
    """

    both: Array
    half: Array
    root: Array
    given_h: Array
    given_k: Array


def bivariate(xp: ModuleType, h: Array, k: Array, t: Array, root: Array | None = None) -> Normals:
    """Φ₂ and what it is made of, of arrays that broadcast: |h|, |k| ≤ ``LARGEST``, |t| ≤ 1.

    Args:
        root: r, where it is known to more digits than t near ±1 tells.

    Accuracy: 1e-15 absolute for the given h, k and t, in double-double 1e-29 (tests/theory/test_normal.py, fifty
        digits).
    """
    h, k, t = (xp.broadcast_tensors if hasattr(xp, "broadcast_tensors") else xp.broadcast_arrays)(h, k, t)
    h, k = (xp.where(xp.abs(x) < _SMALLEST, x * 0 + _SMALLEST, x) for x in (h, k))
    near = 1 - xp.abs(t) if root is None else root * root / (1 + xp.abs(t))
    root = xp.sqrt((1 - t) * (1 + t)) if root is None else root
    given_h, given_k = _given(xp, h, k, t, near, root), _given(xp, k, h, t, near, root)
    half = 0.5 * (cdf(xp, h) + cdf(xp, k))
    apart = xp.where((h > 0) == (k > 0), h * 0, h * 0 + 0.5)
    both = half - _owens(xp, h, given_h) - _owens(xp, k, given_k) - apart
    return Normals(xp.clip(both, 0.0, 1.0), half, root, given_h, given_k)


def _given(xp: ModuleType, h: Array, k: Array, t: Array, near: Array, root: Array) -> Array:
    """(k − th)/r, with the difference taken of near numbers first where t is near ±1; ``near`` is 1 − |t|."""
    rest = xp.where(t > 0, (k - h) + near * h, (k + h) - near * h)
    return xp.clip(rest / xp.clip(root, 1e-20, None), -_FARTHEST, _FARTHEST)


def _integral(xp: ModuleType, decay: Array, ratio: Array) -> Array:
    """∫₀¹ exp(decay (1 + (ratio x)²))/(1 + (ratio x)²) dx, the nodes of small arrays at a time, in the same order."""
    points, weights = _rule()
    total = 0.0
    if xp is double_double or np.prod(ratio.shape) > _SMALL:
        rule = zip(points.tolist(), weights.tolist(), strict=True)
        for point, weight in normal_doubled.rule() if xp is double_double else rule:
            along = point * ratio
            square = 1 + along * along
            total = total + weight * xp.exp(decay * square) / square
        return total
    along = (_NODES,) + (1,) * len(ratio.shape)
    if xp is not np:
        points, weights = (ratio.new_tensor(x) for x in (points, weights))
    square = 1 + (points.reshape(along) * ratio) ** 2
    for term in weights.reshape(along) * xp.exp(decay * square) / square:
        total = total + term
    return total


def _owens(xp: ModuleType, h: Array, m: Array) -> Array:
    """T(h, m/h)."""
    size, other = xp.abs(h), xp.abs(m)
    swap = other - size > 0
    larger, smaller = xp.where(swap, other, size), xp.where(swap, size, other)
    ratio = smaller / larger
    of_circle = normal_doubled.two_pi() if xp is double_double else 2 * pi
    inside = ratio * _integral(xp, -0.5 * larger * larger, ratio) / of_circle
    # ½(Φ(h) + Φ(m)) − Φ(h)Φ(m) in tails, which lose no digits
    tail_h, tail_m = cdf(xp, -size), cdf(xp, -other)
    outside = 0.5 * (tail_h + tail_m) - tail_h * tail_m
    found = xp.where(swap, outside - inside, inside)
    return xp.where((h > 0) == (m > 0), found, -found)
