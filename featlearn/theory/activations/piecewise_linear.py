"""Piecewise linear functions with kinks anywhere, and pairs of them: φ(z) = α + βz + Σ_i J_i (σ_i z − c_i)₊.

The pairs of hinges are closed forms (``hinges``), and with them α + βz shares the Hermite degrees 0 and 1 alone. With
the coefficients H_k of the hinges and A_k of φ, which differ for k < 2, a sum over the degrees from ℓ on is that of the
hinges over all degrees, plus Σ_{ℓ≤k<2} (A_k A_k − H_k H_k) t^k, less Σ_{k<ℓ} H_k H_k t^k. Derivation: docs/theory.md
§17.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from featlearn.theory.activations.hinges import Hinge, HingePair, Hinges
from featlearn.theory.activations.series import of_norms
from featlearn.theory.activations.series_sums import Term
from featlearn.theory.pairs import Array, Pairs, mixed_derivative


@dataclass(frozen=True)
class PiecewiseLinear:
    """The kernels and moments of φ.

    Attributes:
        constant, slope: α and β, numbers or, of neurons with biases, arrays.
        bends: the hinges.
    """

    constant: Any
    slope: Any
    bends: Hinges

    def phi(self, z: Array, xp: ModuleType = np) -> Array:
        """φ(z)."""
        total = self.constant + self.slope * z
        for hinge in self.bends.hinges:
            total = total + hinge.jump * xp.clip(hinge.sign * z - hinge.at, 0.0, None)
        return total

    def phi_prime(self, z: Array, xp: ModuleType = np) -> Array:
        """φ′(z), at a kink the mean of both sides."""
        total = self.slope + 0.0 * z
        for hinge in self.bends.hinges:
            total = total + (0.5 * hinge.jump * hinge.sign) * (xp.sign(hinge.sign * z - hinge.at) + 1)
        return total

    def with_bias(self, xp: Any, b: Array) -> PiecewiseLinear:
        """z ↦ φ(z + b) of an array of biases, with hinges that are written away from 0 for each."""
        slope, hinges = self.slope + 0 * b, []
        for jump, sign, at in self.bends.hinges:
            away = at - sign * b
            passed = away < 0
            slope = slope + xp.where(passed, 0 * b + jump * sign, 0 * b)
            hinges.append(Hinge(jump, xp.where(passed, 0 * b - sign, 0 * b + sign), xp.abs(away)))
        return PiecewiseLinear(self.phi(b, xp), slope, Hinges(tuple(hinges)))

    def kernel(self, drop: int, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
        """See ``Activation.kernel``."""
        return PiecewisePair(self, self, drop).kernel(xp, q_u, q_v, s)

    def tangents(self, drop: int, pairs: Pairs, *products: Array) -> Array:
        """See ``Activation.tangents``."""
        return PiecewisePair(self, self, drop).tangents(pairs, *products)

    def both_coefficients(self, xp: Any, x: Array, degree: int, order: int) -> list[tuple[Array, Array]]:
        """Those of the hinges and of φ, (H_k, A_k) for k = 0 … degree; from k + order = 2 on they are the same."""
        hinges = self.bends.coefficients(xp, x, degree, order)
        affine = {0: [self.constant + 0 * x, self.slope * x], 1: [self.slope + 0 * x]}.get(order, [])
        both = [h + a for h, a in zip(hinges, affine, strict=False)]
        return list(zip(hinges, [*both, *hinges[len(affine) :]], strict=True))

    def coefficients(self, norms: np.ndarray, degree: int, order: int) -> np.ndarray:
        """E[φ^{(order)}(x_i z) he_k(z)] for k = 0 … degree, (n, degree + 1)."""
        return np.stack([its for _, its in self.both_coefficients(np, norms, degree, order)], -1)

    def hermite(self, k: int, q: Any) -> Any:
        """μ_k(q) = E φ^{(k)}(√q z), of arrays and tensors."""
        return of_norms(lambda norms: self.coefficients(norms, 0, k)[:, 0], q)

    def rounding_scale(self, q: Array) -> Array:
        """(|α| + (|β| + Σ|J|) √q)², which bounds E φ² and whatever cancels in it."""
        rise = abs(self.slope) + sum(abs(hinge.jump) for hinge in self.bends.hinges)
        return (abs(self.constant) + rise * q**0.5) ** 2


@dataclass(frozen=True)
class PiecewisePair:
    """E[φ̃(u·x) g̃(v·x)] of two such functions over the degrees from ``drop`` on."""

    of_u: PiecewiseLinear
    of_v: PiecewiseLinear
    drop: int

    def kernel(self, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
        """See ``Activation.kernel``."""
        terms = Term(0, 0, self.drop, 1.0), Term(1, 1, self.drop - 1, 1.0), Term(2, 0, self.drop, 0.5)
        hinges = HingePair(self.of_u.bends, self.of_v.bends).kernel(xp, q_u, q_v, s)
        k, k_s, k_q = (a + b for a, b in zip(hinges, self.low(terms, xp, q_u, q_v, s), strict=True))
        return k, k_s, k_q

    def by_bias(self, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> Array:
        """The derivative by a number that is added to u·x."""
        (low,) = self.low((Term(1, 0, self.drop, 1.0),), xp, q_u, q_v, s)
        return HingePair(self.of_u.bends, self.of_v.bends).by_bias(xp, q_u, q_v, s) + low

    def tangents(self, pairs: Pairs, *products: Array) -> Array:
        """See ``Activation.tangents``."""
        terms = (
            Term(1, 1, self.drop - 1, 1.0),
            Term(2, 2, self.drop - 2, 1.0),
            Term(3, 1, self.drop - 1, 0.5),
            Term(1, 3, self.drop - 1, 0.5),
            Term(2, 2, self.drop, 0.25),
        )
        low = self.low(terms, pairs.xp, pairs.q_u, pairs.q_v, pairs.s)
        return HingePair(self.of_u.bends, self.of_v.bends).tangents(pairs, *products) + mixed_derivative(low, *products)

    def low(self, terms: tuple[Term, ...], xp: Any, q_u: Array, q_v: Array, s: Array) -> list[Array]:
        """What the sums of some terms are beside those of the hinges over all degrees."""
        x, y, n = xp.sqrt(q_u), xp.sqrt(q_v), xp.sqrt(q_u * q_v)
        t = xp.clip(s / xp.where(n > 0, n, n * 0 + 1), -1.0, 1.0)
        found = []
        for term in terms:
            of_u, of_v = (
                function.both_coefficients(xp, norms, max(1, term.lowest - 1), order)
                for function, norms, order in ((self.of_u, x, term.order_u), (self.of_v, y, term.order_v))
            )
            total = 0 * t
            for k in range(len(of_u) - 1, -1, -1):
                (hinge_u, all_u), (hinge_v, all_v) = of_u[k], of_v[k]
                kept = all_u * all_v if k >= term.lowest else 0 * t
                total = total * t + (kept - hinge_u * hinge_v)
            found.append(term.factor * total)
        return found
