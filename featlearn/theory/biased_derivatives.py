"""Second derivatives of the kernels of neurons with biases, from A_ij = E[φ^{(i)}(u·x + b) g^{(j)}(v·x + c)].

By Stein's identity, with e for the coordinate of the bias,

    ∂_u ∂_vᵀ K = A₁₁ I + A₃₁ uuᵀ + A₂₂ (uvᵀ + vuᵀ) + A₁₃ vvᵀ + A₂₁ (ueᵀ + euᵀ) + A₁₂ (veᵀ + evᵀ),
    ∂_u ∂_uᵀ K = A₂₀ I + A₄₀ uuᵀ + A₃₁ (uvᵀ + vuᵀ) + A₂₂ vvᵀ + A₃₀ (ueᵀ + euᵀ) + A₂₁ (veᵀ + evᵀ).

Without the Hermite degrees below ℓ each A_ij is a sum over the degrees from ℓ on, or from ℓ − 1 or ℓ − 2 where its
vectors come from s = u·v. Of functions with a kink the A_ij are densities that grow like 1/sin θ where rows
are parallel; they are taken together with vectors that vanish there. Derived in docs/theory.md §16.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import perm, sqrt

import numpy as np

from featlearn.theory import normal
from featlearn.theory.activations import Activation, activation, biased_coefficients
from featlearn.theory.activations.biased_kernels import Side, biased_kernel, common_degree, side_of
from featlearn.theory.activations.biased_linear import Slopes
from featlearn.theory.activations.biased_series import like
from featlearn.theory.activations.record import BiasedValues
from featlearn.theory.hinge_derivatives import biased_hinge_vectors
from featlearn.theory.pair_vectors import MixedShift, Vectors
from featlearn.theory.pairs import Array, Pairs

Moments = Callable[[int, int, int], Array]  # of i, j and n: A_ij over the degrees from n on
_Rows = tuple[Array, Array]  # ‖w‖² and b


def biased_vectors(student: Activation, teacher: Activation, u: np.ndarray, v: np.ndarray) -> Vectors:
    """``pair_derivatives.vectors_of`` for rows with biases, (m, d + 1) of the one and (N, d + 1) of the other.

    Raises:
        ValueError: when the kernel of the two is not known.
    Accuracy: 1e-10 (tests/theory/test_biased_derivatives.py, differences in thirty digits).
    """
    lowest = max(student.drop_hermite_below, teacher.drop_hermite_below)
    plain = [activation(its.name, 0, **dict(its.parameters)) for its in (student, teacher)]
    of_u, of_v = ((np.sum(x[:, :-1] ** 2, -1), x[:, -1]) for x in (u, v))
    at_u, at_v = (of_u[0][:, None], of_u[1][:, None]), (of_v[0][None], of_v[1][None])
    s = u[:, :-1] @ v[:, :-1].T
    first = biased_kernel(plain[0], plain[1], lowest)(np, *at_u, *at_v, s)
    side_u, side_v = map(side_of, plain)
    if side_u.slopes is not None and side_v.slopes is not None:
        return _piecewise_linear((side_u, side_v), lowest, u, v, first)
    if plain[0].straight is not None and plain[1].straight is not None:
        return biased_hinge_vectors(plain[0].straight, plain[1].straight, lowest, u, v)
    closed = plain[0].name == plain[1].name == "erf"
    moments = _erf_moments(at_u, at_v, s, lowest) if closed else _sums(side_u, side_v, at_u, at_v, s, lowest)
    none, one, two = (max(0, lowest - less) for less in range(3))
    a_11, a_20, a_22, a_31 = moments(1, 1, one), moments(2, 0, none), moments(2, 2, two), moments(3, 1, one)
    a_21, a_12 = ([moments(i, j, n) for n in (none, one)] for i, j in ((2, 1), (1, 2)))
    return Vectors(
        _without_bias(u),
        _without_bias(v),
        np.zeros_like(s),
        first.value,
        (a_11, a_20),
        (a_11, a_22, moments(1, 3, one), a_31, moments(2, 2, none)),
        (a_20, a_22, a_31, moments(4, 0, none)),
        by_bias=first.by_b,
        mixed_shift=MixedShift(a_21[0], a_12[1], a_21[1], a_12[0], moments(1, 1, none) - a_11),
        own_shift=(a_21[1], moments(3, 0, none)),
    )


def _without_bias(rows: np.ndarray) -> np.ndarray:
    """The rows with a last entry of 0."""
    return np.concatenate([rows[:, :-1], np.zeros((len(rows), 1))], 1)


def _piecewise_linear(
    sides: tuple[Side, Side], lowest: int, u: np.ndarray, v: np.ndarray, first: BiasedValues
) -> Vectors:
    """Of φ(z) = α z + β max(z, 0): φ″(u·x + b) is a density at the kink, where v·x + c has the mean m and the standard
    deviation yr, and U = û, V = v̂, t = cos θ. Of a row (0, b) no second derivative is taken."""
    slopes_u, slopes_v = (side.slopes or Slopes(0.0, 0.0) for side in sides)
    (alpha_u, beta_u), (alpha_v, beta_v) = slopes_u, slopes_v
    pairs, (b_u, b_v) = Pairs.of_rows(u[:, :-1], v[:, :-1]), (u[:, -1:], v[:, -1])
    x, y, t, r = np.sqrt(pairs.q_u), np.sqrt(pairs.q_v), pairs.cosine, pairs.sine
    h, k = normal.threshold(np, b_u, x), normal.threshold(np, b_v, y)
    over_r = (r > 0) / np.where(r > 0, r, 1.0)
    two = normal.bivariate(np, h, k, t, r)
    slope_v = alpha_v + beta_v * normal.cdf(np, two.given_h)  # E φ′ at the other's kink
    slope_u = alpha_u + beta_u * normal.cdf(np, two.given_k)
    at_h, at_k, beside = (normal.density(np, z) for z in (h, k, two.given_h))
    at_kink = (b_v - y * t * h) * slope_v + beta_v * y * r * beside  # E φ(v·x + c) there
    over_x = (x > 0) / np.where(x > 0, x, 1.0)
    bend, both = beta_u * at_h * over_x, beta_u * beta_v * at_h * beside
    by_u, by_v = beta_u * at_h * slope_v, beta_v * at_k * slope_u
    low = _low(_coefficients(sides[0], (pairs.q_u, b_u), lowest), _coefficients(sides[1], (pairs.q_v, b_v), lowest), t)
    none, one, less = (max(0, lowest - less) for less in range(3))
    # what is subtracted is made of U and V, with V = X₁ + t U and U = Y₁ + t V
    vu, uv, uu, vv = x * y * low(2, 2, less), x * y * low(2, 2, none), x * x * low(3, 1, one), y * y * low(1, 3, one)
    own_vv, own_uv, own_uu = y * y * low(2, 2, less), x * y * low(3, 1, one), x * x * low(4, 0, none)
    own_u, own_v = x * low(3, 0, none), y * low(2, 1, one)
    return Vectors(
        _without_bias(u * over_x),
        _without_bias(v * ((y > 0) / np.where(y > 0, y, 1.0))[:, None]),
        t,
        first.value,
        (y * first.by_s, 2 * x * first.by_q),
        (
            first.by_s,
            both * over_r - vu,
            -k * by_v - (vu * t + vv),
            -h * by_u - (vu * t + uu),
            both * r - t * (h * by_u + k * by_v) - (vu * t * t + uv + (uu + vv) * t),
        ),
        (
            2 * first.by_q,
            bend * y * beta_v * beside * over_r - own_vv,
            -bend * h * y * slope_v - (own_vv * t + own_uv),
            bend * at_kink * (h * h - 1) - (own_vv * t * t + 2 * own_uv * t + own_uu),
        ),
        by_bias=first.by_b,
        mixed_shift=MixedShift(
            by_u - x * low(2, 1, none),
            by_v - y * low(1, 2, one),
            by_u - x * low(2, 1, one),
            by_v - y * low(1, 2, none),
            low(1, 1, one) - low(1, 1, none),
        ),
        own_shift=(bend * y * slope_v - own_v, -bend * h * at_kink - (own_u + own_v * t)),
    )


# --- moments of smooth functions ----------------------------------------------------------------


def _sums(side_u: Side, side_v: Side, at_u: _Rows, at_v: _Rows, s: np.ndarray, lowest: int) -> Moments:
    """By sums over degrees; NaN for rows beyond what the series hold to."""
    n = np.sqrt(at_u[0] * at_v[0])
    t = np.clip(s / np.where(n > 0, n, 1.0), -1.0, 1.0)
    degree = common_degree(side_u, side_v, at_u, at_v)
    if degree is None:
        return lambda *_: t * np.nan
    of_u, of_v = (_coefficients(side, its, max(degree, lowest) + 1) for side, its in ((side_u, at_u), (side_v, at_v)))

    def total(i: int, j: int, first: int) -> Array:
        found = np.zeros_like(t)
        for k in range(len(of_u[i]) - 1, first - 1, -1):
            found *= t
            found += of_u[i][k] * of_v[j][k]
        return found * t**first

    return total


def _erf_moments(at_u: _Rows, at_v: _Rows, s: np.ndarray, lowest: int) -> Moments:
    """Of erf with itself: closed forms, less what is dropped."""
    (q_u, b_u), (q_v, b_v) = at_u, at_v
    n = np.sqrt(q_u * q_v)
    closed = _erf(q_u, b_u, q_v, b_v, s)
    t = np.clip(s / np.where(n > 0, n, 1.0), -1.0, 1.0)
    low = _low(_erf_coefficients(at_u, lowest), _erf_coefficients(at_v, lowest), t)
    return lambda i, j, first: closed[i, j] - low(i, j, first)


def _erf(
    q_u: np.ndarray, b_u: np.ndarray, q_v: np.ndarray, b_v: np.ndarray, s: np.ndarray
) -> dict[tuple[int, int], Array]:
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
    return {
        (1, 1): a_11,
        (2, 0): a_20 / x**2,
        (2, 1): a_11 * slope_h,
        (1, 2): a_11 * slope_k,
        (3, 0): a_30 / x**3,
        (2, 2): a_22,
        (3, 1): a_31,
        (1, 3): a_13,
        (4, 0): a_40 / x**4,
    }


# --- coefficients -------------------------------------------------------------------------------


def _coefficients(side: Side, at: _Rows, count: int) -> Sequence[Sequence[Array]]:
    """E[φ^{(i)}(xz + b) he_k(z)] for i ≤ 4 and k < ``count``, of rows of any shape."""
    q, b = at
    if not count:
        return [[]] * 5
    if side.coefficients is biased_coefficients.erf:
        return _erf_coefficients(at, count)
    if side.polynomial is not None:
        return side.polynomial.derivatives(np, count - 1, 5, q, b)
    if side.series is not None:
        x = np.sqrt(q)
        return [like(q, side.series.coefficients(x.ravel(), count - 1, i, b.ravel())) for i in range(5)]
    x = np.sqrt(q)
    inverse = (x > 0) / np.where(x > 0, x, 1.0)
    value, slope, bend = side.coefficients(np, count + 1, q, b)
    further = ([sqrt(perm(k + i, i)) * bend[k + i] * inverse**i for k in range(count)] for i in (1, 2))
    return [*(its[:count] for its in (value, slope, bend)), *further]


def _erf_coefficients(at: _Rows, count: int) -> Sequence[Sequence[Array]]:
    """The same of erf, whatever the norm: derivatives of a normal density by b."""
    q, b = at
    length = np.sqrt(1 + q)
    share = -np.sqrt(q) / length
    density = normal.hermite_densities(np, normal.threshold(np, b, length), count + 4)

    def of(i: int, k: int) -> Array:
        sign = 2 * (-1) ** (i - 1)
        return sign * share**k * sqrt(perm(k + i - 1, i - 1)) * density[k + i - 1] / length**i

    value = biased_coefficients.erf(np, max(0, count - 1), q, b).of_value
    return [value, *([of(i, k) for k in range(count)] for i in range(1, 5))]


def _low(of_u: Sequence[Sequence[Array]], of_v: Sequence[Sequence[Array]], t: np.ndarray) -> Moments:
    """Of i, j and n: what the degrees below n are in A_ij."""
    return lambda i, j, n: sum((of_u[i][k] * of_v[j][k] * t**k for k in range(n)), 0 * t)
