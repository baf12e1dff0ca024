"""Kernels of neurons with biases of which one is a polynomial: sums over finitely many degrees, exact.

Of two polynomials, with μ_k(q, b) = E φ^{(k)}(√q z + b) = Σ_i μ_{k+i}(q) b^i/i!, K = Σ_k μ_k(u) μ_k(v) s^k/k!.
Derivation: docs/theory.md §16.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import factorial, sqrt
from typing import Any

from featlearn.theory.activations.biased_coefficients import Coefficients
from featlearn.theory.activations.record import BiasedValues
from featlearn.theory.pairs import Array


@dataclass(frozen=True)
class PolynomialWithBiases:
    """The moments of a polynomial φ.

    Attributes:
        hermite: ``hermite(k, q)`` → μ_k(q).
        degree: the highest k with μ_k.
    """

    hermite: Callable[[int, Array], Array]
    degree: int

    def coefficients(self, xp: Any, degree: int, q: Array, b: Array) -> Coefficients:
        """See ``biased_coefficients``."""
        return Coefficients(*self.derivatives(xp, degree, 3, q, b))

    def derivatives(self, xp: Any, degree: int, orders: int, q: Array, b: Array) -> list[list[Array]]:
        """The coefficients of φ^{(i)} for i < ``orders``, q^{k/2} μ_{k+i}/√k!."""
        mu = [*self.moments(q, b), *[0 * (q + b)] * (degree + orders)]
        scale = [xp.sqrt(q) ** k / sqrt(factorial(k)) for k in range(degree + 1)]
        return [[scale[k] * mu[k + i] for k in range(degree + 1)] for i in range(orders)]

    def moments(self, q: Array, b: Array) -> list[Array]:
        """μ_0(q, b) … μ_D(q, b)."""
        plain, found = [self.hermite(k, q) + 0 * b for k in range(self.degree + 1)], []
        for k in range(self.degree + 1):
            total = 0 * (q + b)
            for i in range(self.degree - k, -1, -1):
                total = plain[k + i] + total * b / (i + 1)
            found.append(total)
        return found


def kernel_of_polynomials(
    of_u: PolynomialWithBiases,
    of_v: PolynomialWithBiases,
    drop: int,
    xp: Any,
    q_u: Array,
    b_u: Array,
    q_v: Array,
    b_v: Array,
    s: Array,
) -> BiasedValues:
    """See ``Activation.biased``, of two polynomials."""
    u, v, total = of_u.moments(q_u, b_u), of_v.moments(q_v, b_v), partial(_sum, s)
    by_q = total(u[2:], v, drop) / 2
    return BiasedValues(total(u, v, drop), total(u[1:], v[1:], max(0, drop - 1)), by_q, total(u[1:], v, drop))


def _sum(s: Array, u: list[Array], v: list[Array], lowest: int) -> Array:
    """Σ_{k ≥ lowest} u_k v_k s^k/k!."""
    total = 0 * s
    for k in range(min(len(u), len(v)) - 1, lowest - 1, -1):
        total = u[k] * v[k] + total * s / (k + 1)
    return total * s**lowest / factorial(lowest) if lowest else total
