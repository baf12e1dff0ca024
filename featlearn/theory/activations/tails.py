"""What three Taylor series leave after their first terms, to full relative precision for all |t| ≤ 1.

With A_j = (2j choose j)/4^j the tails from j = J on are

    F₀ = Σ A_j t^{2j}                       of 1/√(1 − t²),
    F₁ = Σ A_j t^{2j+1}/(2j + 1)            of asin t,
    F₂ = Σ A_j t^{2j+2}/((2j + 1)(2j + 2))  of √(1 − t²) + t asin t,

each the integral of the one before. Subtracting the first terms would leave nothing of a small t, and the series
converge slowly near t = ±1. As functions of α = asin t, however, F_i/t^{2J+i} (for i = 0 times cos α) are even and
analytic for |α| < π: one short Chebyshev expansion in α² holds for all |α| ≤ π/2. Derivation: docs/theory.md §11.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache, partial
from math import comb, pi, prod
from typing import Any

import numpy as np

from featlearn.theory import double_double
from featlearn.theory.pairs import Array

LARGEST_FIRST = 20  # the largest J
_DIGITS = 110  # of the values at the nodes: the first terms are up to 10⁶⁰ times what they leave


def tail(xp: Any, order: int, first: int, t: Array, root: Array, alpha: Array) -> Array:
    """√(1 − t²) F₀, F₁ or F₂, for order 0, 1 or 2.

    Args:
        xp: the namespace of the arrays. In ``double_double`` the first terms are subtracted.
        first: J, at most ``LARGEST_FIRST``.
        t, root, alpha: t, √(1 − t²), asin t.
    Accuracy: 1e-13 relative in float64; 1e-28 absolute in double-double (tests/theory/test_tails.py).
    """
    if xp is double_double:
        return _by_subtraction(order, first, t, root, alpha)
    x = alpha * alpha * (8 / pi**2) - 1
    twice, total, ahead = 2 * x, 0 * x, 0 * x
    for c in _expansion(order, first)[:0:-1]:  # Clenshaw's recurrence
        total, ahead = twice * total - ahead + c, total
    total = x * total - ahead + _expansion(order, first)[0]
    square = t * t
    for _ in range(first):
        total = total * square
    return total * (1.0, t, square)[order]


def coefficient(j: int) -> float:
    """A_j, 0 for j < 0."""
    return comb(2 * j, j) / 4**j if j >= 0 else 0.0


def _by_subtraction(order: int, first: int, t: Any, root: Any, alpha: Any) -> Any:
    """The tail as the difference of the function and its first terms, for numbers with digits to spare."""
    power = t * 0 + 1
    rest, factor = ((power, root), (alpha, t), (root + t * alpha - 1, t * t))[order]
    for j in range(first):
        divisor = 4**j * prod(range(2 * j + 1, 2 * j + 1 + order))
        rest = rest - factor * power * comb(2 * j, j) / divisor
        power = power * t * t
    return rest


@cache
def _expansion(order: int, first: int) -> list[float]:
    """The coefficients of the expansion of F/t^{2J+order} in Chebyshev polynomials of 8α²/π² − 1."""
    value = np.vectorize(partial(_value, order, first))
    return [float(c) for c in np.polynomial.chebyshev.chebinterpolate(value, 18 + first // 2)]


def _value(order: int, first: int, x: float) -> float:
    with localcontext() as context:
        context.prec = _DIGITS
        alpha = (Decimal(x + 1) * Decimal(pi**2 / 8)).sqrt()
        t, root = _sine_and_cosine(alpha)
        return float(_by_subtraction(order, first, t, root, alpha) / t ** (2 * first + order))


def _sine_and_cosine(alpha: Decimal) -> tuple[Decimal, Decimal]:
    """By their Taylor series, for 0 ≤ α ≤ π/2."""
    sums, term, k = [Decimal(0), Decimal(0)], Decimal(1), 0
    while abs(term) > Decimal(10) ** -_DIGITS:
        sums[k % 2] += -term if k % 4 >= 2 else term
        k += 1
        term = term * alpha / k
    return sums[1], sums[0]
