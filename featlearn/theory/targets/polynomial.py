"""Targets that are polynomials of a few orthonormal directions, in Hermite polynomials: Σ_α c_α Π_i He_{α_i}(v_i·x)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import factorial, prod
from types import ModuleType
from typing import Any

import numpy as np

from featlearn.theory.activations import Activation, Array
from featlearn.theory.hermite import hermite_polynomials
from featlearn.theory.targets.formula import Term
from featlearn.theory.targets.interface import Moments


@dataclass(frozen=True)
class HermiteTarget:
    """f*(x) = Σ_α c_α Π_i He_{α_i}(v_i·x), the same terms in all B runs.

    The target keeps all its terms, whatever the student drops: those that no student reaches are part of the loss.

    Attributes:
        terms: c_α and α, r degrees each.
        directions: (B, r, d) orthonormal rows v_i; NumPy arrays, or those of the namespace that ``moments`` is given.
    """

    terms: tuple[Term, ...]
    directions: Any

    @property
    def neurons(self) -> None:
        """There are none."""

    def values(self, inputs: np.ndarray) -> np.ndarray:
        """f*(x) at inputs (B, n, d), (B, n)."""
        along = inputs @ self.directions.mT
        highest = max(max(term.degrees) for term in self.terms)
        polynomials = list(hermite_polynomials(along, 1.0, highest + 1))
        return np.asarray(
            sum(float(c) * prod(polynomials[k][..., i] for i, k in enumerate(degrees)) for c, degrees in self.terms)
        )

    def moments(self, activation: Activation, first_layer: Array, xp: ModuleType = np) -> Moments:
        """Σ_α c_α μ_k(q) Π_i (w·v_i)^{α_i} over the total degrees k = |α| that the activation keeps, and its gradients.

        In cosines t_i = w·v_i/‖w‖ and M_k = q^{k/2} μ_k, which are finite for every norm, a term is c M_k Π_i t_i^{α_i}
        and its gradient (c/‖w‖)[M_{k+2} Π_i t_i^{α_i} ŵ + M_k Σ_i α_i t_i^{α_i − 1} Π_{j≠i} t_j^{α_j} v_i].

        Args:
            first_layer: (B, m, d) rows w_j, any norm.
        Accuracy: 1e-13 of the largest term (tests/theory/targets/test_polynomial.py, fifty digits).
        Source: derived in docs/theory.md §11.
        """
        q = xp.sum(first_layer * first_layer, -1)
        inverse = (q > 0) / xp.sqrt(xp.where(q > 0, q, q * 0 + 1))
        unit = first_layer * inverse[..., None]
        t = unit @ self.directions.mT
        value, along_row = 0 * q, 0 * q
        by_cosine = [0 * q for _ in range(t.shape[-1])]
        for c, degrees in self._kept(activation):
            k = sum(degrees)
            product = c * _powers(t, degrees, 0 * q + 1)
            value = value + activation.projection(k, q) * product
            along_row = along_row + activation.projection(k + 2, q) * inverse * product
            # μ_1 itself where it is all, for rows of norm 0
            factor = activation.slope(q) if k == 1 else activation.projection(k, q) * inverse
            for i, power in enumerate(degrees):
                if power:
                    fewer = [*degrees[:i], power - 1, *degrees[i + 1 :]]
                    by_cosine[i] = by_cosine[i] + c * power * factor * _powers(t, fewer, 0 * q + 1)
        return Moments(value, along_row[..., None] * unit + xp.stack(by_cosine, -1) @ self.directions)

    def squared_norm(self) -> np.ndarray:
        """Σ_α c_α² Π_i α_i!, (B,)."""
        total = sum(c * c * prod(map(factorial, degrees)) for c, degrees in self.terms)
        return np.full(len(self.directions), float(total))

    def mass(self) -> np.ndarray:
        """Σ_α |c_α| √(Π_i α_i!), (B,)."""
        total = sum(abs(float(c)) * prod(map(factorial, degrees)) ** 0.5 for c, degrees in self.terms)
        return np.full(len(self.directions), total)

    def _kept(self, activation: Activation) -> Iterator[tuple[float, tuple[int, ...]]]:
        for c, degrees in self.terms:
            if sum(degrees) >= activation.drop_hermite_below:
                yield float(c), degrees


def _powers(t: Array, degrees: Sequence[int], one: Array) -> Array:
    """Π_i t_i^{degrees[i]}."""
    return prod((t[..., i] ** k for i, k in enumerate(degrees) if k), start=one)
