"""Hermite moments of neurons with biases: M_k = E[φ(xz + b) He_k(z)] and ∂M_k/∂b = E[φ′(xz + b) He_k(z)], x = √q.

Derivations: docs/theory.md §16.
"""

from __future__ import annotations

from itertools import islice
from math import factorial, sqrt
from typing import Any

import numpy as np

from featlearn.theory import normal
from featlearn.theory.activations.biased_series import degree_of, like, numbers
from featlearn.theory.activations.series import HermiteSeries
from featlearn.theory.hermite import hermite_polynomials
from featlearn.theory.pairs import Array


def _hermite(k: int, z: Array) -> Any:
    """He_k(z)."""
    return next(islice(hermite_polynomials(z, 1.0, k + 1), k, None))


def piecewise_linear(slope: float, rise: float, xp: Any, k: int, q: Array, b: Array) -> tuple[Array, Array]:
    """Of α z + β max(z, 0), whose derivatives from the second on are those of a normal density in b."""
    x = xp.sqrt(q)
    h = normal.threshold(xp, b, x)
    above, density = normal.cdf(xp, h), normal.density(xp, h)
    if k == 0:
        return slope * b + rise * (b * above + x * density), slope + rise * above
    by_b = rise * (-1) ** (k - 1) * _hermite(k - 1, h) * density
    if k == 1:
        return x * (slope + rise * above), by_b
    return x * rise * (-1) ** k * _hermite(k - 2, h) * density, by_b


def erf(xp: Any, k: int, q: Array, b: Array) -> tuple[Array, Array]:
    """Of erf(z/√2) = 2Φ(z) − 1: E Φ(xz + b) = Φ(b/√(1 + q)), and its derivatives by b."""
    length = xp.sqrt(1 + q)
    h, share = normal.threshold(xp, b, length), xp.sqrt(q) / length
    density = normal.density(xp, h)
    by_b = 2 * (-1) ** k * share**k * _hermite(k, h) * density / length
    if k == 0:
        return 2 * normal.cdf(xp, h) - 1, by_b
    return 2 * (-1) ** (k - 1) * share**k * _hermite(k - 1, h) * density, by_b


def of_series(series: HermiteSeries, xp: Any, k: int, q: Array, b: Array) -> tuple[Array, Array]:
    """Of a smooth φ: √k! times the coefficients of its series."""
    norms, shifts = np.sqrt(numbers(q)).ravel(), numbers(b).ravel()
    degree = degree_of(series, norms, shifts)
    if degree is None:
        return q * float("nan"), q * float("nan")
    found = [sqrt(factorial(k)) * series.coefficients(norms, max(degree, k), order, shifts)[:, k] for order in range(2)]
    value, by_b = (like(q, its[:, None])[0] for its in found)
    return value, by_b
