"""The numbers from which compiled code makes the tails of ``theory.activations.tails``.

Of each J they are, one after the other: the polynomial P of asin s = s (Σ_{j<J} H_j x^j + x^J P(x)), x = s² ≤ ½, and
then for each of J degrees, the highest first, the coefficients of H, of a head and of a quotient. With
A_j = (2j choose j)/4^j:

    H_j = A_j/(2j + 1);
    degree 1   √(1 − z):   h = 1 − z·head(z),  h² − (1 − z) = z^{J+1} quotient(z);
    erf        1/√(1 − z): h = head(z),        1 − (1 − z) h² = z^J quotient(z).

No coefficient of a quotient is negative, so that its sum loses no digits.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import comb, cos, pi

import numpy as np

from featlearn.training.backends.layout import ARCSINE, ERF_TAIL, HOMOGENEOUS_TAIL, LANES

_TERMS = 90  # of the series of P, which halve at the least from one to the next


@cache
def tail_constants(family: int, first: int) -> np.ndarray:
    """The numbers of a family and J, in rows of LANES; none for families without a tail."""
    if family not in (HOMOGENEOUS_TAIL, ERF_TAIL):
        return np.zeros((1, LANES))
    low = [_binomial(j) / (2 * j + 1) for j in range(first)]
    if family == HOMOGENEOUS_TAIL:
        head = [_binomial(j) / (2 * j + 2) for j in range(first)]
        whole = _square([Fraction(1), *(-x for x in head)])
        quotient = whole[first + 1 :]
    else:
        head = [_binomial(j) for j in range(first)]
        square = [*_square(head), Fraction(0)]
        whole = [b - a for a, b in zip(square, [Fraction(0), *square], strict=False)]
        quotient = whole[first:]
    by_degree = [x for j in reversed(range(first)) for x in (low[j], head[j], quotient[j])]
    numbers = np.array([float(x) for x in [*_polynomial(first)[::-1], *by_degree]])
    rows = np.zeros((-(-len(numbers) // LANES), LANES))
    rows.reshape(-1)[: len(numbers)] = numbers
    return rows


def _binomial(j: int) -> Fraction:
    return Fraction(comb(2 * j, j), 4**j)


def _square(coefficients: list[Fraction]) -> list[Fraction]:
    square = [Fraction(0)] * (2 * len(coefficients) - 1)
    for i, a in enumerate(coefficients):
        for j, b in enumerate(coefficients):
            square[i + j] += a * b
    return square


def _polynomial(first: int) -> list[Fraction]:
    """The coefficients of P, the lowest first, which interpolates at the Chebyshev points of [0, ½]."""
    points = [Fraction(1 + cos(pi * (2 * i + 1) / (2 * ARCSINE))) / 4 for i in range(ARCSINE)]
    differences = [_value(first, x) for x in points]
    for order in range(1, ARCSINE):
        for i in range(ARCSINE - 1, order - 1, -1):
            step = (differences[i] - differences[i - 1]) / (points[i] - points[i - order])
            differences[i] = step.limit_denominator(10**60)
    found = [Fraction(0)] * ARCSINE
    for i in reversed(range(ARCSINE)):  # times x − points[i], plus differences[i]
        found = [a - points[i] * b for a, b in zip([Fraction(0), *found], [*found, Fraction(0)], strict=True)][:ARCSINE]
        found[0] += differences[i]
    return found


def _value(first: int, x: Fraction) -> Fraction:
    """Σ_j A_{J+j} x^j/(2(J + j) + 1)."""
    total = Fraction(0)
    for j in reversed(range(first, first + _TERMS)):
        total = (total * x + _binomial(j) / (2 * j + 1)).limit_denominator(10**60)
    return total
