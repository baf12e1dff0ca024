"""The Hessian of the population loss L = E[(f − f*)²] in the weights of a student, dense or as products with vectors.

With r = f − f* = Σ_i c_i φ̃(v_i·x) over the joined list of ``population``, it is twice the products of tangents
of student neurons (Gauss–Newton) and twice E[r ∂²φ̃_j]: second derivatives of the pair kernel K, taken once in each row,
or twice in one. Both are a multiple of the identity and products of few vectors, which pairs of rows give. For kernels
of degree 1 these vectors are unit rows and the parts of rows that are perpendicular to one another, so that what is
divided by sin θ has vanished by then. Derived in docs/theory.md §14.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.pairs import Pairs
from featlearn.theory.population import Gradient
from featlearn.theory.tangents import value_products

if TYPE_CHECKING:
    from featlearn.theory.targets.bends import Bends
    from featlearn.theory.targets.polynomial import HermiteTarget


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


class Blocks(NamedTuple):
    """∂²L/∂a∂a, (m, m), ∂²L/∂a∂W, (m, m, d), and ∂²L/∂W∂W, (m, d, m, d)."""

    second: np.ndarray
    crossed: np.ndarray
    first: np.ndarray


@dataclass(frozen=True)
class Hessian:
    """The Hessian of L at one network; make it with ``at``.

    Attributes:
        a: (m,) output weights of the student.
        c: (N,) those of the neurons of the residual, the student's first.
        pairs: of the student's rows with those of the residual.
        values, slopes: (m,) E[r φ̃_j] and (m, d) E[r ∇φ̃_j].
        bends: of the rest of the target, which is subtracted.
    """

    a: np.ndarray
    c: np.ndarray
    pairs: Vectors
    values: np.ndarray
    slopes: np.ndarray
    bends: Bends | None = None

    @classmethod
    def at(
        cls,
        activation: Activation,
        second_layer: np.ndarray,
        first_layer: np.ndarray,
        teacher_second_layer: np.ndarray,
        teacher_first_layer: np.ndarray,
        rest: HermiteTarget | None = None,
    ) -> Self:
        """That of one student and its target.

        Args:
            activation: one whose second derivatives are known (``is_known``).
            second_layer, first_layer: (m,), (m, d) of the student, float64.
            teacher_second_layer, teacher_first_layer: (m*,), (m*, d) neurons of the same activation.
            rest: of the target, a polynomial of one run (B = 1); None where there is none.
        Raises:
            ValueError: when second derivatives are not known.
        Accuracy: 1e-10 of the largest entries of its parts (tests/theory/test_hessian.py, fifty digits).
        """
        pairs = vectors_of(activation, first_layer, np.concatenate([first_layer, teacher_first_layer]))
        c = np.concatenate([second_layer, -teacher_second_layer])
        along_others, along_row = pairs.by_row
        slopes = (along_others * c) @ pairs.v + (along_row @ c)[:, None] * pairs.u
        values = pairs.value @ c
        if rest is None:
            return cls(second_layer, c, pairs, values, slopes)
        shared = rest.moments(activation, first_layer[None])
        bends = rest.bends(activation, first_layer)
        return cls(second_layer, c, pairs, values - shared.value[0], slopes - shared.by_row[0], bends)

    def gradient(self) -> Gradient:
        """∂L/∂a, (m,), and ∂L/∂W, (m, d)."""
        return Gradient(2 * self.values, 2 * self.a[:, None] * self.slopes)

    def product(self, second: np.ndarray, first: np.ndarray) -> Gradient:
        """The change of ∂L/∂a, (m,), and ∂L/∂W, (m, d), along a direction (m,), (m, d), without the matrix."""
        m, a, (u, v, t, value, by_row, mixed, own) = len(self.a), self.a, self.pairs
        among, by_student, tangent = slice(0, m), [x[:, :m] for x in mixed], [x[:, :m] for x in by_row]
        along_own = np.einsum("md,md->m", u, first)  # U_j·h_j, which is V_j·h_j
        across = u @ first.T  # U_j·h_k
        # the change of f, with φ̃_j: E[φ̃_j ∂_h φ̃_k] is ∂_u K(w_k, w_j)·h_k
        to_second = value[:, among] @ second + tangent[0].T * across @ a + tangent[1].T @ (a * along_own)
        # and with ∇φ̃_j
        y_1 = across - t[:, among] * along_own
        x_1 = a * (by_student[1] * y_1 + by_student[2] * along_own) + second * tangent[0]
        x_2 = a * (by_student[3] * y_1 + by_student[4] * along_own)
        x_2 = np.sum(x_2 - t[:, among] * (x_1 - second * tangent[0]), -1) + tangent[1] @ second
        to_first = (by_student[0] * a) @ first + x_1 @ v[among] + x_2[:, None] * u
        # the residual with ∂²φ̃_j
        x_1 = first @ v.T - t * along_own[:, None]
        to_v = self.c * (own[1] * x_1 + own[2] * along_own[:, None])
        to_u = np.sum(self.c * (own[2] * x_1 + own[3] * along_own[:, None]) - t * to_v, -1)
        bent = (own[0] @ self.c)[:, None] * first + to_v @ v + to_u[:, None] * u
        if self.bends is not None:
            bent = bent - self.bends.product(first)
        to_second += np.einsum("md,md->m", self.slopes, first)
        return Gradient(2 * to_second, 2 * (a[:, None] * (to_first + bent) + second[:, None] * self.slopes))

    def blocks(self) -> Blocks:
        """All second derivatives."""
        (m, d), a, (u, _, _, value, by_row, _, _) = self.slopes.shape, self.a, self.pairs
        tangent = [x[:, :m].T for x in by_row]
        crossed = 2 * a[:, None] * (tangent[0][..., None] * u[:, None] + tangent[1][..., None] * u[None])
        neuron = np.arange(m)
        crossed[neuron, neuron] += 2 * self.slopes
        first = np.empty((m, d, m, d))
        for j in range(m):
            first[j] = 2 * a[j] * self._row_of_blocks(j)
        return Blocks(2 * value[:, :m], crossed, first)

    def _row_of_blocks(self, j: int) -> np.ndarray:
        """E[∇φ̃_j (a_k ∇φ̃_k)ᵀ], and for k = j also E[r ∂²φ̃_j], (d, m, d)."""
        m, (u, v, t, _, _, mixed, own) = len(self.a), self.pairs
        identity = np.eye(u.shape[1])
        alone, *products = (self.a[:, None] * x[j, :m, None] for x in mixed)
        x_1, y_1, y_2 = v[:m] - t[j, :m, None] * u[j], u[j] - t[j, :m, None] * v[:m], v[:m]
        with_x_1, with_x_2 = products[0] * y_1 + products[1] * y_2, products[2] * y_1 + products[3] * y_2
        found = x_1.T[:, :, None] * with_x_1 + u[j][:, None, None] * with_x_2
        found += identity[:, None, :] * alone
        x_1, (alone, both, one, none) = v - t[j][:, None] * u[j], (self.c * x[j] for x in own)
        mixture = np.outer(one @ x_1, u[j])
        bent = (
            np.sum(alone) * identity + (x_1.T * both) @ x_1 + mixture + mixture.T + np.sum(none) * np.outer(u[j], u[j])
        )
        found[:, j] += bent if self.bends is None else bent - self.bends.block(j)
        return found
