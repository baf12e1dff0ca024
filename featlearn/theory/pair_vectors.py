"""What second derivatives of pair kernels are made of: multiples of the identity, and products of few vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class MixedShift(NamedTuple):
    """What a bias adds to ∂_u ∂_vᵀ K: ue Ueᵀ + ve Veᵀ + eu eUᵀ + ev eVᵀ + ee eeᵀ, each (m, N)."""

    ue: np.ndarray
    ve: np.ndarray
    eu: np.ndarray
    ev: np.ndarray
    ee: np.ndarray


class Vectors(NamedTuple):
    """What derivatives of K(u, v) are made of, u of some rows (m, d) and v of others (N, d).

    With X₁ = V − t U, X₂ = U, Y₁ = U − t V and Y₂ = V they are

        ∂_u K = by_row[0] V + by_row[1] U,
        ∂_u ∂_vᵀ K = mixed[0] I + mixed[1] X₁Y₁ᵀ + mixed[2] X₁Y₂ᵀ + mixed[3] X₂Y₁ᵀ + mixed[4] X₂Y₂ᵀ,
        ∂_u ∂_uᵀ K = own[0] I + own[1] X₁X₁ᵀ + own[2] (X₁X₂ᵀ + X₂X₁ᵀ) + own[3] X₂X₂ᵀ.

    Rows with biases have U and V with a last entry of 0; with e for the unit vector there, what is added is by_bias e
    to the first, ``mixed_shift`` to the second, and ceᵀ + ecᵀ with c = own_shift[0] X₁ + own_shift[1] X₂ to the third.

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
    by_bias: np.ndarray | None = None
    mixed_shift: MixedShift | None = None
    own_shift: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class PairBends:
    """Second derivatives of Σ_i c_i K(u_j, v_i) by the rows u_j, from what ``Vectors`` says of ∂_u ∂_uᵀ K.

    Attributes:
        vectors: of the rows u_j (m, d) and v_i (N, d).
        c: (N,).
    """

    vectors: Vectors
    c: np.ndarray

    def product(self, moved: np.ndarray) -> np.ndarray:
        """The changes (m, d) of the gradients by the rows along directions (m, d) of the rows."""
        c, (u, v, t, own, shift) = self.c, self._arrays
        along_own = np.einsum("md,md->m", u, moved)[:, None]  # U_j·h_j
        x_1 = moved @ v.T - t * along_own
        to_v, to_x_2 = c * (own[1] * x_1 + own[2] * along_own), c * (own[2] * x_1 + own[3] * along_own)
        if shift:
            of_bias = moved[:, -1:]
            to_v, to_x_2 = to_v + c * shift[0] * of_bias, to_x_2 + c * shift[1] * of_bias
        found = (own[0] @ c)[:, None] * moved + to_v @ v + np.sum(to_x_2 - t * to_v, -1)[:, None] * u
        if shift:
            found[:, -1] += (shift[0] * x_1 + shift[1] * along_own) @ c
        return np.asarray(found)

    def block(self, j: int) -> np.ndarray:
        """All second derivatives by one row, (d, d)."""
        c, (rows, v, t, own, shift) = self.c, self._arrays
        u = rows[j]
        x_1 = v - t[j][:, None] * u
        alone, both, one, none = (c * x[j] for x in own)
        mixture = np.outer(one @ x_1, u)
        if shift:
            mixture[:, -1] += (c * shift[0][j]) @ x_1 + (c @ shift[1][j]) * u
        found = np.sum(alone) * np.eye(len(u)) + (x_1.T * both) @ x_1
        return np.asarray(found + mixture + mixture.T + np.sum(none) * np.outer(u, u))

    @property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        its = self.vectors
        return its.u, its.v, its.t, its.own, its.own_shift
