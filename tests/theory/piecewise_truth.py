"""The kernel of a piecewise linear function by quadrature over one Gaussian, split at its kinks, beside exact means.

Given u·x = x z the other preactivation is normal, and the mean of a hinge is (m − c) Φ + std ϕ: no two kinks meet.
"""

import numpy as np
from scipy import special

from featlearn.theory.activations.piecewise_linear import PiecewiseLinear

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_FAR = 13.0


def _density(z: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)


def _means(function: PiecewiseLinear, mean: np.ndarray, std: float) -> tuple[np.ndarray, np.ndarray]:
    """E φ(mean + std z) and E φ′."""
    value, slope = function.constant + function.slope * mean, function.slope + 0 * mean
    for jump, sign, at in function.bends.hinges:
        away = sign * mean - at
        if std:
            above = special.ndtr(away / std)
            value = value + jump * (away * above + std * _density(away / std))
        else:
            above = 0.5 * (np.sign(away) + 1)
            value = value + jump * np.maximum(away, 0.0)
        slope = slope + jump * sign * above
    return value, slope


def _expected(values: np.ndarray, weights: np.ndarray) -> float:
    return float(np.sum(values * weights))


def kernel(
    function: PiecewiseLinear, drop: int, q_u: float, q_v: float, t: float, other: PiecewiseLinear | None = None
) -> tuple[float, float, float]:
    """K, ∂K/∂s and ∂K/∂q_u without the Hermite degrees below ``drop``, for q > 0, with another function of v or the
    same. Accuracy: 1e-15 of √(E φ² E g²)."""
    of_v = function if other is None else other
    x, y, root = np.sqrt(q_u), np.sqrt(q_v), np.sqrt((1 - t) * (1 + t))
    kinks, kinks_v = (np.array([sign * at for _, sign, at in its.bends.hinges]) for its in (function, of_v))
    width = root / abs(t) if t else 0.0
    turns = [kinks / x, *((kinks_v / (y * t) + j * width) for j in np.linspace(-9, 9, 19) if t)]
    z, weights = _nodes(list(np.concatenate(turns)))
    phi, prime = function.phi(x * z), function.phi_prime(x * z)
    means, mean_slopes = _means(of_v, y * t * z, y * root)
    value, by_s = _expected(phi * means, weights), _expected(prime * mean_slopes, weights)
    by_q = sum(
        jump * _density(at / x) / x * _means(of_v, np.array(y * t * sign * at / x), y * root)[0]
        for jump, sign, at in function.bends.hinges
    )
    moments_u, moments_v = _moments(function, kinks, x, drop + 2), _moments(of_v, kinks_v, y, drop + 2)
    by_q = float(by_q) / 2
    for k in range(drop):
        factor = float(special.factorial(k))
        value -= moments_u[k] * moments_v[k] * t**k / factor
        by_q -= moments_u[k + 2] / q_u * moments_v[k] * t**k / factor / 2
        if k:
            by_s -= moments_u[k] * moments_v[k] * t ** (k - 1) * k / factor / (x * y)
    return value, by_s, by_q


def _nodes(edges: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Gauss's nodes for one Gaussian between edges, and unit steps, with the weights of the density."""
    ends = np.unique(np.clip([*np.linspace(-_FAR, _FAR, 27), *edges], -_FAR, _FAR))
    half = np.diff(ends)[:, None] / 2
    z = ((ends[:-1, None] + half) + half * _NODES).ravel()
    return z, (half * _WEIGHTS).ravel() * _density(z)


def _moments(function: PiecewiseLinear, kinks: np.ndarray, norm: float, degree: int) -> np.ndarray:
    """E[φ(norm·z) He_k(z)] for k = 0 … degree."""
    z, weights = _nodes(list(kinks / norm))
    return (weights * function.phi(norm * z)) @ np.polynomial.hermite_e.hermevander(z, degree)
