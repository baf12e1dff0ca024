"""Measures of few atoms on the unit sphere: their objective, its derivatives, and the dual certificate.

A measure Σ σ_i ‖u_i‖ δ(u_i/‖u_i‖) is written as signs σ (n,) and rows u (n, r) in coordinates of the teacher's span,
for an activation that is homogeneous of degree 1. Its objective is J = E[(f_μ − f*)²] + λ Σ ‖u_i‖ with
f_μ = Σ σ_i φ̃(u_i·x); its certificate is η(w) = −(2/λ) E[(f_μ − f*) φ̃(w·x)] (docs/theory.md §10).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from featlearn.theory import population
from featlearn.theory.activations import Activation, DegreeOne
from featlearn.theory.span import basis_of_span


def lengths(rows: np.ndarray) -> np.ndarray:
    """The norms of rows, (…, r) → (…): of few, in half the time of ``np.linalg.norm``."""
    return np.asarray(np.sqrt(np.add.reduce(rows * rows, axis=-1)))


@dataclass(frozen=True)
class Atoms:
    """Signs (n,) and rows (n, r) of a measure; the masses are the norms of the rows."""

    signs: np.ndarray
    rows: np.ndarray

    @property
    def masses(self) -> np.ndarray:
        return lengths(self.rows)

    @property
    def directions(self) -> np.ndarray:
        return self.rows / self.masses[:, None]


def tangent_bases(units: np.ndarray) -> np.ndarray:
    """Orthonormal rows that span what is orthogonal to each unit vector, (n, E) → (n, E − 1, E)."""
    return np.asarray(np.linalg.svd(units[:, None])[2][:, 1:])


class Target:
    """A teacher in coordinates of its span, and the weight decay λ: what measures are held against.

    Attributes:
        second, first: (m*,), (m*, r) the teacher's weights, rows of norm 1.
        basis: (r, d) orthonormal rows that span the teacher's.
    """

    def __init__(self, activation: Activation, second: np.ndarray, first: np.ndarray, decay: float) -> None:
        if activation.degree_one is None:
            raise ValueError("the optimum over measures needs an activation that is homogeneous of degree 1")
        self.activation, self.kernel = activation, activation.degree_one
        self.second, self.decay = second, decay
        self.input_dim = first.shape[-1]
        self.basis = basis_of_span(first)
        self.first = first @ self.basis.T
        self._latest: tuple[Atoms, int, _Residual] | None = None

    @property
    def rank(self) -> int:
        return len(self.basis)

    def teacher_atoms(self) -> Atoms:
        """The teacher as a measure."""
        return Atoms(np.sign(self.second), np.abs(self.second)[:, None] * self.first)

    def atoms_of(self, masses: np.ndarray, directions: np.ndarray) -> Atoms:
        """The measure of signed masses (n,) at directions (n, d) in the span."""
        return Atoms(np.sign(masses), np.abs(masses)[:, None] * (directions @ self.basis.T))

    def loss(self, atoms: Atoms) -> float:
        """E[(f_μ − f*)²]."""
        weights = atoms.signs[None], atoms.rows[None], self.second[None], self.first[None]
        return float(population.loss(self.activation, *weights)[0])

    def slope(self, signs: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """∂J/∂u / λ for a batch of rows (B, n, r)."""
        teacher = np.broadcast_to(self.second, (len(rows), *self.second.shape))
        directions = np.broadcast_to(self.first, (len(rows), *self.first.shape))
        ours = np.broadcast_to(signs, rows.shape[:2])
        norms = lengths(rows)[..., None]
        unit = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
        loss_slope = population.gradient(self.activation, ours, rows, teacher, directions).first_layer
        return np.asarray(loss_slope / self.decay + unit)

    def hessian(self, signs: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """∂²J/∂u² / λ, (nr, nr), at rows (n, r) other than 0."""
        n, dimension = rows.shape
        c, v = np.concatenate([signs, -self.second]), np.concatenate([rows, self.first])
        cross, own = second_derivatives(self.kernel, rows, v)
        length = lengths(rows)[:, None, None]
        unit = rows[:, :, None] / length
        hessian = 2 / self.decay * np.outer(signs, signs)[..., None, None] * cross[:, :n]
        diagonal = 2 / self.decay * signs[:, None, None] * np.einsum("i,jiab->jab", c, own)
        hessian[np.arange(n), np.arange(n)] += diagonal + (np.eye(dimension) - unit * unit.mT) / length
        flat = hessian.transpose(0, 2, 1, 3).reshape(rows.size, rows.size)
        return np.asarray(0.5 * (flat + flat.T))

    def certificate(self, atoms: Atoms, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """η and its gradient at points (P, E) of any norm; coordinates after the first r are orthogonal to the span."""
        weights, rows, squares, *_ = self._residual(atoms, points.shape[-1])
        own = np.add.reduce(points * points, axis=-1)[:, None]
        k, k_s, k_q = self.activation.kernel(np, own, squares, points @ rows.T)
        return k @ weights, (k_s * weights) @ rows + 2 * (k_q @ weights)[:, None] * points

    def rounding(self, atoms: Atoms) -> float:
        """The size of the rounding error of η at unit vectors: that of the terms that cancel in it."""
        size = np.sum(atoms.masses) + np.sum(np.abs(self.second) * np.linalg.norm(self.first, axis=-1))
        return float(np.finfo(float).eps * size / self.decay)

    def curvature(self, atoms: Atoms, points: np.ndarray) -> np.ndarray:
        """The second derivatives of η across unit points (P, E), P_w ∂²η P_w with P_w = 1 − wwᵀ, (P, E, E).

        Of a pair they are κ‖v‖ (g″ P_w v̂v̂ᵀ P_w + (g − cos θ g′) P_w), see ``second_derivatives``: summed in one
        matrix product. The first term is O(θ) near a row; within 1e-8 of one, where rounding drowns it, it is left out.
        """
        _, _, _, unit, scaled, outer = self._residual(atoms, points.shape[-1])
        cosine = points @ unit.T
        sine = np.sqrt(np.maximum((1 - cosine) * (1 + cosine), 0.0))
        _, bend, rest = self.kernel.parts(np, cosine, sine, np.arctan2(cosine, sine))
        steep = np.divide(scaled * bend, sine, out=np.zeros_like(sine), where=sine > 1e-8)
        across = np.eye(points.shape[-1]) - points[:, :, None] * points[:, None, :]
        bent = across @ (steep @ outer).reshape(across.shape) @ across
        return np.asarray(bent + (rest @ scaled)[:, None, None] * across)

    def _residual(self, atoms: Atoms, dimension: int) -> _Residual:
        """That of a measure, in rows of a dimension; the latest is kept: ascents ask for the same one many times."""
        if self._latest is None or self._latest[0] is not atoms or self._latest[1] != dimension:
            weights = np.concatenate([atoms.signs, -self.second]) * (-2 / self.decay)
            rows = np.zeros((len(weights), dimension))
            rows[:, : self.rank] = np.concatenate([atoms.rows, self.first])
            length = lengths(rows)
            unit, scaled = rows / length[:, None], self.kernel.factor * length * weights
            outer = (unit[:, :, None] * unit[:, None, :]).reshape(len(unit), -1)
            self._latest = atoms, dimension, _Residual(weights, rows, np.sum(rows * rows, -1), unit, scaled, outer)
        return self._latest[2]


class _Residual(NamedTuple):
    """−(2/λ)(f_μ − f*) as output weights and rows; their ‖·‖², directions v̂ and v̂v̂ᵀ, and κ‖v‖ times the weights."""

    weights: np.ndarray
    rows: np.ndarray
    squares: np.ndarray
    unit: np.ndarray
    scaled: np.ndarray
    outer: np.ndarray


def second_derivatives(kernel: DegreeOne, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """∂_u∂_vᵀK and ∂_u∂_uᵀK of a kernel of degree 1 for all pairs of rows u (n, D) and v (N, D): (n, N, D, D) each.

    With θ the angle of u and v, e_u the unit vector orthogonal to u towards v and P_u = 1 − ûûᵀ they are
    κ(g′ 1 + g″ sin²θ e_u e_vᵀ + (g − cos θ g′) ûv̂ᵀ) and κ ‖v‖/‖u‖ (g″ sin²θ e_u e_uᵀ + (g − cos θ g′) P_u): nothing is
    singular in them where rows meet, for g″ sin θ is finite.
    """
    length_u, length_v = lengths(u), lengths(v)
    unit_u, unit_v = u / length_u[:, None], v / length_v[:, None]
    cosine = unit_u @ unit_v.T
    towards = unit_v - cosine[..., None] * unit_u[:, None]  # sin θ e_u, (n, N, D)
    back = unit_u[:, None] - cosine[..., None] * unit_v
    sine = lengths(towards)[..., None, None]
    e_u = towards[..., None] / np.where(sine > 0, sine, 1.0)
    identity = np.eye(u.shape[-1])
    sine_only = sine[..., 0, 0]
    parts = kernel.parts(np, cosine, sine_only, np.arctan2(cosine, sine_only))
    slope, bend, rest = (np.asarray(x)[..., None, None] for x in parts)
    cross = slope * identity + bend * e_u * back[..., None, :]
    cross += rest * (unit_u[:, None, :, None] * unit_v[None, :, None, :])
    across = identity - unit_u[:, :, None] * unit_u[:, None, :]
    own = bend * e_u * towards[..., None, :] + rest * across[:, None]
    return kernel.factor * cross, kernel.factor * (length_v / length_u[:, None])[..., None, None] * own
