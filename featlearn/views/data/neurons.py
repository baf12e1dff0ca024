"""The neurons of a run over time, in coordinates of the teacher's span."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.theory.activations import Symmetry
from featlearn.theory.alignment import ALIVE_ABOVE, nearest_teacher
from featlearn.theory.span import basis_of_span

LEAP = 0.7  # a line that moves farther than this between two snapshots went from one end of the half plane to the other


@dataclass(frozen=True)
class Neurons:
    """The neurons of a run at its snapshots.

    Attributes:
        steps: (S,) of the snapshots.
        angle, mass, teacher: (S, m) δ_j in degrees (NaN for a zero row), p_j, and k of the nearest teacher.
        place: (S, m, r) the rows w_j/‖w_j‖ in coordinates of the teacher's span: inside the unit ball, on its sphere
            when the row lies in the span.
        teacher_place: (m*, r) the teacher's rows there.
        teacher_mass: Σ|a*|; for a polynomial, which has no output weights, the largest Σ p_j of the student's own.
        lines: whether w and −w are one neuron.
    """

    steps: np.ndarray
    angle: np.ndarray
    mass: np.ndarray
    teacher: np.ndarray
    place: np.ndarray
    teacher_place: np.ndarray
    teacher_mass: float
    lines: bool

    @property
    def rank(self) -> int:
        return int(self.teacher_place.shape[1])

    @property
    def half_plane(self) -> bool:
        """Whether they are lines in a plane, which figures show in its upper half."""
        return self.lines and self.rank == 2

    @property
    def alive_above(self) -> float:
        """The mass above which a neuron lives."""
        return ALIVE_ABOVE * self.teacher_mass

    @property
    def least_mass(self) -> float:
        """The mass that figures show for anything less."""
        return 1e-2 * self.alive_above


def neurons_of(
    symmetry: Symmetry,
    steps: np.ndarray,
    second: np.ndarray,
    first: np.ndarray,
    teacher_second: np.ndarray,
    teacher: np.ndarray,
) -> Neurons:
    """The neurons at snapshots: steps (S,), layers (S, m) and (S, m, d), the teacher's (m*,), or none, and (m*, d)."""
    basis = span_basis(teacher, lines=symmetry != "none")
    angle, mass, index = np.empty(second.shape), np.empty(second.shape), np.empty(second.shape, dtype=np.int64)
    place = np.empty((*second.shape, len(basis)))
    for s in range(len(steps)):  # one at a time: (S, m, d) more than once would be large
        rows = np.where(np.isfinite(first[s]), first[s], 0.0)[None]
        near = nearest_teacher(symmetry, np.nan_to_num(second[s])[None], rows, teacher[None])
        angle[s], mass[s], index[s] = np.degrees(near.angle[0]), near.mass[0], near.index[0]
        norms = np.linalg.norm(rows[0], axis=-1, keepdims=True)
        place[s] = np.divide(rows[0] @ basis.T, norms, out=np.zeros_like(place[s]), where=norms > 0)
    own_masses = np.abs(teacher_second) if len(teacher_second) else np.max(np.nan_to_num(mass).sum(-1), keepdims=True)
    return Neurons(steps, angle, mass, index, place, teacher @ basis.T, float(np.sum(own_masses)), symmetry != "none")


def span_basis(teacher: np.ndarray, *, lines: bool) -> np.ndarray:
    """Orthonormal rows (r, d) that span the teacher's rows (m*, d).

    In a plane, lines are drawn in the upper half: the first axis then lies in the middle of the widest angle between
    two neighbouring lines, so that none of them is cut in two by the fold.
    """
    basis = basis_of_span(teacher)
    if len(basis) == 2 and lines:
        x, y = (teacher @ basis.T).T
        at = np.sort(np.arctan2(y, x) % np.pi)
        gaps = np.diff([*at, at[0] + np.pi])
        widest = int(np.argmax(gaps))
        fold = at[widest] + gaps[widest] / 2
        basis = np.array([[np.cos(fold), np.sin(fold)], [-np.sin(fold), np.cos(fold)]]) @ basis
    return basis


def folded(place: np.ndarray) -> np.ndarray:
    """Points and their opposites as one: the one in the upper half plane."""
    return place * np.where(place[..., 1:2] < 0, -1.0, 1.0)


def weighted_quantiles(values: np.ndarray, weights: np.ndarray, levels: list[float]) -> np.ndarray:
    """The least value below or at which a share of the weight lies, (S, m) × (S, m) → (levels, S).

    Entries without weight, or that are NaN, count nothing; NaN where no weight is left.
    """
    counted = np.where(np.isnan(values) | ~np.isfinite(weights), 0.0, weights)
    order = np.argsort(values, axis=-1)  # NaN last, without weight
    cumulated = np.cumsum(np.take_along_axis(counted, order, -1), -1)
    ranked = np.take_along_axis(values, order, -1)
    total = cumulated[:, -1:]
    found = []
    for level in levels:
        place = np.argmax(cumulated >= level * total, axis=-1)
        found.append(np.where(total[:, 0] > 0, np.take_along_axis(ranked, place[:, None], -1)[:, 0], np.nan))
    return np.array(found)
