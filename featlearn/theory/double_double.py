"""Double-double arithmetic: unevaluated sums of two float64 arrays, some 31 significant digits.

The population loss is a sum of terms of order ‖f*‖² that cancel down to the loss itself, so float64 leaves nothing of
a loss below 1e-14. The pair kernels of ``activations`` run unchanged on the type of this module, which carries twice
the digits: the module is the array namespace of its own type (abs, sqrt, asin, exp, clip, where).

Accuracy: + − × ÷ √ within 2⁻¹⁰⁰ relative, asin within 1e-29 absolute, exp x within 1e-30 (1 + |x|) relative
(tests/theory/test_double_double.py, against 50-digit arithmetic). Finite values below 1e290 only: the splitting of a
larger factor overflows.
Source: Dekker 1971 and Knuth (error-free transforms), Hida, Li & Bailey 2001 (the algorithms for pairs); the exact
matrix product by slices is the idea of Ozaki, Ogita, Oishi & Rump 2012.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import factorial
from typing import Any

import numpy as np

PAIRS_IN_CACHE = 2**14  # Kernels of more pairs than this are computed in parts, which stay in the processor's cache.

_SPLITTER = 134217729.0  # 2²⁷ + 1: cuts a float64 in two halves of 26 bits


def _two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """a + b = s + e exactly."""
    s = a + b
    b_part = s - a
    return s, (a - (s - b_part)) + (b - b_part)


def _fast_two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """a + b = s + e exactly, for |a| ≥ |b|."""
    s = a + b
    return s, b - (s - a)


def _split(a: Any) -> tuple[Any, Any]:
    scaled = _SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def _two_product(a: Any, b: Any) -> tuple[Any, Any]:
    """a · b = p + e exactly."""
    p = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


class DoubleDouble:
    """An array of numbers high + low with |low| ≤ ½ ulp(high); arithmetic broadcasts like NumPy's."""

    __slots__ = ("high", "low")
    __array_priority__ = 1000  # NumPy arrays on the left leave the operation to this class
    __array_ufunc__ = None

    def __init__(self, high: Any, low: Any = 0.0) -> None:
        self.high = np.asarray(high, dtype=np.float64)
        self.low = np.asarray(low, dtype=np.float64)

    def __neg__(self) -> DoubleDouble:
        return DoubleDouble(-self.high, -self.low)

    def __add__(self, other: Any) -> DoubleDouble:
        other = _lift(other)
        s, e = _two_sum(self.high, other.high)
        t, f = _two_sum(self.low, other.low)
        s, e = _fast_two_sum(s, e + t)
        return DoubleDouble(*_fast_two_sum(s, e + f))

    __radd__ = __add__

    def __sub__(self, other: Any) -> DoubleDouble:
        return self + (-_lift(other))

    def __rsub__(self, other: Any) -> DoubleDouble:
        return _lift(other) + (-self)

    def __mul__(self, other: Any) -> DoubleDouble:
        other = _lift(other)
        p, e = _two_product(self.high, other.high)
        return DoubleDouble(*_fast_two_sum(p, e + (self.high * other.low + self.low * other.high)))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> DoubleDouble:
        other = _lift(other)
        first = self.high / other.high
        second = (self - other * first).high / other.high
        third = (self - other * first - other * second).high / other.high
        return DoubleDouble(*_fast_two_sum(first, second)) + third

    def __rtruediv__(self, other: Any) -> DoubleDouble:
        return _lift(other) / self

    def __gt__(self, other: float) -> np.ndarray:
        return self.high > other

    def __lt__(self, other: float) -> np.ndarray:
        return self.high < other

    def __getitem__(self, key: Any) -> DoubleDouble:
        return DoubleDouble(self.high[key], np.broadcast_to(self.low, self.high.shape)[key])

    def sum(self) -> DoubleDouble:
        """The sum over the last axis, by halving (each level adds pairs in double-double)."""
        total = DoubleDouble(*np.broadcast_arrays(self.high, self.low))
        while (length := total.high.shape[-1]) > 1:
            even = total[..., : length - length % 2 : 2] + total[..., 1::2]
            rest = total[..., length - length % 2 :]
            total = DoubleDouble(np.append(even.high, rest.high, -1), np.append(even.low, rest.low, -1))
        return total[..., 0]

    def to_float(self) -> np.ndarray:
        """The nearest float64."""
        return self.high + self.low


def _lift(x: Any) -> DoubleDouble:
    return x if isinstance(x, DoubleDouble) else DoubleDouble(x)


def _constant(value: Fraction) -> DoubleDouble:
    """A rational number, rounded to double-double."""
    high = float(value)
    return DoubleDouble(high, float(value - Fraction(high)))


# --- the array namespace ------------------------------------------------------------------------


def where(condition: np.ndarray, x: Any, y: Any) -> DoubleDouble:
    x, y = _lift(x), _lift(y)
    return DoubleDouble(np.where(condition, x.high, y.high), np.where(condition, x.low, y.low))


def clip(x: DoubleDouble, low: float, high: float | None) -> DoubleDouble:
    below = (x - low).high < 0
    x = where(below, low, x)
    return x if high is None else where((x - high).high > 0, high, x)


def abs(x: DoubleDouble) -> DoubleDouble:
    return where(x.high < 0, -x, x)


def broadcast_arrays(*given: Any) -> list[DoubleDouble]:
    lifted = [_lift(x) for x in given]
    shape = np.broadcast_shapes(*(x.high.shape for x in lifted))
    return [DoubleDouble(np.broadcast_to(x.high, shape), np.broadcast_to(x.low, shape)) for x in lifted]


def sqrt(x: DoubleDouble) -> DoubleDouble:
    """√x by one Newton step from the float64 root; 0 at 0."""
    root = np.sqrt(x.high)
    correction = (x - DoubleDouble(*_two_product(root, root))).high / np.where(root > 0, 2 * root, 1.0)
    return DoubleDouble(*_fast_two_sum(root, correction))


@cache
def _half_pi() -> DoubleDouble:
    return DoubleDouble(1.5707963267948966, 6.123233995736766e-17)


@cache
def _taylor(odd: int) -> list[DoubleDouble]:
    """The coefficients of the sine (odd = 1) or the cosine (odd = 0) in powers of z², without the first one."""
    return [_constant(Fraction((-1) ** k, factorial(2 * k + odd))) for k in range(1, 13)]


def _even_series(coefficients: list[DoubleDouble], z: DoubleDouble) -> DoubleDouble:
    """z·(c₁ + z·(c₂ + …)) for 0 ≤ z ≤ 0.3: float64 where a term can only touch the last digits of the sum."""
    exact = 7
    tail = np.zeros_like(z.high)
    for c in reversed(coefficients[exact:]):
        tail = c.high + z.high * tail
    total = DoubleDouble(z.high * tail)
    for c in reversed(coefficients[1:exact]):
        total = (total + c) * z
    return (total + coefficients[0]) * z


def asin(x: DoubleDouble) -> DoubleDouble:
    """asin x for |x| ≤ 1 (clip first).

    For |x| ≤ ½ one Newton step from the float64 value y: asin x = y + (x − sin y)/cos y, where the neglected term is
    of the order of (x − sin y)² ~ 1e-33. For |x| > ½, where that would divide by cos y → 0,
    asin x = π/2 − 2 asin √((1 − x)/2) for x > 0, and odd in x.
    """
    negative = x.high < 0
    magnitude = where(negative, -x, x)
    large = magnitude.high > 0.5
    reduced = where(large, sqrt(clip((1.0 - magnitude) * 0.5, 0.0, 1.0)), magnitude)
    start = DoubleDouble(np.arcsin(np.minimum(reduced.high, 1.0)))
    z = start * start
    sine = start + start * _even_series(_taylor(1), z)
    cosine = 1.0 + _even_series(_taylor(0), z)
    small = start + (reduced - sine) / cosine
    result = where(large, _half_pi() - small * 2.0, small)
    return where(negative, -result, result)


@cache
def _exponential() -> tuple[DoubleDouble, list[DoubleDouble]]:
    """log 2, and the coefficients of eˣ − 1 from x^9 down to x."""
    coefficients = [_constant(Fraction(1, factorial(k))) for k in range(9, 0, -1)]
    return DoubleDouble(0.6931471805599453, 2.3190468138462996e-17), coefficients


def exp(x: DoubleDouble) -> DoubleDouble:
    """eˣ for x ≤ 650: e^{n log 2 + r} with |r| ≤ ½ log 2, and e^r − 1 by its series at r/512 and nine doublings."""
    log_2, coefficients = _exponential()
    x = where(x.high < -800.0, -800.0, x)
    n = np.rint(x.high / log_2.high)
    r = (x - log_2 * n) * 2.0**-9
    rise = DoubleDouble(np.zeros_like(r.high))
    for c in coefficients:
        rise = rise * r + c
    rise = rise * r
    for _ in range(9):
        rise = rise * 2.0 + rise * rise
    power, whole = rise + 1.0, n.astype(int)
    return DoubleDouble(np.ldexp(power.high, whole), np.ldexp(power.low, whole))


# --- exact products -----------------------------------------------------------------------------


def gram(rows: np.ndarray) -> DoubleDouble:
    """All dot products rows·rowsᵀ, (…, n, d) → (…, n, n), within 2⁻⁸⁵ of |row||row′| for d ≤ 128.

    (The proven bound grows like d^{5/2} beyond; measured errors stay near 2⁻⁹⁷ for all d. docs/theory.md §5.)

    Each row is cut in slices so short that the float64 product of two slices is exact in any order of summation;
    matrix products of the slices then do the work at the speed of the BLAS, and are added in double-double.
    """
    dimension = rows.shape[-1]
    bits = (53 - int(np.ceil(np.log2(max(dimension, 2))))) // 2
    largest = np.max(np.abs(rows), axis=-1, keepdims=True)
    exponent = np.frexp(largest)[1]
    first, rest = _slice(rows, exponent, bits)
    second, third = _slice(rest, exponent - bits, bits)
    crossed = [first @ second.mT, first @ third.mT, second @ third.mT]
    total = DoubleDouble(third @ third.mT) + crossed[2] + crossed[2].mT
    total = total + crossed[1] + crossed[1].mT + second @ second.mT
    return total + crossed[0] + crossed[0].mT + first @ first.mT


def _slice(rows: np.ndarray, exponent: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """The leading ``bits`` bits below 2^exponent of each entry, and what is left; their sum is exact."""
    shift = np.ldexp(1.5, exponent + 53 - bits - 1)
    leading = (rows + shift) - shift
    return leading, rows - leading
