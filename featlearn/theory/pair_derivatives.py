"""Second derivatives of the pair kernel K(u, v) by the rows, as multiples of the identity and products of few vectors.

For kernels of degree 1 the vectors are unit rows and the parts of rows that are perpendicular to one another, so that
what is divided by sin θ has vanished by then. Derived in docs/theory.md §14.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.pairs import Pairs
from featlearn.theory.tangents import value_products


def is_known(activation: Activation) -> bool:
    """Whether the second derivatives of its kernel are known."""
    return activation.degree_one is not None or activation.second_derivatives is not None


class Vectors(NamedTuple):
    """What derivatives of K(u, v) are made of, u of some rows (m, d) and v of others (N, d).

    With X₁ = V − t U, X₂ = U, Y₁ = U − t V and Y₂ = V they are

        ∂_u K = by_row[0] V + by_row[1] U,
        ∂_u ∂_vᵀ K = mixed[0] I + mixed[1] X₁Y₁ᵀ + mixed[2] X₁Y₂ᵀ + mixed[3] X₂Y₁ᵀ + mixed[4] X₂Y₂ᵀ,
        ∂_u ∂_uᵀ K = own[0] I + own[1] X₁X₁ᵀ + own[2] (X₁X₂ᵀ + X₂X₁ᵀ) + own[3] X₂X₂ᵀ.

    Attributes:
        u, v: (m, d), (N, d) the vectors U and V, rows themselves or divided by their norms.
        t, value: (m, N) t, and K. Each of the others is of arrays (m, N).
    """

    u: np.ndarray
    v: np.ndarray
    t: np.ndarray
    value: np.ndarray
    by_row: tuple[np.ndarray, ...]
    mixed: tuple[np.ndarray, ...]
    own: tuple[np.ndarray, ...]


def _smooth(activation: Activation, u: np.ndarray, v: np.ndarray) -> Vectors:
    """U = u, V = v and t = 0: the chain rule for K(q_u, q_v, s)."""
    assert activation.second_derivatives is not None
    pairs = Pairs.of_rows(u, v)
    second = activation.second_derivatives(np, pairs.q_u, pairs.q_v, pairs.s)
    value, k_s, k_q = activation.kernel(np, pairs.q_u, pairs.q_v, pairs.s)
    by_row: tuple[np.ndarray, ...] = (k_s, 2 * k_q)
    if activation.value_tangents is not None:  # more exact
        swapped = pairs.swapped()
        by_row = activation.value_tangents(swapped, 1.0, 0.0), activation.value_tangents(swapped, 0.0, 1.0)
    mixed = by_row[0], second.ss, 2 * second.s_qv, 2 * second.s_qu, 4 * second.qu_qv
    own = by_row[1], second.ss, 2 * second.s_qu, 4 * second.qu_qu
    alike = (tuple(np.broadcast_to(x, pairs.s.shape) for x in xs) for xs in (by_row, mixed, own))
    return Vectors(u, v, np.zeros_like(pairs.s), value, *alike)


def _of_degree_one(activation: Activation, u: np.ndarray, v: np.ndarray) -> Vectors:
    """U = û, V = v̂ and t = cos θ: K = κ‖u‖‖v‖ g(cos θ). Of a row of zeros no second derivative is taken."""
    assert activation.degree_one is not None
    pairs, factor = Pairs.of_rows(u, v), activation.degree_one.factor
    slope, bend, rest = activation.degree_one.parts(np, pairs.cosine, pairs.sine, pairs.complement)
    across = bend / np.where(pairs.sine > 0, pairs.sine, np.inf)  # X₁ and Y₁ vanish where rows are parallel
    length_u, length_v = np.sqrt(pairs.q_u), np.sqrt(pairs.q_v)
    ratio = length_v * (length_u > 0) / np.where(length_u > 0, length_u, 1.0)
    zero = np.zeros_like(pairs.s)
    return Vectors(
        u / np.where(length_u > 0, length_u, 1.0),
        v / np.where(length_v > 0, length_v, 1.0)[:, None],
        pairs.cosine,
        value_products(activation, pairs),
        (factor * length_v * slope, factor * length_v * rest),
        (factor * slope + zero, factor * across, zero, zero, factor * rest),
        (factor * ratio * rest, factor * ratio * across, zero, -factor * ratio * rest),
    )


def vectors_of(activation: Activation, u: np.ndarray, v: np.ndarray) -> Vectors:
    """The second derivatives of the kernel of an activation at rows (m, d) and (N, d).

    Raises:
        ValueError: when they are not known.
    """
    if not is_known(activation):
        raise ValueError(f"the second derivatives of the kernel of {activation.name} are not known")
    return (_of_degree_one if activation.degree_one is not None else _smooth)(activation, u, v)


@dataclass(frozen=True)
class PairBends:
    """Second derivatives of Σ_i c_i K(u_j, v_i) by the rows u_j, from what ``Vectors`` says of ∂_u ∂_uᵀ K.

    Attributes:
        u, v, t: (m, d), (N, d), (m, N), as there.
        own: of arrays (m, N), as there.
        c: (N,).
    """

    u: np.ndarray
    v: np.ndarray
    t: np.ndarray
    own: tuple[np.ndarray, ...]
    c: np.ndarray

    def product(self, moved: np.ndarray) -> np.ndarray:
        """The changes (m, d) of the gradients by the rows along directions (m, d) of the rows."""
        along_own = np.einsum("md,md->m", self.u, moved)[:, None]  # U_j·h_j
        x_1 = moved @ self.v.T - self.t * along_own
        to_v = self.c * (self.own[1] * x_1 + self.own[2] * along_own)
        to_u = np.sum(self.c * (self.own[2] * x_1 + self.own[3] * along_own) - self.t * to_v, -1)
        return np.asarray((self.own[0] @ self.c)[:, None] * moved + to_v @ self.v + to_u[:, None] * self.u)

    def block(self, j: int) -> np.ndarray:
        """All second derivatives by one row, (d, d)."""
        u, x_1 = self.u[j], self.v - self.t[j][:, None] * self.u[j]
        alone, both, one, none = (self.c * x[j] for x in self.own)
        mixture = np.outer(one @ x_1, u)
        found = np.sum(alone) * np.eye(len(u)) + (x_1.T * both) @ x_1
        return np.asarray(found + mixture + mixture.T + np.sum(none) * np.outer(u, u))
