"""Hermite coefficients of neurons with biases: c_k(x, b) = E[φ(xz + b) he_k(z)], x = √q, he_k = He_k/√k!, and those of
φ′ and φ″, which are their derivatives by b.

A function of (xp, degree, q, b) returns the three as sequences of arrays, k = 0 … degree. Derivations: docs/theory.md
§16.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from featlearn.theory import normal
from featlearn.theory.activations.biased_series import coefficients_of, coefficients_of_rows, degree_of, like, numbers
from featlearn.theory.activations.series import HermiteSeries
from featlearn.theory.pairs import Array


class Coefficients(NamedTuple):
    """c_k of φ, φ′ and φ″, each a sequence by k; those of φ″ of a row (0, 0) are 0 where they are infinite."""

    of_value: Sequence[Array]
    of_slope: Sequence[Array]
    of_bend: Sequence[Array]


def piecewise_linear(slope: float, rise: float, xp: Any, degree: int, q: Array, b: Array) -> Coefficients:
    """Of α z + β max(z, 0), whose derivatives from the second on are those of a normal density in b."""
    x = xp.sqrt(q)
    h = normal.threshold(xp, b, x)
    above, at = normal.cdf(xp, h), normal.hermite_densities(xp, h, degree + 1)
    inverse = rise * (x > 0) / xp.where(x > 0, x, x * 0 + 1)
    value = [slope * b + rise * (b * above + x * at[0]), x * (slope + rise * above)]
    value += [(-1) ** k * rise * x * at[k - 2] / sqrt(k * (k - 1)) for k in range(2, degree + 1)]
    slopes = [slope + rise * above] + [(-1) ** (k - 1) * rise * at[k - 1] / sqrt(k) for k in range(1, degree + 1)]
    return Coefficients(value[: degree + 1], slopes, [(-1) ** k * inverse * at[k] for k in range(degree + 1)])


def erf(xp: Any, degree: int, q: Array, b: Array) -> Coefficients:
    """Of erf(z/√2) = 2Φ(z) − 1: E Φ(xz + b) = Φ(b/√(1 + q)), and its derivatives by b."""
    length = xp.sqrt(1 + q)
    h, share = normal.threshold(xp, b, length), xp.sqrt(q) / length
    at = [2 * density for density in normal.hermite_densities(xp, h, degree + 2)]
    value = [2 * normal.cdf(xp, h) - 1]
    value += [-((-share) ** k) * at[k - 1] / sqrt(k) for k in range(1, degree + 1)]
    slopes = [(-share) ** k * at[k] / length for k in range(degree + 1)]
    bends = [-((-share) ** k) * sqrt(k + 1) * at[k + 1] / length**2 for k in range(degree + 1)]
    return Coefficients(value, slopes, bends)


def of_rows(series: HermiteSeries, xp: Any, degree: int, q: Array, b: Array) -> Coefficients:
    """Of a smooth φ, by quadrature, for few degrees: those of a row do not depend on others that come along."""
    norms, shifts = np.sqrt(numbers(q)).ravel(), numbers(b).ravel()
    return Coefficients(*(like(q, its) for its in coefficients_of_rows(series, norms, degree, shifts)))


def of_series(series: HermiteSeries, xp: Any, degree: int, q: Array, b: Array) -> Coefficients:
    """Of a smooth φ and the rows of one run, by quadrature; NaN beyond what the series holds to."""
    norms, shifts = np.sqrt(numbers(q)).ravel(), numbers(b).ravel()
    if degree_of(series, norms, shifts) is None:
        return Coefficients(*[[q * float("nan")] * (degree + 1)] * 3)
    return Coefficients(*(like(q, its) for its in coefficients_of(series, norms, degree, shifts)))
