"""Alignment metrics: how the neurons of a student lie relative to the directions of the teacher.

Write p_j = |a_j|‖w_j‖ for the mass of a neuron and δ_j for the angle between w_j and the nearest teacher line ±w*_k.
Where φ̃ is even, w and −w are the same neuron; where it is odd, (a, w) and (−a, −w) are the same function: both have
lines. Only an activation with neither symmetry (plain relu) has directions, and δ_j is then the angle to the nearest
w*_k.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from featlearn.theory.span import bases_of_spans

if TYPE_CHECKING:
    from featlearn.theory.activations import Symmetry

ALIGNED_WITHIN = 5.0  # degrees: a neuron this close to a teacher line counts as aligned
ALIVE_ABOVE = 1e-6  # share of Σ|a*|: a neuron of smaller mass has vanished
# A network has found the teacher when every teacher line is recovered and these three hold; see ``finds_teacher``.
FOUND_LOSS = 1e-5  # at most this share of ‖f*‖²
FOUND_ALIGNED = 0.99  # at least this share of its mass lies within ALIGNED_WITHIN of a teacher line
FOUND_MASS_ERROR = 0.05  # at most this share of the least |a*_k|
_ENTRIES_IN_CACHE = 2**13  # Runs are taken together while their rows have no more entries.


@dataclass(frozen=True)
class NearestTeacher:
    """For every neuron j of every run, (B, m): the nearest teacher neuron and how it lies to it.

    ``across`` and ``along`` are twice the sine and the cosine of half the angle to every teacher line, (B, m, m*), NaN
    for a zero row.
    """

    across: np.ndarray
    along: np.ndarray
    index: np.ndarray  # k of the nearest teacher line
    angle: np.ndarray  # δ_j in radians, NaN for a zero row
    sign: np.ndarray  # +1 or −1: w_j lies on the side of +w*_k or −w*_k
    mass: np.ndarray  # p_j = |a_j|‖w_j‖
    norm: np.ndarray  # ‖w_j‖

    @property
    def angles(self) -> np.ndarray:
        """(B, m, m*) to every teacher line, radians, NaN for a zero row."""
        return np.asarray(2 * np.arctan2(self.across, self.along))

    def within(self, degrees: float) -> np.ndarray:
        """(B, m, m*) whether a teacher line is nearer than that; the angles are not needed for it."""
        return self.across < np.tan(np.radians(degrees / 2)) * self.along


def angles(first_layer: np.ndarray, teacher_first_layer: np.ndarray) -> np.ndarray:
    """Angles in [0, π] between every w_j and every w*_k, (B, m, d) × (B, m*, d) → (B, m, m*), NaN for zero rows.

    Kahan's formula 2·atan2(‖u − v‖, ‖u + v‖) on unit vectors: as accurate near 0 and near π as the rounding
    of the unit vectors allows, where acos of a dot product would lose half the digits.

    Accuracy: 4e-16 absolute (tests/theory/test_alignment.py).
    Source: Kahan 2006, "How futile are mindless assessments of roundoff", §12.
    """
    return np.asarray(2 * np.arctan2(*_across_and_along(first_layer, _lengths(first_layer), teacher_first_layer)))


def _across_and_along(
    first_layer: np.ndarray, norms: np.ndarray, teacher_first_layer: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """‖u − v‖ and ‖u + v‖ of every unit row of the student and every one of the teacher, (B, m, m*)."""
    (runs, m, d), teachers = first_layer.shape, _unit_rows(teacher_first_layer, _lengths(teacher_first_layer))
    squares = np.empty((2, teachers.shape[1], runs, m))
    together = max(1, _ENTRIES_IN_CACHE // max(1, m * d))
    for part in (slice(begin, begin + together) for begin in range(0, runs, together)):
        rows = _unit_rows(first_layer[part], norms[part])
        both = np.empty_like(rows)
        for k in range(teachers.shape[1]):  # one teacher at a time: (B, m, m*, d) would be large
            v = teachers[part, k : k + 1]
            for square, combined in zip(squares, (np.subtract, np.add), strict=True):
                combined(rows, v, out=both)
                np.einsum("...d,...d->...", both, both, out=square[k, part])
    across, along = np.moveaxis(np.sqrt(squares, out=squares), 1, -1)
    return across, along


def _lengths(rows: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.einsum("...d,...d->...", rows, rows)))


def _unit_rows(rows: np.ndarray, norms: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.where(norms > 0, norms, np.nan)[..., None])


def nearest_teacher(
    symmetry: Symmetry, second_layer: np.ndarray, first_layer: np.ndarray, teacher_first_layer: np.ndarray
) -> NearestTeacher:
    """The teacher line (or direction, for symmetry "none") nearest to each neuron.

    Args:
        symmetry: of the activation φ̃.
        second_layer, first_layer: (B, m), (B, m, d) student; teacher_first_layer: (B, m*, d).
    """
    norms = _lengths(first_layer)
    across, along = _across_and_along(first_layer, norms, teacher_first_layer)
    sign = np.ones(norms.shape)
    if symmetry == "none":
        index = np.argmin(across, axis=-1)
    else:  # a line is as near as the nearer of its two ends
        nearer, farther = np.minimum(across, along), np.maximum(across, along)
        index = np.argmin(nearer, axis=-1)  # the first teacher for a zero row, whose angles are all NaN
        sign[_at(across, index) > _at(along, index)] = -1.0
        across, along = nearer, farther
    angle = 2 * np.arctan2(_at(across, index), _at(along, index))
    return NearestTeacher(across, along, index, angle, sign, mass=np.abs(second_layer) * norms, norm=norms)


def _at(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Of (B, m, m*) those of one k for each neuron, (B, m)."""
    return np.take_along_axis(values, index[..., None], -1)[..., 0]


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
        (degrees), aligned_mass, alive, recovered, mass_error, balance, subspace, overlap_min, overlap_mean,
        feature_motion.
        Meanings: docs/theory.md §7.
    """
    student = second_layer, first_layer
    metrics = neuron_metrics(symmetry, *student, teacher_second_layer, teacher_first_layer)
    best = overlaps(*student, teacher_first_layer, np.sum(np.abs(teacher_second_layer), -1))
    return metrics | overlap_summary(best) | {"feature_motion": feature_motion(first_layer, initial_first_layer)}


def neuron_metrics(
    symmetry: Symmetry,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    multiplicity: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """``alignment_metrics`` without overlaps and motion, of neurons that may stand for several.

    These coincide up to the symmetry.

    Args:
        multiplicity: (B, m) how many neurons each is; None for one each. Other arguments as there.
    """
    near = nearest_teacher(symmetry, second_layer, first_layer, teacher_first_layer)
    count = 1 if multiplicity is None else multiplicity
    masses, degrees = count * near.mass, np.degrees(near.angle)
    alive = near.mass > ALIVE_ABOVE * np.sum(np.abs(teacher_second_layer), -1, keepdims=True)
    total = _nan_if_zero(np.sum(masses, -1))
    misalignment = np.sum(np.where(masses > 0, masses * near.angle**2, 0.0), -1)

    lines = np.arange(teacher_second_layer.shape[-1])
    assigned = np.moveaxis(near.index == lines[:, None, None], 0, -1)  # in memory as ``near.across`` is
    signed_mass = np.copysign(masses, second_layer)
    if symmetry == "odd":  # (a, w) and (−a, −w) are one neuron: count it on the teacher's side
        signed_mass = signed_mass * near.sign
    per_teacher = np.sum(np.where(assigned, signed_mass[..., None], 0.0), -2)

    found = np.any(alive[..., None] & near.within(ALIGNED_WITHIN), -2)

    return {
        "max_angle": _nan_if_none(np.max(np.where(alive, degrees, -np.inf), -1)),
        "misalignment": misalignment,
        "mean_angle": np.degrees(np.sqrt(misalignment / total)),
        "aligned_mass": np.sum(np.where(degrees < ALIGNED_WITHIN, masses, 0.0), -1) / total,
        "alive": np.sum(count * alive, -1),
        "recovered": np.sum(found, -1),
        "mass_error": np.max(np.abs(per_teacher - teacher_second_layer), -1),
        "balance": np.max(np.abs(np.abs(second_layer) - near.norm), -1),
        "subspace": subspace_share(first_layer, teacher_first_layer, multiplicity, near.norm),
    }


def finds_teacher(
    columns: Mapping[str, np.ndarray], widths: np.ndarray, least_weights: np.ndarray, squared_norms: np.ndarray
) -> np.ndarray:
    """Which networks have found their teacher, (B,): its lines, its masses and its function.

    Every teacher line has a living neuron within ``ALIGNED_WITHIN``, and the loss, the share of the mass that lies on
    teacher lines and the masses there are within the bounds above. Why all four: docs/theory.md §7.

    Args:
        columns: of the metrics, (B,) each: recovered, aligned_mass, mass_error, loss. NaN is not found.
        widths, least_weights, squared_norms: (B,) m*, min_k |a*_k| and ‖f*‖² of the teachers.
    """
    return np.asarray(
        (columns["recovered"] == widths)
        & (columns["aligned_mass"] >= FOUND_ALIGNED)
        & (columns["mass_error"] <= FOUND_MASS_ERROR * least_weights)
        & (columns["loss"] <= FOUND_LOSS * squared_norms)
    )


def overlaps(second_layer: np.ndarray, first_layer: np.ndarray, directions: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """The largest |cos| of a living neuron with each of the teacher's directions, (B, n), NaN where none lives.

    Args:
        second_layer, first_layer: (B, m), (B, m, d) student.
        directions: (B, n, d) unit rows.
        mass: (B,) of the teacher, Σ|a*|, or ‖f*‖ for targets without neurons: a share of it is what lives.
    Accuracy: 1e-15 absolute (tests/theory/test_alignment.py).
    """
    norms = _lengths(first_layer)
    alive = np.abs(second_layer) * norms > ALIVE_ABOVE * mass[:, None]
    divisors = np.where(alive, norms, np.nan)
    cosines = np.abs(first_layer @ directions.mT) / divisors[..., None]
    return np.minimum(np.fmax.reduce(cosines, -2), 1.0)  # NaN is nothing to fmax


def overlap_summary(of_each: np.ndarray) -> dict[str, np.ndarray]:
    """The least and the mean of the overlaps with the directions, (B, n) → (B,)."""
    return {"overlap_min": of_each.min(-1), "overlap_mean": of_each.sum(-1) / of_each.shape[-1]}


def imbalance(second_layer: np.ndarray, first_layer: np.ndarray) -> np.ndarray:
    """max_j ||a_j| − ‖w_j‖|, (B,)."""
    return np.asarray(np.max(np.abs(np.abs(second_layer) - _lengths(first_layer)), -1))


def feature_motion(first_layer: np.ndarray, initial_first_layer: np.ndarray) -> np.ndarray:
    """‖W − W_0‖ / ‖W_0‖, (B,)."""
    return _frobenius(first_layer - initial_first_layer) / _nan_if_zero(_frobenius(initial_first_layer))


def subspace_share(
    first_layer: np.ndarray,
    directions: np.ndarray,
    multiplicity: np.ndarray | None = None,
    norms: np.ndarray | None = None,
) -> np.ndarray:
    """‖P_{S*} W‖²_F / ‖W‖²_F, (B,), with P_{S*} the projection on the span of some directions, (B, n, d).

    Args:
        multiplicity: (B, m) how many neurons each row is; None for one each.
        norms: (B, m) the ‖w_j‖, where they are known.
    """
    count = 1 if multiplicity is None else multiplicity
    squares = count * (_lengths(first_layer) if norms is None else norms) ** 2
    inside = first_layer @ bases_of_spans(directions).mT
    return np.sum(count * np.sum(inside * inside, -1), -1) / _nan_if_zero(np.sum(squares, -1))


def _frobenius(rows: np.ndarray) -> np.ndarray:
    flat = rows.reshape(len(rows), -1)
    return np.asarray(np.sqrt(np.einsum("bi,bi->b", flat, flat)))


def _nan_if_zero(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, np.nan)


def _nan_if_none(x: np.ndarray) -> np.ndarray:
    return np.where(np.isneginf(x), np.nan, x)
