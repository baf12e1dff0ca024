"""Fifty-digit twins of the closed forms, in plain loops: slow, and sharing no code with the package.

The plain kernels are written in the angle θ between the rows (Cho & Saul's form), the dropped ones follow from them by
subtracting the Hermite degrees 0 and 1. tests/theory/test_activations.py holds them against quadrature too. Activations
with parameters have those that they are registered with.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import mpmath
import numpy as np

from featlearn.theory.activations import activation, activation_names
from tests.theory import smooth_truth

MP = mpmath.mp.clone()
MP.dps = 50
# Those with fifty digits here. Of the others, Hermite series, only the moments have them; kernels: test_smooth.py.
CLOSED_NAMES = tuple(name for name in activation_names() if activation(name, 0).series is None)
Exact = Any  # an mpmath number: the library has no types
SLOPE = 0.01  # of leaky_relu below 0
COEFFICIENTS = {"linear": (0.0, 1.0), "polynomial": (0.5, -1.0, 0.25, 0.2)}


def number(x: float) -> Exact:
    """A float64, exactly."""
    return MP.mpf(float(x))


def double_double(x: Any) -> Exact:
    """A DoubleDouble scalar, exactly."""
    return number(x.high) + number(x.low)


def phi(name: str, z: Exact) -> Exact:
    """φ(z), pointwise."""
    if name == "relu":
        return max(z, MP.zero)
    if name == "abs":
        return abs(z)
    if name == "erf":
        return MP.erf(z / MP.sqrt(2))
    if name == "quadratic":
        return z * z
    if name == "leaky_relu":
        return z if z > 0 else number(SLOPE) * z
    if name in COEFFICIENTS:
        return sum(number(c) * z**j for j, c in enumerate(COEFFICIENTS[name]))
    if name == "gelu":
        return z * MP.ncdf(z)
    if name == "sin":
        return MP.sin(z)
    if name in smooth_truth.FUNCTIONS:
        return smooth_truth.FUNCTIONS[name](z)[0]
    raise NotImplementedError(f"a new activation needs its fifty-digit twin here: {name}")


def means(name: str, q: Exact) -> tuple[Exact, Exact, Exact, Exact]:
    """μ0, μ1 and their derivatives in q."""
    if name == "relu":
        mean = MP.sqrt(q / (2 * MP.pi))
        return mean, MP.mpf(1) / 2, mean / (2 * q) if q else MP.zero, MP.zero
    if name == "abs":
        mean = MP.sqrt(2 * q / MP.pi)
        return mean, MP.zero, mean / (2 * q) if q else MP.zero, MP.zero
    if name == "erf":
        slope = MP.sqrt(2 / (MP.pi * (1 + q)))
        return MP.zero, slope, MP.zero, -slope / (2 * (1 + q))
    if name == "quadratic":
        return q, MP.zero, MP.one, MP.zero
    if name == "leaky_relu":
        mean, _, change, _ = means("relu", q)
        alpha = number(SLOPE)
        return (1 - alpha) * mean, (1 + alpha) / 2, (1 - alpha) * change, MP.zero
    if name in (*COEFFICIENTS, "gelu", "sin", *smooth_truth.FUNCTIONS):
        (mean, change), (slope, bend) = (hermite(name, k, q) for k in range(2))
        return mean, slope, change, bend
    raise NotImplementedError(f"a new activation needs its fifty-digit twin here: {name}")


def _plain(name: str, q_u: Exact, q_v: Exact, s: Exact) -> tuple[Exact, Exact, Exact]:
    n = MP.sqrt(q_u * q_v)
    if name in ("relu", "abs"):
        cosine = min(MP.one, max(-MP.one, s / n)) if n else MP.zero
        theta, divisor = MP.acos(cosine), q_u or MP.one
        if name == "relu":
            k = (n * MP.sin(theta) + (MP.pi - theta) * s) / (2 * MP.pi)
            return k, (MP.pi - theta) / (2 * MP.pi), n * MP.sin(theta) / (4 * MP.pi * divisor)
        k = (2 * n * MP.sin(theta) + (MP.pi - 2 * theta) * s) / MP.pi
        return k, 1 - 2 * theta / MP.pi, n * MP.sin(theta) / (MP.pi * divisor)
    if name == "erf":
        square = (1 + q_u) * (1 + q_v)
        root = MP.sqrt(square - s * s)
        return 2 / MP.pi * MP.asin(s / MP.sqrt(square)), 2 / (MP.pi * root), -s / (MP.pi * (1 + q_u) * root)
    if name == "quadratic":
        return q_u * q_v + 2 * s * s, 4 * s, q_v
    if name == "leaky_relu":
        alpha = number(SLOPE)
        k, k_s, k_q = (((1 - alpha) / 2) ** 2 * x for x in _plain("abs", q_u, q_v, s))
        return k + ((1 + alpha) / 2) ** 2 * s, k_s + ((1 + alpha) / 2) ** 2, k_q
    if name in COEFFICIENTS:
        return _polynomial([number(c) for c in COEFFICIENTS[name]], q_u, q_v, s)
    if name == "gelu":
        k, k_s, k_q = _of_z_erf(q_u, q_v, s)
        return (k + s) / 4, (k_s + 1) / 4, k_q / 4
    if name == "sin":
        decay = MP.exp(-(q_u + q_v) / 2)
        return decay * MP.sinh(s), decay * MP.cosh(s), -decay * MP.sinh(s) / 2
    if name in smooth_truth.FUNCTIONS:  # nineteen digits
        k, k_s, k_q = map(number, smooth_truth.kernel(name, float(q_u), float(q_v), float(s)))
        return k, k_s, k_q
    raise NotImplementedError(f"a new activation needs its fifty-digit twin here: {name}")


def _of_z_erf(q_u: Exact, q_v: Exact, s: Exact) -> tuple[Exact, Exact, Exact]:
    """E[UV erf(U/√2) erf(V/√2)] and its derivatives, by Stein's identity in U and V."""
    square = (1 + q_u) * (1 + q_v) - s * s
    arc, peak = 2 / MP.pi * MP.asin(s / MP.sqrt((1 + q_u) * (1 + q_v))), 2 / MP.pi / MP.sqrt(square)
    rest = q_u * q_v + s * s * (1 - q_u / (1 + q_u) - q_v / (1 + q_v))
    rest_s, rest_q = 2 * s * (1 - q_u / (1 + q_u) - q_v / (1 + q_v)), q_v - s * s / (1 + q_u) ** 2
    by_s = arc + s * peak + peak * (s / square * rest + rest_s)
    by_q = -s * s * peak / (2 * (1 + q_u)) + peak * (rest_q - (1 + q_v) / (2 * square) * rest)
    return s * arc + peak * rest, by_s, by_q


def _polynomial(c: Sequence[Exact], q_u: Exact, q_v: Exact, s: Exact) -> tuple[Exact, Exact, Exact]:
    """E[f(U) f(V)], E[f′(U) f′(V)] and ½ E[f″(U) f(V)], from E[U^i V^j] by Isserlis' recursion."""

    @cache
    def moment(i: int, j: int) -> Exact:
        if i < 0 or j < 0:
            return MP.zero
        if i == 0:
            return MP.one if j == 0 else (j - 1) * q_v * moment(0, j - 2)
        return (i - 1) * q_u * moment(i - 2, j) + j * s * moment(i - 1, j - 1)

    def expectation(f: Sequence[Exact], g: Sequence[Exact]) -> Exact:
        return sum((x * y * moment(i, j) for i, x in enumerate(f) for j, y in enumerate(g)), MP.zero)

    prime = [j * x for j, x in enumerate(c)][1:]
    second = [j * x for j, x in enumerate(prime)][1:]
    return expectation(c, c), expectation(prime, prime), expectation(second, c) / 2


def hermite(name: str, k: int, q: Exact) -> tuple[Exact, Exact]:
    """μ_k(q), the coefficient of He_k(z; q)/k! in φ, from moments of the powers in He_k; and its derivative in q."""
    if name in smooth_truth.FUNCTIONS:
        return smooth_truth.moment(name, k, q), smooth_truth.moment(name, k + 2, q) / 2
    if name == "quadratic":
        return {0: q, 2: MP.mpf(2)}.get(k, MP.zero), MP.mpf(k == 0)
    if name == "erf":  # 2 times the derivative of order k − 1, at 0, of the Gaussian density of variance 1 + q
        at_zero = 0 if k % 2 == 0 else (-1) ** (k // 2) * MP.fac(k - 1) / (2 ** (k // 2) * MP.fac(k // 2))
        mu = 2 * at_zero / MP.sqrt(2 * MP.pi) / MP.sqrt(1 + q) ** k
        return mu, -k * mu / (2 * (1 + q))
    if name == "leaky_relu":
        factor = 1 + number(SLOPE) if k == 1 else 1 - number(SLOPE)
        mu, change = hermite("relu", k, q)
        return factor * mu, factor * change
    if name in (*COEFFICIENTS, "gelu", "sin", *smooth_truth.FUNCTIONS):
        return _smooth_moment(name, k, q), _smooth_moment(name, k + 2, q) / 2
    if name not in ("relu", "abs"):
        raise NotImplementedError(f"a new activation needs its fifty-digit twin here: {name}")
    if q == 0:
        return means(name, q)[k] if k < 2 else MP.zero, MP.zero
    half = _half_moment(k, MP.dps)
    mu = (half if name == "relu" else 2 * half * (1 - k % 2)) * MP.sqrt(q) ** (1 - k)
    return mu, (1 - k) * mu / (2 * q)


def _smooth_moment(name: str, k: int, q: Exact) -> Exact:
    """E φ^{(k)}(√q z)."""
    if name == "sin":
        return MP.exp(-q / 2) * (0, 1, 0, -1)[k % 4]
    if name == "gelu":  # the derivatives of z erf(z/√2) are z erf^{(k)} + k erf^{(k−1)}
        below = hermite("erf", k - 1, q)[0] if k else MP.zero
        return (q * hermite("erf", k + 1, q)[0] + k * below + (k == 1)) / 2
    return sum(
        (
            number(c) * MP.fac(j) / MP.fac(j - k) * MP.sqrt(q) ** (j - k) * MP.fac2(j - k - 1)
            for j, c in enumerate(COEFFICIENTS[name])
            if j >= k and (j - k) % 2 == 0
        ),
        MP.zero,
    )


@cache
def _half_moment(k: int, digits: int) -> Exact:
    """E[max(z, 0) He_k(z)], from E[max(z, 0) z^j] = 2^{j/2} Γ(j/2 + 1)/√(2π)."""
    powers = ((k - 2 * i, (-1) ** i * MP.fac(k) / (MP.fac(i) * MP.fac(k - 2 * i) * 2**i)) for i in range(k // 2 + 1))
    return sum(c * MP.sqrt(2) ** j * MP.gamma(MP.mpf(j) / 2 + 1) for j, c in powers) / MP.sqrt(2 * MP.pi)


def kernel(name: str, drop: int, q_u: Exact, q_v: Exact, s: Exact) -> tuple[Exact, Exact, Exact]:
    """K, ∂K/∂s and ∂K/∂q_u: those of the plain φ less the terms μ_k μ_k s^k/k! below ``drop``."""
    k, k_s, k_q = _plain(name, q_u, q_v, s)
    for i in range(drop):
        (mu_u, change_u), (mu_v, _) = hermite(name, i, q_u), hermite(name, i, q_v)
        k -= mu_u * mu_v * s**i / MP.fac(i)
        k_s -= mu_u * mu_v * s ** (i - 1) / MP.fac(i - 1) if i else 0
        k_q -= change_u * mu_v * s**i / MP.fac(i)
    return k, k_s, k_q


def with_constants(name: str, drop: int, of: Callable[[str], Exact]) -> Exact:
    """A number of the kernel of ``name`` that is linear in it, as the package makes it of float64 constants.

    Args:
        of: the number, exactly, for the kernel of any name. What π/2 adds to plain relu is not in it.
    """
    if name == "leaky_relu":
        even, odd = ((1 - SLOPE) / 2) ** 2, ((1 + SLOPE) / 2) ** 2
        return number(even) * with_constants("abs", drop, of) + number(odd) * of("linear")
    over_two_pi, two_over_pi = 2 * MP.pi / number(2 * np.pi), number(2 / np.pi) * MP.pi / 2
    if name == "gelu":
        return over_two_pi * of(name) + (1 - over_two_pi) * of("linear") / 4
    if name == "erf" or (name, drop) == ("abs", 0):
        return two_over_pi * of(name)
    return over_two_pi * of(name) if name in ("relu", "abs") else of(name)


def rows_of(array: np.ndarray) -> list[list[Exact]]:
    return [[number(x) for x in row] for row in array]


def remembered_kernel(name: str, drop: int) -> Callable[[Exact, Exact, Exact], Exact]:
    """K, computed once for each pair of rows: for differences, of which most leave most rows where they are."""
    return cache(lambda q_u, q_v, s: kernel(name, drop, q_u, q_v, s)[0])


def loss_of(of_pair: Callable[[Exact, Exact, Exact], Exact], c: Sequence[Exact], v: Sequence[Sequence[Exact]]) -> Exact:
    """Σ_ij c_i c_j K(v_i, v_j), term by term, of a kernel as ``remembered_kernel`` makes it."""
    total, squares = MP.zero, [sum((x * x for x in row), MP.zero) for row in v]
    for i in range(len(c)):
        for j in range(i + 1):
            s = sum((x * y for x, y in zip(v[i], v[j], strict=True)), MP.zero)
            total += c[i] * c[j] * of_pair(squares[i], squares[j], s) * (2 if j < i else 1)
    return total


def loss(name: str, drop: int, a: np.ndarray, w: np.ndarray, teacher_a: np.ndarray, teacher_w: np.ndarray) -> Exact:
    """The population loss of one run, (m,), (m, d), (m*,), (m*, d), in exact sums of fifty-digit kernels."""
    c = [number(x) for x in a] + [-number(x) for x in teacher_a]
    return loss_of(remembered_kernel(name, drop), c, rows_of(w) + rows_of(teacher_w))
