"""Kernels of neurons with biases, φ(w·x + b): of E[φ(u·x + b) φ(v·x + c)] with its derivatives by s, q_u and b.

With x = ‖u‖, y = ‖v‖, h = b/x, k = c/y, the cosine t, r = √(1 − t²), and Φ, Φ₂ the normal distributions, all follows
from E[φ′φ′], E[φ′(u) φ(v)] and E[φ″(u) φ(v)]. Derivations: docs/theory.md §16.

A row is (w, b). Only plain φ is here: no Hermite degrees are dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from math import pi
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from featlearn.theory import normal
from featlearn.theory.activations import biased_moments
from featlearn.theory.activations.biased_series import series_kernel
from featlearn.theory.activations.biased_sums import PolynomialWithBiases
from featlearn.theory.activations.record import Activation, BiasedValues, Pointwise
from featlearn.theory.activations.series import HermiteSeries
from featlearn.theory.pairs import Array

# --- kernels ------------------------------------------------------------------------------------


def _piecewise_linear(
    slope: float, rise: float, xp: ModuleType, q_u: Array, b_u: Array, q_v: Array, b_v: Array, s: Array
) -> BiasedValues:
    """Of φ(z) = α z + β max(z, 0). K is homogeneous of degree 1 in (u, b): K = b K_b + s K_s + 2 q K_q."""
    alpha, beta = slope, rise
    x, y = xp.sqrt(q_u), xp.sqrt(q_v)
    n = xp.sqrt(q_u * q_v)  # of a row with itself, q to the last bit
    t = xp.clip(s / xp.where(n > 0, n, n * 0 + 1), -1.0, 1.0)
    h, k = normal.threshold(xp, b_u, x), normal.threshold(xp, b_v, y)
    both = normal.bivariate(xp, h, k, t)
    above_h, above_k = normal.cdf(xp, h), normal.cdf(xp, k)  # E φ′ of relu
    at_h, at_k = normal.density(xp, h), normal.density(xp, k)
    mean_v = b_v * above_k + y * at_k  # E relu(v·x + c)
    at_kink = b_v - y * t * h  # the mean of v·x + c where u·x + b = 0
    beyond = normal.cdf(xp, both.given_h)
    relu_at_kink = at_kink * beyond + y * both.root * normal.density(xp, both.given_h)
    by_s = alpha * alpha + alpha * beta * (above_h + above_k) + beta * beta * both.both
    shared = b_v * both.both + y * (at_k * normal.cdf(xp, both.given_k) + t * at_h * beyond)
    by_b = alpha * alpha * b_v + alpha * beta * (mean_v + b_v * above_h + y * t * at_h) + beta * beta * shared
    kinked = beta * at_h * (alpha * at_kink + beta * relu_at_kink)  # 2 x ∂K/∂q
    by_q = xp.where(x > 0, kinked / (2 * xp.where(x > 0, x, x * 0 + 1)), kinked * 0)
    return BiasedValues(b_u * by_b + s * by_s + x * kinked, by_s, by_q, by_b)


def _erf(xp: ModuleType, q_u: Array, b_u: Array, q_v: Array, b_v: Array, s: Array) -> BiasedValues:
    """erf(z/√2) = 2Φ(z) − 1, and E Φ(u·x + b) Φ(v·x + c) is Φ₂ of rows made longer by 1."""
    x, y = xp.sqrt(1 + q_u), xp.sqrt(1 + q_v)
    t = xp.clip(s / (x * y), -1.0, 1.0)
    h, k = normal.threshold(xp, b_u, x), normal.threshold(xp, b_v, y)
    both = normal.bivariate(xp, h, k, t)
    at_h, along = normal.density(xp, h), 2 * normal.cdf(xp, both.given_h) - 1
    by_t = (2 / pi) / both.root * xp.exp(-0.5 * (h * h + both.given_h * both.given_h))
    by_h = 2 * at_h * along
    value = 1 + 4 * (both.both - both.half)
    return BiasedValues(value, by_t / (x * y), -(h * by_h + t * by_t) / (2 * x * x), by_h / x)


# --- records ------------------------------------------------------------------------------------


def _not_with_biases(what: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any) -> NoReturn:
        raise ValueError(f"the {what} of rows with biases are not those of rows without")

    return refuse


def _slopes_of(plain: Activation) -> tuple[float, float] | None:
    """α and β of φ(z) = α z + β max(z, 0); None for others."""
    negative = dict(plain.parameters).get("negative_slope")
    known = {"relu": (0.0, 1.0), "abs": (-1.0, 2.0)}
    return known.get(plain.name) if negative is None else (negative, 1.0 - negative)


def _fields_of(plain: Activation) -> dict[str, Any]:
    """Kernel, moments, the bound on E φ² in ‖w‖² + b², and the series where it is one."""
    slopes, degree = _slopes_of(plain), plain.degree
    if slopes is not None:
        largest = 2 * max(abs(slopes[0]), abs(sum(slopes))) ** 2
        kernel, moment = partial(_piecewise_linear, *slopes), partial(biased_moments.piecewise_linear, *slopes)
        return {"biased": kernel, "biased_moment": moment, "rounding_scale": lambda q: largest * q}
    if plain.name == "erf":
        return {"biased": _erf, "biased_moment": biased_moments.erf, "rounding_scale": lambda q: 1.0 + 0.0 * q}
    if plain.hermite is not None and degree is not None:
        polynomial = PolynomialWithBiases(plain.hermite, degree)
        return {"biased": polynomial.kernel, "biased_moment": polynomial.moment}
    if plain.kinks:
        raise ValueError(f"the kernel of {plain.name} with biases is unknown")
    series = plain.series or HermiteSeries((plain.phi, plain.phi_prime))
    return {
        "biased": partial(series_kernel, series),
        "biased_moment": partial(biased_moments.of_series, series),
        "rounding_scale": partial(_largest_square, plain.phi),
        "series": series,
    }


def _largest_square(phi: Pointwise, square: np.ndarray) -> np.ndarray:
    """Twice the largest of E φ(xz + b)² at the ends of x² + b² = ``square``, to a few digits."""
    z = np.arange(-8.0, 8.1, 0.25)
    weight = np.exp(-0.5 * z * z)
    length = np.sqrt(square)
    with np.errstate(all="ignore"):  # rows may be about to diverge
        constants = np.maximum(*(phi(sign * length) ** 2 for sign in (1, -1)))
        return 2 * np.maximum(constants, phi(length[..., None] * z) ** 2 @ (weight / weight.sum()))


@cache
def with_biases(plain: Activation) -> Activation:
    """The record of the same φ for rows (w, b), whose last coordinate meets the constant input 1; always the same.

    It has no compiled kernel, no certified optimum, no Hermite moments and no tangents.

    Raises:
        ValueError: when low Hermite degrees are dropped, or the kernel with biases is not known.
    """
    if plain.drop_hermite_below:
        raise ValueError("biases are known for plain φ alone, drop_hermite_below 0")
    return replace(
        plain,
        **_fields_of(plain),
        kernel=_not_with_biases("kernels"),
        tangents=_not_with_biases("tangents"),
        second_derivatives=None,
        degree_one=None,
        value_tangents=None,
        hermite=None,
        compiled=None,
        slope_products=None,
    )
