"""Directions in the weights of one network along which the objective cannot curve at a stationary point.

All functions take layers (m,) and (m, d) and return directions as pairs of arrays (k, m) and (k, m, d), of any norm.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.span import basis_of_span

Directions = tuple[np.ndarray, np.ndarray]

_PARALLEL_WITHIN = 1e-4  # rows of norm 1 that differ by less are one line
_LEAVES_FROM = 1e-4  # of the largest row: rows that leave the fixed span by less do not leave it


def balances(degree: int, second_layer: np.ndarray, first_layer: np.ndarray, living: np.ndarray) -> Directions:
    """(−degree·a_j, w_j) for each living neuron: f does not change when w_j grows and a_j shrinks.

    Args:
        degree: φ̃ is homogeneous of it.
        living: (m,) booleans.
    """
    neurons = np.flatnonzero(living)
    second, first = nothing(len(neurons), *first_layer.shape)
    each = np.arange(len(neurons))
    second[each, neurons], first[each, neurons] = -degree * second_layer[neurons], first_layer[neurons]
    return second, first


def rotations(first_layer: np.ndarray, fixed: np.ndarray, most: int) -> Directions:
    """W A for antisymmetric A that map the fixed rows (n, d) to 0: rotations of all rows of a student around them.

    Of the planes in which one can turn, those in which no row lies are left out; none is given where there are more
    than ``most``.
    """
    m, d = first_layer.shape
    basis = basis_of_span(fixed) if len(fixed) else np.zeros((0, d))
    outside = np.linalg.svd(basis)[2][len(basis) :] if len(basis) else np.eye(d)
    rows = first_layer @ outside.T
    _, lengths, turned = np.linalg.svd(rows)
    reached = int(np.sum(lengths > _LEAVES_FROM * np.linalg.norm(first_layer, 2)))
    axes, rows = turned @ outside, rows @ turned.T
    count = reached * (reached - 1) // 2 + reached * (len(axes) - reached)
    planes = [(p, q) for p in range(reached) for q in range(p + 1, len(axes))] if count <= most else []
    second, first = nothing(len(planes), m, d)
    for i, (p, q) in enumerate(planes):
        first[i] = np.outer(rows[:, p], axes[q]) - np.outer(rows[:, q], axes[p])
    return second, first


def coincidences(activation: Activation, second_layer: np.ndarray, first_layer: np.ndarray) -> Directions:
    """What neurons of one line (of equal rows, where φ̃ is not of degree 1) exchange so that f stays, to first order."""
    (m, d), found = first_layer.shape, [nothing(0, *first_layer.shape)]
    for group, signs in _groups(activation, first_layer):
        a, rows = second_layer[group], signs[:, None] * first_layer[group]
        mirrored = signs if activation.symmetry == "odd" else np.ones(len(group))
        turned = signs if activation.symmetry == "even" else np.ones(len(group))
        # what changes of f: the factor of φ̃, and that of its gradient by the row
        of_value, of_row = mirrored[None], np.kron(turned * a, np.eye(d))
        if activation.homogeneous_degree == 1:  # φ̃ of a unit row is the row times that gradient
            lengths = np.linalg.norm(rows, axis=1)
            unit = rows[0] / lengths[0]
            change = np.concatenate([np.outer(unit, mirrored * lengths), of_row], 1)
        else:
            change = np.zeros((1 + d, len(group) * (1 + d)))
            change[0, : len(group)], change[1:, len(group) :] = of_value, of_row
        kept = _kernel(change)
        second, first = nothing(len(kept), m, d)
        second[:, group] = kept[:, : len(group)]
        first[:, group] = kept[:, len(group) :].reshape(len(kept), len(group), d)
        found.append((second, first))
    return np.concatenate([x for x, _ in found]), np.concatenate([y for _, y in found])


def nothing(count: int, m: int, d: int) -> Directions:
    """So many directions of zeros."""
    return np.zeros((count, m)), np.zeros((count, m, d))


def _groups(activation: Activation, first_layer: np.ndarray) -> Sequence[tuple[np.ndarray, np.ndarray]]:
    """The neurons that coincide, two or more, and the signs by which rows are those of the first."""
    lengths = np.linalg.norm(first_layer, axis=1)
    scale = np.where(lengths > 0, lengths, 1.0)
    like = first_layer / scale[:, None] if activation.homogeneous_degree == 1 else first_layer
    found, left = [], [j for j in range(len(like)) if lengths[j] > 0]
    while left:
        size = np.linalg.norm(like[left[0]])
        plus, minus = (np.linalg.norm(like[left] - sign * like[left[0]], axis=1) for sign in (1, -1))
        near = plus <= _PARALLEL_WITHIN * size
        if activation.symmetry != "none":
            near |= minus <= _PARALLEL_WITHIN * size
        group = np.array(left)[near]
        if len(group) > 1:
            found.append((group, np.where(plus <= minus, 1.0, -1.0)[near]))
        left = [j for j, taken in zip(left, near, strict=True) if not taken]
    return found


def _kernel(matrix: np.ndarray) -> np.ndarray:
    """Orthonormal rows that the matrix maps to 0, to 1e-10 of its largest singular value."""
    _, singular, rows = np.linalg.svd(matrix)
    rank = int(np.sum(singular > 1e-10 * singular[0]))
    return np.asarray(rows[rank:])
