"""The kernel of erf neurons with biases, and what is left without low degrees. Derivations: docs/theory.md §16."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from featlearn.theory import normal
from featlearn.theory.activations.record import BiasedValues
from featlearn.theory.pairs import Array

_SMALL = 0.25  # |t| below which the degrees that are kept are summed: the closed form would lose them among the others
_TERMS = 28  # of such a sum


def erf(drop: int, xp: Any, q_u: Array, b_u: Array, q_v: Array, b_v: Array, s: Array) -> BiasedValues:
    """erf(z/√2) = 2Φ(z) − 1, and E Φ(u·x + b) Φ(v·x + c) is Φ₂ of rows made longer by 1.

    Accuracy: 1e-15 absolute; without the degrees below ℓ also 1e-14·4^ℓ of √(K K), however short the rows are.
    """
    x, y = xp.sqrt(1 + q_u), xp.sqrt(1 + q_v)
    t = xp.clip(s / (x * y), -1.0, 1.0)
    h, k = normal.threshold(xp, b_u, x), normal.threshold(xp, b_v, y)
    both = normal.bivariate(xp, h, k, t)
    at_h, along = normal.density(xp, h), 2 * normal.cdf(xp, both.given_h) - 1
    by_t = (2 / pi) / both.root * xp.exp(-0.5 * (h * h + both.given_h * both.given_h))
    by_h = 2 * at_h * along
    value = 1 + 4 * (both.both - both.half)
    closed = BiasedValues(value, by_t / (x * y), -(h * by_h + t * by_t) / (2 * x * x), by_h / x)
    if not drop:
        return closed
    low, rest = _sums(xp, drop, x, h, y, k, t)
    small = xp.abs(t) <= _SMALL
    return BiasedValues(*(xp.where(small, c, a - b) for a, b, c in zip(closed, low, rest, strict=True)))


def _sums(xp: Any, drop: int, x: Array, h: Array, y: Array, k: Array, t: Array) -> tuple[list[Array], list[Array]]:
    """Of K and its derivatives what the degrees below ℓ are (below ℓ − 1 in ∂K/∂s), and those from there on.

    t is that of the longer rows, so that t^k has the lengths of c_k in it.
    """
    count = drop + _TERMS
    at_h, at_k = (normal.hermite_densities(xp, z, count + 1) for z in (h, k))
    mean_u, mean_v = (2 * normal.cdf(xp, z) - 1 for z in (h, k))
    totals = [[0 * t for _ in range(4)] for _ in range(2)]
    power = 0 * t + 1
    for j in range(count):
        by_s = 4 * at_h[j] * at_k[j] / (x * y)
        if j == 0:
            terms = mean_u * mean_v, by_s, -at_h[1] * mean_v / (x * x), 2 * at_h[0] * mean_v / x
        else:
            half = 2 * at_k[j - 1] / sqrt(j)
            bend = sqrt(j + 1) * at_h[j + 1] / (x * x)
            terms = 2 * at_h[j - 1] / sqrt(j) * half, by_s, bend * half, -2 * at_h[j] / x * half
        for place, term in enumerate(terms):
            total = totals[j >= (drop - 1 if place == 1 else drop)]
            total[place] = total[place] + power * term
        power = power * t
    return totals[0], totals[1]
