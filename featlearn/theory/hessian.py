"""The Hessian of the population loss L = E[(f − f*)²] in the weights of a student, dense or as products with vectors.

With r = f − f* = Σ_i c_i φ̃(v_i·x) over the joined list of ``population``, it is twice the products of tangents
of student neurons (Gauss–Newton) and twice E[r ∂²φ̃_j]: second derivatives of the pair kernel K, taken once in each row,
or twice in one (``pair_derivatives``). Derived in docs/theory.md §14.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.pair_derivatives import vectors_of
from featlearn.theory.pair_vectors import PairBends, Vectors
from featlearn.theory.population import Gradient

if TYPE_CHECKING:
    from featlearn.theory.targets.interface import RowHessians, Target


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
        pairs: of the student's rows with those of the residual's neurons, the student's first.
        values, slopes: (m,) E[r φ̃_j] and (m, d) E[r ∇φ̃_j].
        bends: of the residual's neurons with the student's.
        rest: those of the rest of the target, which are subtracted.
    """

    a: np.ndarray
    pairs: Vectors
    values: np.ndarray
    slopes: np.ndarray
    bends: PairBends
    rest: RowHessians | None = None

    @classmethod
    def at(
        cls,
        activation: Activation,
        second_layer: np.ndarray,
        first_layer: np.ndarray,
        teacher_second_layer: np.ndarray,
        teacher_first_layer: np.ndarray,
        rest: Target | None = None,
    ) -> Self:
        """That of one student and its target.

        Args:
            activation: one whose second derivatives are known (``pair_derivatives.is_known``).
            second_layer, first_layer: (m,), (m, d) of the student, float64.
            teacher_second_layer, teacher_first_layer: (m*,), (m*, d) neurons of the same activation.
            rest: of the target, of one run (B = 1); None where there is none.
        Raises:
            ValueError: when second derivatives are not known.
        Accuracy: 1e-10 of the largest entries of its parts (tests/theory/test_hessian.py, fifty digits).
        """
        pairs = vectors_of(activation, first_layer, np.concatenate([first_layer, teacher_first_layer]))
        c = np.concatenate([second_layer, -teacher_second_layer])
        along_others, along_row = pairs.by_row
        slopes = (along_others * c) @ pairs.v + (along_row @ c)[:, None] * pairs.u
        if pairs.by_bias is not None:
            slopes[:, -1] += pairs.by_bias @ c
        values = pairs.value @ c
        bends = PairBends(pairs, c)
        if rest is None:
            return cls(second_layer, pairs, values, slopes, bends)
        shared, of_rest = rest.moments(activation, first_layer[None]), rest.bends(activation, first_layer)
        return cls(second_layer, pairs, values - shared.value[0], slopes - shared.by_row[0], bends, of_rest)

    def gradient(self) -> Gradient:
        """∂L/∂a, (m,), and ∂L/∂W, (m, d)."""
        return Gradient(2 * self.values, 2 * self.a[:, None] * self.slopes)

    def product(self, second: np.ndarray, first: np.ndarray) -> Gradient:
        """The change of ∂L/∂a, (m,), and ∂L/∂W, (m, d), along a direction (m,), (m, d), without the matrix."""
        m, a, (u, v, t, value, by_row, mixed, *_) = len(self.a), self.a, self.pairs
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
        if self.pairs.by_bias is not None and self.pairs.mixed_shift is not None:
            by_bias, ue, ve, eu, ev, ee = (x[:, among] for x in (self.pairs.by_bias, *self.pairs.mixed_shift))
            of_bias = a * first[:, -1]
            to_second += by_bias.T @ of_bias
            to_first += (ue @ of_bias)[:, None] * u + (ve * of_bias) @ v[among]
            to_first[:, -1] += (eu * across) @ a + ev @ (a * along_own) + ee @ of_bias + by_bias @ second
        bent = self.bends.product(first)  # the residual with ∂²φ̃_j
        bent = bent if self.rest is None else bent - self.rest.product(first)
        to_second += np.einsum("md,md->m", self.slopes, first)
        return Gradient(2 * to_second, 2 * (a[:, None] * (to_first + bent) + second[:, None] * self.slopes))

    def blocks(self) -> Blocks:
        """All second derivatives."""
        (m, d), a, (u, _, _, value, by_row, *_) = self.slopes.shape, self.a, self.pairs
        tangent = [x[:, :m].T for x in by_row]
        crossed = 2 * a[:, None] * (tangent[0][..., None] * u[:, None] + tangent[1][..., None] * u[None])
        if self.pairs.by_bias is not None:
            crossed[..., -1] += 2 * a * self.pairs.by_bias[:, :m].T
        neuron = np.arange(m)
        crossed[neuron, neuron] += 2 * self.slopes
        first = np.empty((m, d, m, d))
        for j in range(m):
            first[j] = 2 * a[j] * self._row_of_blocks(j)
        return Blocks(2 * value[:, :m], crossed, first)

    def _row_of_blocks(self, j: int) -> np.ndarray:
        """E[∇φ̃_j (a_k ∇φ̃_k)ᵀ], and for k = j also E[r ∂²φ̃_j], (d, m, d)."""
        m, (u, v, t, _, _, mixed, *_) = len(self.a), self.pairs
        identity = np.eye(u.shape[1])
        alone, *products = (self.a[:, None] * x[j, :m, None] for x in mixed)
        x_1, y_1, y_2 = v[:m] - t[j, :m, None] * u[j], u[j] - t[j, :m, None] * v[:m], v[:m]
        with_x_1, with_x_2 = products[0] * y_1 + products[1] * y_2, products[2] * y_1 + products[3] * y_2
        found = x_1.T[:, :, None] * with_x_1 + u[j][:, None, None] * with_x_2
        found += identity[:, None, :] * alone
        if self.pairs.mixed_shift is not None:
            ue, ve, eu, ev, ee = (self.a[:, None] * x[j, :m, None] for x in self.pairs.mixed_shift)
            found[:, :, -1] += (ue * u[j] + ve * v[:m]).T
            found[-1] += eu * u[j] + ev * v[:m]
            found[-1, :, -1] += ee[:, 0]
        bent = self.bends.block(j)
        found[:, j] += bent if self.rest is None else bent - self.rest.block(j)
        return found
