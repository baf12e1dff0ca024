"""Alignment metrics: how the neurons of a student lie relative to the directions of the teacher.

Write p_j = |a_j|‖w_j‖ for the mass of a neuron and δ_j for the angle between w_j and the nearest teacher line ±w*_k.
Where φ̃ is even, w and −w are the same neuron; where it is odd, (a, w) and (−a, −w) are the same function: both have
lines. Only an activation with neither symmetry (plain relu) has directions, and δ_j is then the angle to the nearest
w*_k.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.theory.activations import Symmetry
from featlearn.theory.span import bases_of_spans

ALIGNED_WITHIN = 5.0  # degrees: a neuron this close to a teacher line counts as aligned
ALIVE_ABOVE = 1e-6  # share of Σ|a*|: a neuron of smaller mass has vanished


@dataclass(frozen=True)
class NearestTeacher:
    """For every neuron j of every run, (B, m): the nearest teacher neuron and how it lies to it."""

    angles: np.ndarray  # (B, m, m*): to every teacher line, radians, NaN for a zero row
    index: np.ndarray  # k of the nearest teacher line
    angle: np.ndarray  # δ_j in radians, NaN for a zero row
    sign: np.ndarray  # +1 or −1: w_j lies on the side of +w*_k or −w*_k
    mass: np.ndarray  # p_j = |a_j|‖w_j‖


def angles(first_layer: np.ndarray, teacher_first_layer: np.ndarray) -> np.ndarray:
    """Angles in [0, π] between every w_j and every w*_k, (B, m, d) × (B, m*, d) → (B, m, m*), NaN for zero rows.

    Kahan's formula 2·atan2(‖u − v‖, ‖u + v‖) on unit vectors: as accurate near 0 and near π as the rounding
    of the unit vectors allows, where acos of a dot product would lose half the digits.

    Accuracy: 4e-16 absolute (tests/theory/test_alignment.py).
    Source: Kahan 2006, "How futile are mindless assessments of roundoff", §12.
    """
    rows, teachers = _unit_rows(first_layer), _unit_rows(teacher_first_layer)
    across, along = (np.empty((*rows.shape[:2], teachers.shape[1])) for _ in range(2))
    for k in range(teachers.shape[1]):  # one teacher at a time: (B, m, m*, d) would be large
        v = teachers[:, k : k + 1]
        across[..., k], along[..., k] = _lengths(rows - v), _lengths(rows + v)
    return np.asarray(2 * np.arctan2(across, along))


def _lengths(rows: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.einsum("...d,...d->...", rows, rows)))


def _unit_rows(rows: np.ndarray) -> np.ndarray:
    norms = _lengths(rows)[..., None]
    return np.asarray(rows / np.where(norms > 0, norms, np.nan))


def nearest_teacher(
    symmetry: Symmetry, second_layer: np.ndarray, first_layer: np.ndarray, teacher_first_layer: np.ndarray
) -> NearestTeacher:
    """The teacher line (or direction, for symmetry "none") nearest to each neuron.

    Args:
        symmetry: of the activation φ̃.
        second_layer, first_layer: (B, m), (B, m, d) student; teacher_first_layer: (B, m*, d).
    """
    to_direction = angles(first_layer, teacher_first_layer)
    opposite = np.full_like(to_direction, np.inf) if symmetry == "none" else np.pi - to_direction
    to_line = np.minimum(to_direction, opposite)
    index = np.argmin(to_line, axis=-1)  # the first teacher for a zero row, whose angles are all NaN
    behind = (opposite < to_direction).reshape(-1, to_line.shape[-1])
    return NearestTeacher(
        angles=to_line,
        index=index,
        angle=np.min(to_line, axis=-1),
        sign=np.where(behind[np.arange(index.size), index.ravel()].reshape(index.shape), -1.0, 1.0),
        mass=np.abs(second_layer) * _lengths(first_layer),
    )


def alignment_metrics(
    symmetry: Symmetry,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    initial_first_layer: np.ndarray,
) -> dict[str, np.ndarray]:
    """The alignment columns of a metrics row, each an array (B,); NaN where a value does not apply.

    Args:
        symmetry: of the activation φ̃; see ``Activation.symmetry``.
        second_layer, first_layer: (B, m), (B, m, d) student.
        teacher_second_layer, teacher_first_layer: (B, m*), (B, m*, d) teacher, rows of norm 1.
        initial_first_layer: (B, m, d) the student's rows at step 0.
    Returns:
        max_angle (degrees, over living neurons), misalignment Σ p_j δ_j² (rad²), mean_angle √(misalignment/Σ p_j)
        (degrees), aligned_mass, alive, recovered, mass_error, balance, subspace, feature_motion.
        Meanings: docs/theory.md §7.
    """
    near = nearest_teacher(symmetry, second_layer, first_layer, teacher_first_layer)
    p, degrees = near.mass, np.degrees(near.angle)
    alive = p > ALIVE_ABOVE * np.sum(np.abs(teacher_second_layer), -1, keepdims=True)
    total = _nan_if_zero(np.sum(p, -1))
    misalignment = np.sum(np.where(p > 0, p * near.angle**2, 0.0), -1)

    assigned = near.index[..., None] == np.arange(teacher_second_layer.shape[-1])
    signed_mass = np.copysign(p, second_layer)
    if symmetry == "odd":  # (a, w) and (−a, −w) are one neuron: count it on the teacher's side
        signed_mass = signed_mass * near.sign
    per_teacher = np.sum(np.where(assigned, signed_mass[..., None], 0.0), -2)

    found = np.any(alive[..., None] & (np.degrees(near.angles) < ALIGNED_WITHIN), -2)

    return {
        "max_angle": _nan_if_none(np.max(np.where(alive, degrees, -np.inf), -1)),
        "misalignment": misalignment,
        "mean_angle": np.degrees(np.sqrt(misalignment / total)),
        "aligned_mass": np.sum(np.where(degrees < ALIGNED_WITHIN, p, 0.0), -1) / total,
        "alive": np.sum(alive, -1),
        "recovered": np.sum(found, -1),
        "mass_error": np.max(np.abs(per_teacher - teacher_second_layer), -1),
        "balance": imbalance(second_layer, first_layer),
        "subspace": subspace_share(first_layer, teacher_first_layer),
        "feature_motion": feature_motion(first_layer, initial_first_layer),
    }


def imbalance(second_layer: np.ndarray, first_layer: np.ndarray) -> np.ndarray:
    """max_j ||a_j| − ‖w_j‖|, (B,)."""
    return np.asarray(np.max(np.abs(np.abs(second_layer) - _lengths(first_layer)), -1))


def feature_motion(first_layer: np.ndarray, initial_first_layer: np.ndarray) -> np.ndarray:
    """‖W − W_0‖ / ‖W_0‖, (B,)."""
    return _frobenius(first_layer - initial_first_layer) / _nan_if_zero(_frobenius(initial_first_layer))


def subspace_share(first_layer: np.ndarray, teacher_first_layer: np.ndarray) -> np.ndarray:
    """‖P_{S*} W‖²_F / ‖W‖²_F, (B,), with P_{S*} the projection on the span of the teacher's rows."""
    inside = first_layer @ bases_of_spans(teacher_first_layer).mT
    return np.sum(inside * inside, (-2, -1)) / _nan_if_zero(np.sum(first_layer * first_layer, (-2, -1)))


def _frobenius(rows: np.ndarray) -> np.ndarray:
    return np.sqrt(np.sum(rows * rows, (-2, -1)))


def _nan_if_zero(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, np.nan)


def _nan_if_none(x: np.ndarray) -> np.ndarray:
    return np.where(np.isneginf(x), np.nan, x)
