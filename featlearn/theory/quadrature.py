"""Slow, independent truth: Gaussian expectations by quadrature in polar coordinates.

Nothing here shares a formula with ``activations``: only the pointwise φ and φ′ enter. A Gauss–Hermite grid would leave
5e-3 on a ReLU, so the integrals are split where a preactivation changes sign, and every piece is graded towards its
ends, where erf of a long row turns sharply.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from math import pi
from typing import Any

import numpy as np

from featlearn.theory.activations import DROP_SETTINGS, Activation

Function = Callable[[np.ndarray], np.ndarray]
Products = Callable[[np.ndarray, np.ndarray], list[np.ndarray]]

_RADIUS = 12.5  # exp(−r²/2) r⁵ is below 1e-28 beyond
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_TOGETHER = 16  # angles that are taken at once
_GRADING = 0.5 ** np.arange(30, 0, -1.0)  # panel ends, halving towards 0


def _panels(start: float, end: float, breaks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Composite Gauss–Legendre nodes and weights on [start, end], with panel ends at fractions ``breaks``."""
    edges = start + (end - start) * np.concatenate([[0.0], breaks, [1.0]])
    half = np.diff(edges)[:, None] / 2
    nodes = (edges[:-1, None] + half) + half * _NODES
    return nodes.ravel(), (half * _WEIGHTS).ravel()


def _radial() -> tuple[np.ndarray, np.ndarray]:
    return _panels(0.0, _RADIUS, np.concatenate([_GRADING[:-3] / 4, np.arange(1, 16) / 16]))


def _angular(angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes over a full turn, split where cos α or cos(α − angle) is zero."""
    kinks = np.sort(np.mod([pi / 2, 3 * pi / 2, angle + pi / 2, angle + 3 * pi / 2], 2 * pi))
    kinks = np.append(kinks, kinks[0] + 2 * pi)
    both_ends = np.concatenate([_GRADING, 1 - _GRADING[::-1][1:]])
    parts = [_panels(a, b, both_ends) for a, b in pairwise(kinks) if b > a]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def expectation(f: Function, g: Function, q_u: float, q_v: float, s: float) -> float:
    """E[f(u·x) g(v·x)] for x ~ N(0, I), with ‖u‖² = q_u, ‖v‖² = q_v, u·v = s; f and g smooth but at 0.

    Accuracy: 1e-13 relative to √(E f² E g²) for the functions of the registry, q in [1e-6, 1e3] (sin: to 64)
    (tests/theory/test_quadrature.py, against moments known exactly).
    Source: derived in docs/theory.md §8.
    """
    (found,) = _expectations(lambda u, v: [f(u) * g(v)], q_u, q_v, s)
    return found


def _expectations(products: Products, q_u: float, q_v: float, s: float) -> list[float]:
    """E of some functions of (u·x, v·x), which ``products`` makes of arrays of both; see ``expectation``."""
    n = np.sqrt(q_u) * np.sqrt(q_v)
    t = 0.0 if n == 0 else min(1.0, max(-1.0, s / n))
    angle = float(np.arctan2(np.sqrt((1 - t) * (1 + t)), t))
    r, r_weight = _radial()
    density = r_weight * r * np.exp(-0.5 * r * r) / (2 * pi)
    totals: list[float] = []
    alpha, weight = _angular(angle)
    for begin in range(0, len(alpha), _TOGETHER):
        part = slice(begin, begin + _TOGETHER)
        along_u, along_v = np.cos(alpha[part, None]), np.cos(alpha[part, None] - angle)
        made = products(np.sqrt(q_u) * along_u * r, np.sqrt(q_v) * along_v * r)
        parts = [float(weight[part] @ (its @ density)) for its in made]
        totals = [a + b for a, b in zip(totals, parts, strict=True)] if totals else parts
    return totals


def mean(f: Function, q: float) -> float:
    """E[f(√q z)] for z ~ N(0, 1); f smooth but at 0. Accuracy as ``expectation``."""
    r, weight = _radial()
    density = weight * np.exp(-0.5 * r * r) / np.sqrt(2 * pi)
    return float(density @ (f(np.sqrt(q) * r) + f(-np.sqrt(q) * r)))


def pair_kernel(activation: Activation, q_u: float, q_v: float, s: float) -> tuple[float, float, float]:
    """K, ∂K/∂s and ∂K/∂q_u of an activation, each from its own expectation of φ̃ and φ̃′ (a slow twin of ``kernel``).

    ∂K/∂s = E[φ′(u·x) φ′(v·x)] is Price's theorem. Stretching u by 1 + ε gives
    E[(u·x) φ′(u·x) φ(v·x)] = 2 q_u ∂K/∂q_u + s ∂K/∂s. Both are taken of the plain φ; the dropped degrees are removed
    from K through the pointwise φ̃, and from the derivatives through differences of μ0 and μ1 by quadrature.

    Raises:
        ValueError: for activations that drop other degrees than those below 0 or 2.
    """
    if activation.drop_hermite_below not in DROP_SETTINGS:
        raise ValueError(f"quadrature knows no drop_hermite_below of {activation.drop_hermite_below}")
    phi: Any = activation.phi
    prime: Any = activation.phi_prime
    plain, dropped, k_s, stretched = _all_products(phi, prime, q_u, q_v, s)
    k_q = (stretched - s * k_s) / (2 * q_u)
    if activation.drop_hermite_below == 0:
        return plain, k_s, k_q

    mean_v = mean(phi, q_v)
    slope_u, slope_v = mean(prime, q_u), mean(prime, q_v)
    # d/dq E f(√q z) = E[√q z f′(√q z)]/(2q), for f = φ and, through Stein's identity E[z f(z)] = E f′(z), for f = φ′
    mean_change = mean(lambda z: z * prime(z), q_u) / (2 * q_u)
    slope_change = (mean(lambda z: (z * z / q_u - 1) * prime(z), q_u)) / (2 * q_u)
    return dropped, k_s - slope_u * slope_v, k_q - mean_change * mean_v - slope_change * slope_v * s


@lru_cache(maxsize=32)  # an activation is asked for with all degrees, and without those below 2
def _all_products(phi: Any, prime: Any, q_u: float, q_v: float, s: float) -> tuple[float, ...]:
    """E φφ, the same without constant and linear parts, E φ′φ′ and E (u·x) φ′(u·x) φ(v·x), from the same values."""
    (mean_u, slope_u), (mean_v, slope_v) = ((mean(phi, q), mean(prime, q)) for q in (q_u, q_v))

    def products(u: np.ndarray, v: np.ndarray) -> list[np.ndarray]:
        of_u, of_v, prime_u = phi(u), phi(v), prime(u)
        dropped = (of_u - mean_u - slope_u * u) * (of_v - mean_v - slope_v * v)
        return [of_u * of_v, dropped, prime_u * prime(v), u * prime_u * of_v]

    return tuple(_expectations(products, q_u, q_v, s))
