"""What ``normal`` needs in double-double: Φ, Gauss's rule and the constants, from arithmetic in 50 digits."""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache

import numpy as np

from featlearn.theory import double_double
from featlearn.theory.double_double import DoubleDouble

_DIGITS = 50
_NODES = 28
_CELLS = 4  # to 1, each with a Taylor series about its middle
_LARGEST = 12  # Φ is 1 or 0 within 1e-32 beyond
_TERMS = 25  # (1/8)^26/√25! < 1e-35
_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")


def _doubled(value: Decimal) -> DoubleDouble:
    high = float(value)
    with localcontext() as context:
        context.prec = _DIGITS
        return DoubleDouble(high, float(value - Decimal(high)))


@cache
def two_pi() -> DoubleDouble:
    with localcontext() as context:
        context.prec = _DIGITS
        return _doubled(2 * _PI)


@cache
def root_of_two_pi() -> DoubleDouble:
    with localcontext() as context:
        context.prec = _DIGITS
        return _doubled((2 * _PI).sqrt())


@cache
def rule() -> tuple[tuple[DoubleDouble, DoubleDouble], ...]:
    """Gauss's points in [0, 1], and their weights."""
    found = []
    with localcontext() as context:
        context.prec = _DIGITS
        for start in np.polynomial.legendre.leggauss(_NODES)[0].tolist():
            x = Decimal(start)
            for _ in range(3):  # Newton's steps from 15 digits
                value, slope = _legendre(x)
                x -= value / slope
            weight = 2 / ((1 - x * x) * _legendre(x)[1] ** 2)
            found.append((_doubled((1 + x) / 2), _doubled(weight / 2)))
    return tuple(found)


def _legendre(x: Decimal) -> tuple[Decimal, Decimal]:
    """P_n(x) and P_n′(x), n = ``_NODES``."""
    before, here = Decimal(1), x
    for k in range(1, _NODES):
        before, here = here, ((2 * k + 1) * x * here - k * before) / (k + 1)
    return here, _NODES * (before - x * here) / (1 - x * x)


@cache
def _table() -> DoubleDouble:
    """Φ at 0, ¼, ½ … ``_LARGEST``: ½ + ϕ(z) (z + z³/3 + z⁵/15 + …)."""
    found = []
    with localcontext() as context:
        context.prec = _DIGITS
        for i in range(_LARGEST * _CELLS + 1):
            z = Decimal(i) / _CELLS
            term = total = z
            k = 1
            while term > Decimal(10) ** -_DIGITS * total:
                k += 2
                term = term * z * z / k
                total += term
            found.append(_doubled(Decimal("0.5") + (-z * z / 2).exp() / (2 * _PI).sqrt() * total))
    return DoubleDouble([x.high for x in found], [x.low for x in found])


def cdf(z: DoubleDouble) -> DoubleDouble:
    """Φ(z), within 1e-30: by the Taylor series about the next entry of a table, whose terms are Hermite polynomials."""
    size = double_double.clip(double_double.abs(z), 0.0, float(_LARGEST))
    cell = np.rint(size.high * _CELLS)
    middle, beyond = cell / _CELLS, size - cell / _CELLS
    before, term = DoubleDouble(np.zeros_like(middle)), beyond  # (−1)^k He_k(m) δ^{k+1}/(k + 1)! at k = 0
    total = term
    for k in range(_TERMS):
        before, term = term, -(term * middle + before * beyond * k / (k + 1)) * beyond / (k + 2)
        total = total + term
    density = double_double.exp(DoubleDouble(-0.5 * middle * middle)) / root_of_two_pi()
    found = _table()[cell.astype(int)] + density * total
    return double_double.where(z.high < 0, 1.0 - found, found)
