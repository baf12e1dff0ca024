"""Polynomials of neurons with biases: sums over finitely many degrees, exact.

μ_k(q, b) = E φ^{(k)}(√q z + b) = Σ_i μ_{k+i}(q) b^i/i!, and K = Σ_k μ_k(u) μ_k(v) s^k/k!. Derivation: docs/theory.md
§16.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from featlearn.theory.activations.record import BiasedValues
from featlearn.theory.pairs import Array


@dataclass(frozen=True)
class PolynomialWithBiases:
    """The kernel and the moments of a polynomial φ.

    Attributes:
        hermite: ``hermite(k, q)`` → μ_k(q).
        degree: the highest k with μ_k.
    """

    hermite: Callable[[int, Array], Array]
    degree: int

    def kernel(self, xp: Any, q_u: Array, b_u: Array, q_v: Array, b_v: Array, s: Array) -> BiasedValues:
        """See ``Activation.biased``."""
        u, v = self._moments(q_u, b_u), self._moments(q_v, b_v)
        by_q = self._sum(u[2:], v, s) / 2
        return BiasedValues(self._sum(u, v, s), self._sum(u[1:], v[1:], s), by_q, self._sum(u[1:], v, s))

    def moment_of_two(self, i: int, j: int, q_u: Array, b_u: Array, q_v: Array, b_v: Array, s: Array) -> Array:
        """E[φ^{(i)}(u·x + b) φ^{(j)}(v·x + c)]."""
        return self._sum(self._moments(q_u, b_u)[i:], self._moments(q_v, b_v)[j:], s)

    def moment(self, xp: Any, k: int, q: Array, b: Array) -> tuple[Array, Array]:
        """See ``Activation.biased_moment``."""
        mu = [*self._moments(q, b), *[0 * (q + b)] * (k + 2)]
        power = xp.sqrt(q) ** k
        return power * mu[k], power * mu[k + 1]

    def _moments(self, q: Array, b: Array) -> list[Array]:
        """μ_0(q, b) … μ_D(q, b)."""
        plain, found = [self.hermite(k, q) + 0 * b for k in range(self.degree + 1)], []
        for k in range(self.degree + 1):
            total = 0 * (q + b)
            for i in range(self.degree - k, -1, -1):
                total = plain[k + i] + total * b / (i + 1)
            found.append(total)
        return found

    @staticmethod
    def _sum(u: list[Array], v: list[Array], s: Array) -> Array:
        """Σ_k u_k v_k s^k/k!."""
        total = 0 * s
        for k in range(min(len(u), len(v)) - 1, -1, -1):
            total = u[k] * v[k] + total * s / (k + 1)
        return total
