"""The dual certificate η of a measure or network, and the search for its maxima on the sphere.

A measure is optimal if and only if |η| ≤ 1 on the sphere and η is the sign of the mass at each atom: the points where
|η| is above 1 are where atoms are missing, and the largest |η| is what the lower bound on the optimum rests on
(docs/theory.md §10).
"""

from __future__ import annotations

from functools import cache
from statistics import NormalDist

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.measures import Atoms, Target, lengths, tangent_bases

_PAIRS_TOGETHER = 2**16  # The certificate is evaluated for at most that many pairs of a direction and a neuron at once.
_FEW = 1024  # As many points are compared with one another in 10 ms; SciPy takes 60 ms to load.
_MOST_STEPS = 100  # An ascent ends after that many steps of Newton's method.


def network_certificate(
    activation: Activation,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    weight_decay: float,
    directions: np.ndarray,
) -> np.ndarray:
    """η(w) = −(2/λ) E[(f − f*) φ̃(w·x)] of any network, (…, d) → (…), so that ∂L/∂a_j = −λ η(w_j).

    Args:
        second_layer, first_layer: (m,), (m, d) network, rows of any norm.
        teacher_second_layer, teacher_first_layer: (m*,), (m*, d).
        weight_decay: λ > 0.
        directions: (…, d) of any norm.
    Source: docs/theory.md §10.
    """
    weights = np.concatenate([second_layer, -teacher_second_layer])
    rows = np.concatenate([first_layer, teacher_first_layer])
    q = np.sum(rows * rows, -1)
    points = directions.reshape(-1, directions.shape[-1])
    eta = np.empty(len(points))
    together = max(1, _PAIRS_TOGETHER // len(rows))
    for begin in range(0, len(points), together):
        some = points[begin : begin + together]
        k, _, _ = activation.kernel(np, np.sum(some**2, -1)[:, None], q, some @ rows.T)
        eta[begin : begin + together] = k @ weights * (-2 / weight_decay)
    return eta.reshape(directions.shape[:-1])


def maxima(target: Target, atoms: Atoms, candidates: int, ascents: int) -> tuple[np.ndarray, float]:
    """Unit vectors at local maxima of |η| above 1, (n, E), and the largest |η|.

    η depends on w through its projection on the teacher's span (dimension r) only. Where the inputs have a dimension
    more, one coordinate orthogonal to the span stands for all of them: E = r + 1, else E = r. Ascents begin at the
    atoms and around them, at the teachers, at the opposites of both where |η| differs there, and at those of points all
    over the sphere that are higher than their neighbours.

    Args:
        candidates: how many points there are, those that mirror one another counted all.
        ascents: how many of them ascents begin at, at most.
    """
    dimension, even = min(target.rank + 1, target.input_dim), target.activation.symmetry == "even"
    across = dimension > target.rank
    count = candidates // 2 ** (across + even)
    points = spread(dimension, count, across=across, even=even)
    heights = np.abs(target.certificate(atoms, points)[0])
    higher = np.max(heights[_neighbours(dimension, count, across=across, even=even)], axis=-1)
    peaks = np.flatnonzero(heights >= higher)
    known = np.pad(np.concatenate([atoms.directions, target.first]), ((0, 0), (0, dimension - target.rank)))
    known = known / lengths(known)[..., None]
    free = points[peaks[np.argsort(-heights[peaks], kind="stable")[:ascents]]]
    starts = np.concatenate([known, *([] if even else [-known]), free, _around(target, atoms, dimension)])
    peaks, heights = _ascended(target, atoms, starts)
    order = np.argsort(-heights, kind="stable")
    largest = float(heights[order[0]])
    spacing = np.maximum(0.1 * target.decay, 0.2 * nearest_atoms(target, atoms, peaks)[1])
    left = order[heights[order] > 1 + 0.1 * max(largest - 1, 0)]
    chosen: list[int] = []
    while len(left):
        chosen.append(int(left[0]))
        left = left[_line_distances(target, peaks[left], peaks[left[0]]) > spacing[left]]
    return peaks[chosen], largest


def _line_distances(target: Target, points: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The distances of unit vectors to another one, or of their lines, if φ̃ is even."""
    apart = lengths(points - other)
    return np.minimum(apart, lengths(points + other)) if target.activation.symmetry == "even" else apart


def nearest_atoms(target: Target, atoms: Atoms, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest atom whose sign is that of η at each point, and its distance (of lines, if φ̃ is even)."""
    if not len(atoms.signs):
        return np.zeros(len(points), dtype=int), np.full(len(points), 2.0)
    values, _ = target.certificate(atoms, points)
    rows = points[:, : target.rank]
    facing = np.sign(rows @ atoms.rows.T) if target.activation.symmetry == "even" else np.ones((1, 1))
    apart = lengths(rows[:, None] - facing[..., None] * atoms.directions)
    apart[np.sign(values)[:, None] != atoms.signs] = 2.0
    return np.argmin(apart, axis=1), np.min(apart, axis=1)


def _around(target: Target, atoms: Atoms, dimension: int) -> np.ndarray:
    """Points on either side of each atom, at distances like λ, in the two directions in which |η| bends down least."""
    if dimension == 1 or not len(atoms.signs):
        return np.zeros((0, dimension))
    units = np.pad(atoms.directions, ((0, 0), (0, dimension - target.rank)))
    tangents = tangent_bases(units)
    bend = tangents @ (atoms.signs[:, None, None] * target.curvature(atoms, units)) @ tangents.mT
    _, vectors = np.linalg.eigh(bend)
    ways = 0.3 * target.decay * (tangents.mT @ vectors[..., -2:]).mT.reshape(-1, dimension)
    near = np.repeat(units, len(ways) // len(units), axis=0)
    points = np.concatenate([near + ways, near - ways])
    return np.asarray(points / lengths(points)[..., None])


@cache
def spread(dimension: int, count: int, *, across: bool, even: bool) -> np.ndarray:
    """Points all over the sphere: a lattice of the unit cube through the quantiles of the normal distribution.

    Where η has the same value at their mirror images, or its negative, points are folded to one side: of the span, if
    the last coordinate is ``across`` it, and of the first coordinate, if φ̃ is ``even``.

    The lattice is n (1/g, 1/g², …) modulo 1, where g > 1 solves g^(dimension + 1) = g + 1: the golden ratio in one
    dimension, and of low discrepancy in every one.
    """
    if dimension == 1:
        return np.array([[1.0], [-1.0]])
    ratio = 2.0
    for _ in range(60):
        ratio = (1 + ratio) ** (1 / (dimension + 1))
    cube = (0.5 + np.arange(1, count + 1)[:, None] * ratio ** -np.arange(1.0, dimension + 1)) % 1
    quantile = np.vectorize(NormalDist().inv_cdf, otypes=[float])
    points = quantile(np.clip(cube, 1e-12, 1 - 1e-12))
    if even:
        points *= np.where(points[:, :1] < 0, -1.0, 1.0)
    if across:
        points[:, -1] = np.abs(points[:, -1])
    return np.asarray(points / lengths(points)[..., None])


@cache
def _neighbours(dimension: int, count: int, *, across: bool, even: bool) -> np.ndarray:
    """The nearest of the points of ``spread`` for each of them, itself and twice as many as dimensions, (count, k).

    Few points are compared with one another, which takes less time than loading what makes a tree of many.
    """
    points = spread(dimension, count, across=across, even=even)
    around = min(len(points), 2 * dimension + 1)
    if count <= _FEW:
        return np.argpartition(-(points @ points.T), around - 1, axis=-1)[:, :around]
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(points).query(points, np.arange(1, around + 1))[1])


def _ascended(target: Target, atoms: Atoms, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Local maxima of |η| on the sphere, one from each start, (P, E) and (P,), by Newton steps along the sphere.

    An ascent ends when its next step would be too short, or raise |η| by less than its rounding error and does not.
    """
    points, dimension = starts, starts.shape[-1]
    identity = np.eye(dimension)
    values, slopes = target.certificate(atoms, points)
    signs = np.sign(values)
    heights = signs * values
    radius, rounding = np.full(len(points), 0.3), target.rounding(atoms)
    going = np.arange(len(points))
    for _ in range(_MOST_STEPS):
        at, sign = points[going], signs[going]
        across = identity - at[:, :, None] * at[:, None, :]
        bend = sign[:, None, None] * target.curvature(atoms, at) - heights[going, None, None] * across
        up = (across @ (sign[:, None] * slopes[going])[..., None])[..., 0]
        eigenvalues, vectors = np.linalg.eigh(bend)
        along = (vectors.mT @ up[..., None])[..., 0] / np.maximum(np.abs(eigenvalues), 1e-8)
        move = (across @ (vectors @ along[..., None]))[..., 0]
        length = lengths(move)
        move *= np.minimum(1.0, radius[going] / np.maximum(length, 1e-300))[:, None]
        rise = np.sum(up * move, -1)
        tried = at + move
        tried /= lengths(tried)[..., None]
        new_values, new_slopes = target.certificate(atoms, tried)
        better = sign * new_values > heights[going]
        risen = going[better]
        points[risen], heights[risen], slopes[risen] = tried[better], (sign * new_values)[better], new_slopes[better]
        radius[going[~better]] *= 0.25
        going = going[(length > 1e-9) & (radius[going] > 1e-10) & (rise > np.where(better, 0.001, 0.1) * rounding)]
        if not len(going):
            break
    return points, heights
