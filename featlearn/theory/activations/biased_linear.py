"""Kernels of piecewise linear neurons with biases, α z + β max(z, 0), two of the same or of different α and β.

Without the degrees below ℓ a neuron is taken on the side of its kink where its bias is negative, so that no terms of
the size of biases cancel: max(z, 0) = z + max(−z, 0), and what is linear is known. Derivations: docs/theory.md §16.
"""

from __future__ import annotations

from math import sqrt
from types import ModuleType
from typing import Any, NamedTuple

from featlearn.theory import normal
from featlearn.theory.activations.record import BiasedValues
from featlearn.theory.pairs import Array


class Slopes(NamedTuple):
    """φ(z) = α z + β max(z, 0)."""

    alpha: Any
    beta: float


def piecewise_linear(
    of_u: Slopes,
    of_v: Slopes,
    drop: int,
    xp: ModuleType,
    q_u: Array,
    b_u: Array,
    q_v: Array,
    b_v: Array,
    s: Array,
) -> BiasedValues:
    """See ``Activation.biased``. K is homogeneous of degree 1 in (u, b): K = b K_b + s K_s + 2 q K_q."""
    if not drop:
        return _kernel(of_u, of_v, 0, xp, q_u, b_u, q_v, b_v, s)
    (sign_u, of_u), (sign_v, of_v) = _turned(xp, of_u, b_u), _turned(xp, of_v, b_v)
    sign = sign_u * sign_v
    value, by_s, by_q, by_b = _kernel(of_u, of_v, drop, xp, q_u, sign_u * b_u, q_v, sign_v * b_v, sign * s)
    return BiasedValues(value, sign * by_s, by_q, sign_u * by_b)


def _turned(xp: ModuleType, of: Slopes, bias: Array) -> tuple[Array, Slopes]:
    """The signs σ for which σb ≤ 0, and φ as a function of σz."""
    positive = bias > 0
    sign = xp.where(positive, bias * 0 - 1, bias * 0 + 1)
    return sign, Slopes(sign * xp.where(positive, bias * 0 + of.alpha + of.beta, bias * 0 + of.alpha), of.beta)


def _kernel(
    of_u: Slopes, of_v: Slopes, drop: int, xp: Any, q_u: Array, b_u: Array, q_v: Array, b_v: Array, s: Array
) -> BiasedValues:
    (alpha_u, beta_u), (alpha_v, beta_v) = of_u, of_v
    x, y = xp.sqrt(q_u), xp.sqrt(q_v)
    n = xp.sqrt(q_u * q_v)  # of a row with itself, q to the last bit
    t = xp.clip(s / xp.where(n > 0, n, n * 0 + 1), -1.0, 1.0)
    h, k = normal.threshold(xp, b_u, x), normal.threshold(xp, b_v, y)
    normals = normal.bivariate(xp, h, k, t)
    above_h, above_k = normal.cdf(xp, h), normal.cdf(xp, k)  # E φ′ of relu
    at_h, at_k = normal.density(xp, h), normal.density(xp, k)
    both = normals.both if not drop else xp.minimum(normals.both, xp.minimum(above_h, above_k))
    mean_v = b_v * above_k + y * at_k  # E relu(v·x + c)
    at_kink = (0.0 if drop else b_v) - y * t * h  # the mean of v·x + c where u·x + b = 0; less E(v·x + c) if dropped
    beyond = normal.cdf(xp, normals.given_h)
    relu_at_kink = (b_v - y * t * h) * beyond + y * normals.root * normal.density(xp, normals.given_h)
    shared = b_v * both + y * (at_k * normal.cdf(xp, normals.given_k) + t * at_h * beyond)
    by_s, by_b, kinked = beta_u * beta_v * both, beta_u * beta_v * shared, beta_v * relu_at_kink
    if drop < 2:
        by_s = alpha_u * alpha_v + (alpha_u * beta_v * above_k + beta_u * alpha_v * above_h) + by_s
        kinked = alpha_v * at_kink + kinked
    if drop == 1:
        by_b = beta_u * alpha_v * (y * t * at_h) + by_b
    elif not drop:
        mixed = alpha_u * beta_v * mean_v + beta_u * alpha_v * (b_v * above_h) + beta_u * alpha_v * (y * t * at_h)
        by_b = alpha_u * alpha_v * b_v + mixed + by_b
    kinked = beta_u * at_h * kinked  # 2 x ∂K/∂q
    if drop:
        low_s, low_b, low_q = _low(xp, drop, (h, above_h), (y, k, mean_v, above_k), t)
        by_s, by_b, kinked = (a - beta_u * beta_v * b for a, b in ((by_s, low_s), (by_b, low_b), (kinked, low_q)))
    by_q = xp.where(x > 0, kinked / (2 * xp.where(x > 0, x, x * 0 + 1)), kinked * 0)
    return BiasedValues(b_u * by_b + s * by_s + x * kinked, by_s, by_q, by_b)


def _low(xp: Any, drop: int, u: tuple[Array, Array], v: tuple[Array, Array, Array, Array], t: Array) -> list[Array]:
    """Of two neurons max(z, 0), what the degrees below ℓ are in ∂K/∂s, ∂K/∂b and 2 x ∂K/∂q.

    Args:
        u, v: h and Φ(h) of u; y, k, the mean and Φ(k) of v.
    """
    (h, above_h), (y, k, mean_v, above_k) = u, v
    at_h, at_k = normal.hermite_densities(xp, h, drop), normal.hermite_densities(xp, k, drop)
    totals, power = [0 * t, 0 * t, 0 * t], 0 * t + 1
    for j in range(drop):
        sign = (-1.0) ** j
        slope_u = above_h if j == 0 else -sign * at_h[j - 1] / sqrt(j)
        slope_v = above_k if j == 0 else -sign * at_k[j - 1] / sqrt(j)
        value_v = (mean_v, y * above_k)[j] if j < 2 else sign * y * at_k[j - 2] / sqrt(j * (j - 1))
        terms = (slope_u * slope_v if j < drop - 1 else 0 * t, slope_u * value_v, sign * at_h[j] * value_v)
        totals = [total + power * term for total, term in zip(totals, terms, strict=True)]
        power = power * t
    return totals
