"""Neurons that coincide: the same function of the inputs with the same weights, up to the symmetry of the activation.

Their gradients coincide in the same way, and so do all steps of every method: they are one neuron, counted several
times (docs/theory.md §6).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from featlearn.theory.activations import Symmetry
from featlearn.training.networks import generator

# Before any step weights mean what they say. Later ones are results of sums, which rounding keeps this near, relative.
ROUNDING = 2.0**-36
_NEAR = 2.0**-26  # Rows whose projections differ by more, relative to the largest row, are not compared.


def twins_of(symmetry: Symmetry, second_layer: np.ndarray | None, first_layer: np.ndarray, within: float) -> np.ndarray:
    """The distinct neurons of one run, numbered from 1 as they come: for each neuron its number, negative if mirrored.

    Where φ̃ is even, (a, w) and (a, −w) coincide, and where it is odd, (a, w) and (−a, −w). Rows of zeros coincide like
    any others.

    Args:
        symmetry: of the activation φ̃.
        second_layer: (m,), or None where rows alone decide, since equal ones will get equal output weights.
        first_layer: (m, d).
        within: by how much they may differ, relative to their size.
    Returns:
        (m,) whole numbers: 1 … m where all neurons are distinct.
    """
    m, d = first_layer.shape
    first, sign = np.arange(m), np.ones(m, dtype=np.int64)  # the one that it coincides with, and how
    with np.errstate(all="ignore"):  # weights that are not finite coincide with none
        position = first_layer @ _generic(d)
        size = np.linalg.norm(first_layer, axis=-1)
        position = position if symmetry == "none" else np.abs(position)
        order = np.argsort(position, kind="stable")
        apart = ~(np.diff(position[order]) <= _NEAR * np.max(size) * np.sqrt(d))
        for group in np.split(order, np.flatnonzero(apart) + 1):
            if len(group) > 1:
                _compare(symmetry, second_layer, first_layer, within * size, within, np.sort(group), first, sign)
    return sign * (np.unique(first, return_inverse=True)[1] + 1)


@lru_cache(maxsize=4)
def _generic(d: int) -> np.ndarray:
    """A vector along which rows that differ are at different places."""
    return generator(0, "twins").standard_normal(d)


def _compare(
    symmetry: Symmetry,
    second_layer: np.ndarray | None,
    first_layer: np.ndarray,
    row_within: np.ndarray,
    within: float,
    group: np.ndarray,
    first: np.ndarray,
    signs: np.ndarray,
) -> None:
    """Fill in ``first`` and ``signs`` of a group: each neuron, in their order, is compared with the distinct before."""
    distinct = group[:1]
    for j in group[1:].tolist():
        for sign in (1,) if symmetry == "none" else (1, -1):
            same = np.linalg.norm(first_layer[distinct] - sign * first_layer[j], axis=-1) <= row_within[distinct]
            if second_layer is not None:
                a, b = second_layer[distinct], second_layer[j] * (sign if symmetry == "odd" else 1)
                same &= np.abs(a - b) <= within * np.abs(a)
            if same.any():
                first[j], signs[j] = distinct[np.argmax(same)], sign
                break
        else:
            distinct = np.append(distinct, j)
