"""Fifty-digit twins of the closed forms, in plain loops: slow, and sharing no code with the package.

The plain kernels are written in the angle θ between the rows (Cho & Saul's form), the dropped ones follow from them by
subtracting the Hermite degrees 0 and 1. tests/theory/test_activations.py holds them against quadrature too.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import mpmath
import numpy as np

MP = mpmath.mp.clone()
MP.dps = 50
Exact = Any  # an mpmath number: the library has no types


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
    raise NotImplementedError(f"a new activation needs its fifty-digit twin here: {name}")


def hermite(name: str, k: int, q: Exact) -> tuple[Exact, Exact]:
    """μ_k(q), the coefficient of He_k(z; q)/k! in φ, from moments of the powers in He_k; and its derivative in q."""
    if name == "quadratic":
        return {0: q, 2: MP.mpf(2)}.get(k, MP.zero), MP.mpf(k == 0)
    if name == "erf":  # 2 times the derivative of order k − 1, at 0, of the Gaussian density of variance 1 + q
        at_zero = 0 if k % 2 == 0 else (-1) ** (k // 2) * MP.fac(k - 1) / (2 ** (k // 2) * MP.fac(k // 2))
        mu = 2 * at_zero / MP.sqrt(2 * MP.pi) / MP.sqrt(1 + q) ** k
        return mu, -k * mu / (2 * (1 + q))
    if name not in ("relu", "abs"):
        raise NotImplementedError(f"a new activation needs its fifty-digit twin here: {name}")
    if q == 0:
        return means(name, q)[k] if k < 2 else MP.zero, MP.zero
    half = _half_moment(k, MP.dps)
    mu = (half if name == "relu" else 2 * half * (1 - k % 2)) * MP.sqrt(q) ** (1 - k)
    return mu, (1 - k) * mu / (2 * q)


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


def rows_of(array: np.ndarray) -> list[list[Exact]]:
    return [[number(x) for x in row] for row in array]


def loss_of(name: str, drop: int, c: Sequence[Exact], v: Sequence[Sequence[Exact]]) -> Exact:
    """Σ_ij c_i c_j K(v_i, v_j), term by term."""
    total = MP.zero
    for i in range(len(c)):
        for j in range(len(c)):
            q_i = q_j = s = MP.zero
            for x, y in zip(v[i], v[j], strict=True):
                q_i, q_j, s = q_i + x * x, q_j + y * y, s + x * y
            total += c[i] * c[j] * kernel(name, drop, q_i, q_j, s)[0]
    return total


def loss(name: str, drop: int, a: np.ndarray, w: np.ndarray, teacher_a: np.ndarray, teacher_w: np.ndarray) -> Exact:
    """The population loss of one run, (m,), (m, d), (m*,), (m*, d), in exact sums of fifty-digit kernels."""
    c = [number(x) for x in a] + [-number(x) for x in teacher_a]
    return loss_of(name, drop, c, rows_of(w) + rows_of(teacher_w))


def has_twin(name: str) -> bool:
    """Whether an activation has its forms here."""
    try:
        hermite(name, 0, MP.one)
    except NotImplementedError:
        return False
    return True
