"""Second derivatives of the kernels of neurons with biases, from A_ij = E[φ^{(i)}(u·x + b) φ^{(j)}(v·x + c)].

By Stein's identity, with e for the coordinate of the bias,

    ∂_u ∂_vᵀ K = A₁₁ I + A₃₁ uuᵀ + A₂₂ (uvᵀ + vuᵀ) + A₁₃ vvᵀ + A₂₁ (ueᵀ + euᵀ) + A₁₂ (veᵀ + evᵀ),
    ∂_u ∂_uᵀ K = A₂₀ I + A₄₀ uuᵀ + A₃₁ (uvᵀ + vuᵀ) + A₂₂ vvᵀ + A₃₀ (ueᵀ + euᵀ) + A₂₁ (veᵀ + evᵀ).

Of functions with a kink the A_ij are densities that grow like 1/sin θ where rows are parallel; they are taken together
with vectors that vanish there. Derived in docs/theory.md §16.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from featlearn.theory import normal
from featlearn.theory.activations import Activation, activation
from featlearn.theory.activations.biased_kernels import Side, side_of
from featlearn.theory.activations.biased_series import degree_of
from featlearn.theory.activations.biased_sums import PolynomialWithBiases, _sum
from featlearn.theory.activations.record import BiasedValues
from featlearn.theory.activations.series import HermiteSeries
from featlearn.theory.hinge_derivatives import biased_hinge_vectors
from featlearn.theory.pair_vectors import Vectors
from featlearn.theory.pairs import Array, Pairs

_ORDERS = ((1, 1), (2, 0), (2, 1), (1, 2), (3, 0), (2, 2), (3, 1), (1, 3), (4, 0))
Moments = Callable[..., list[Array]]  # of q, b, q, b, s


def is_known_with_biases(of: Activation) -> bool:
    """Whether second derivatives are known of an activation of rows with biases: where φ is plain."""
    return not of.drop_hermite_below


def biased_vectors(of: Activation, u: np.ndarray, v: np.ndarray) -> Vectors:
    """``pair_derivatives.vectors_of`` for rows with biases, (m, d + 1) and (N, d + 1).

    Accuracy: 1e-10 (tests/theory/test_biased_derivatives.py, differences in thirty digits).
    """
    assert of.biased is not None
    (w_u, b_u), (w_v, b_v) = ((x[:, :-1], x[:, -1]) for x in (u, v))
    q_u, q_v, s = np.sum(w_u * w_u, -1)[:, None], np.sum(w_v * w_v, -1)[None], w_u @ w_v.T
    given = q_u, b_u[:, None], q_v, b_v[None], s
    first = of.biased(np, *given)
    side = side_of(activation(of.name, 0, **dict(of.parameters)))
    if side.slopes is not None:
        return _piecewise_linear(*side.slopes, u, v, first)
    if of.straight is not None:
        return biased_hinge_vectors(of.straight, of.straight, u, v)
    a_11, a_20, a_21, a_12, a_30, a_22, a_31, a_13, a_40 = _moments_of(of.name, side)(*given)
    return Vectors(
        _without_bias(u),
        _without_bias(v),
        np.zeros_like(s),
        first.value,
        (a_11, a_20),
        (a_11, a_22, a_13, a_31, a_22),
        (a_20, a_22, a_31, a_40),
        by_bias=first.by_b,
        mixed_shift=(a_21, a_12),
        own_shift=(a_21, a_30),
    )


def _without_bias(rows: np.ndarray) -> np.ndarray:
    """The rows with a last entry of 0."""
    return np.concatenate([rows[:, :-1], np.zeros((len(rows), 1))], 1)


def _piecewise_linear(alpha: float, beta: float, u: np.ndarray, v: np.ndarray, first: BiasedValues) -> Vectors:
    """Of φ(z) = α z + β max(z, 0): φ″(u·x + b) is a density at the kink, where v·x + c has the mean m and the standard
    deviation yr, and U = û, V = v̂, t = cos θ. Of a row (0, b) no second derivative is taken."""
    pairs, (b_u, b_v) = Pairs.of_rows(u[:, :-1], v[:, :-1]), (u[:, -1:], v[:, -1])
    x, y, t, r = np.sqrt(pairs.q_u), np.sqrt(pairs.q_v), pairs.cosine, pairs.sine
    h, k = normal.threshold(np, b_u, x), normal.threshold(np, b_v, y)
    over_r = (r > 0) / np.where(r > 0, r, 1.0)
    two = normal.bivariate(np, h, k, t, r)
    given_h, given_k = two.given_h, two.given_k
    slope_v, slope_u = (alpha + beta * normal.cdf(np, z) for z in (given_h, given_k))  # E φ′ at the other's kink
    above_both = alpha * (alpha + beta * (normal.cdf(np, h) + normal.cdf(np, k))) + beta * beta * two.both
    at_h, at_k, beside = (normal.density(np, z) for z in (h, k, given_h))
    at_kink = (b_v - y * t * h) * slope_v + beta * y * r * beside  # E φ(v·x + c) there
    kinked = beta * at_h * at_kink
    over_x = (x > 0) / np.where(x > 0, x, 1.0)
    bend, both = beta * at_h * over_x, beta * beta * at_h * beside
    of_u, of_v = beta * at_h * slope_v, beta * at_k * slope_u
    unit_u = u * over_x
    unit_v = v * ((y > 0) / np.where(y > 0, y, 1.0))[:, None]
    return Vectors(
        _without_bias(unit_u),
        _without_bias(unit_v),
        t,
        first.value,
        (y * above_both, kinked),
        (above_both, both * over_r, -k * of_v, -h * of_u, both * r - t * (h * of_u + k * of_v)),
        (bend * at_kink, bend * y * beta * beside * over_r, -bend * h * y * slope_v, bend * at_kink * (h * h - 1)),
        by_bias=first.by_b,
        mixed_shift=(of_u, of_v),
        own_shift=(bend * y * slope_v, -bend * h * at_kink),
    )


def _moments_of(name: str, side: Side) -> Moments:
    """The A_ij of a smooth φ in the order of ``_ORDERS``."""
    if name == "erf":
        return _erf
    if side.polynomial is not None:
        return partial(_polynomial, side.polynomial)
    assert side.series is not None
    return partial(_series, side.series)


def _erf(q_u: np.ndarray, b_u: np.ndarray, q_v: np.ndarray, b_v: np.ndarray, s: np.ndarray) -> list[Array]:
    """A₁₁ is four times a normal density in two dimensions, A₁₀ twice one in one dimension times 2Φ − 1."""
    x, y = np.sqrt(1 + q_u), np.sqrt(1 + q_v)
    t, r = s / (x * y), np.sqrt((1 + q_u + q_v) + (q_u * q_v - s * s)) / (x * y)
    h, k = normal.threshold(np, b_u, x), normal.threshold(np, b_v, y)
    g_h, g_k = (h - t * k) / r, (k - t * h) / r
    by_t = 4 * normal.density(np, h) * normal.density(np, g_k) / r
    by_h = 2 * normal.density(np, h) * (2 * normal.cdf(np, g_k) - 1)
    a_11, slope_h, slope_k = by_t / (x * y), -g_h / (r * x), -g_k / (r * y)
    a_20 = -(h * by_h + t * by_t)
    a_30 = (h * h - 1) * by_h + h * t * by_t + t * by_t * g_h / r
    a_40 = 2 * h * by_h + (h * h - 1) * a_20 + t * by_t - t * by_t * (h * g_h / r + (g_h * g_h - 1) / (r * r))
    a_22 = a_11 * (g_h * g_k + t) / (r * r * x * y)
    a_31, a_13 = (a_11 * (g * g - 1) / (r * r * z * z) for g, z in ((g_h, x), (g_k, y)))
    return [a_11, a_20 / x**2, a_11 * slope_h, a_11 * slope_k, a_30 / x**3, a_22, a_31, a_13, a_40 / x**4]


def _polynomial(
    of: PolynomialWithBiases, q_u: np.ndarray, b_u: np.ndarray, q_v: np.ndarray, b_v: np.ndarray, s: np.ndarray
) -> list[Array]:
    u, v = of.moments(q_u, b_u), of.moments(q_v, b_v)
    return [_sum(s, u[i:], v[j:], 0) for i, j in _ORDERS]


def _series(
    series: HermiteSeries, q_u: np.ndarray, b_u: np.ndarray, q_v: np.ndarray, b_v: np.ndarray, s: np.ndarray
) -> list[Array]:
    """Sums over degrees; NaN for rows beyond what the series holds to."""
    x_u, x_v, c_u, c_v = (x.ravel() for x in (np.sqrt(q_u), np.sqrt(q_v), b_u, b_v))
    degree = degree_of(series, np.concatenate([x_u, x_v]), np.concatenate([c_u, c_v]))
    if degree is None:
        return [s * np.nan] * len(_ORDERS)
    n = np.sqrt(q_u * q_v)
    t = np.clip(s / np.where(n > 0, n, 1.0), -1.0, 1.0)
    of_u, of_v = ([series.coefficients(x, degree, order, c) for order in range(5)] for x, c in ((x_u, c_u), (x_v, c_v)))
    found = [np.zeros_like(t) for _ in _ORDERS]
    for k in range(degree, -1, -1):
        for total, (i, j) in zip(found, _ORDERS, strict=True):
            total *= t
            total += of_u[i][:, k, None] * of_v[j][:, k]
    return list(found)
