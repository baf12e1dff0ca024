"""Neurons that coincide: the same function of the inputs with the same weights, up to the symmetry of the activation.

Their gradients coincide in the same way, and so do all steps of every method: they are one neuron, counted several
times (docs/theory.md §6).
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from featlearn.theory.activations import Symmetry

# Rows that were given equal or mirrored, and are so in exact arithmetic, are kept this near by rounding, relative.
ROUNDING = 2.0**-36


def twins_of(
    symmetry: Symmetry,
    second_layer: np.ndarray | None,
    first_layer: np.ndarray,
    given: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """The distinct neurons of one run, numbered from 1 as they come: for each neuron its number, negative if mirrored.

    Where φ̃ is even, (a, w) and (a, −w) coincide, and where it is odd, (a, w) and (−a, −w). Rows of zeros coincide like
    any others. Weights that differ in one bit are different neurons, unless they were given as one up to signs.

    Args:
        symmetry: of the activation φ̃.
        second_layer: (m,), or None where rows alone decide, since equal ones will get equal output weights.
        first_layer: (m, d).
        given: both layers at the start of the run. Neurons whose rows were equal or mirrored there, and whose output
            weights were of one size, also coincide when they differ by ``ROUNDING``. None at the start itself.
    Returns:
        (m,) whole numbers: 1 … m where all neurons are distinct.
    """
    m = len(first_layer)
    first, signs = np.arange(m), np.ones(m, dtype=np.int64)  # the one that it coincides with, and how
    kinds = [(_rows_up_to_sign(symmetry, first_layer), 0.0)]
    if given is not None:
        sizes = np.abs(given[0]).tolist()
        kinds.append((list(zip(_rows_up_to_sign(symmetry, given[1]), sizes, strict=True)), ROUNDING))
    finite = np.isfinite(first_layer).all(-1)  # the others coincide with none
    distinct: dict[Hashable, list[int]] = {}  # of each kind, those that were found
    for j in np.flatnonzero(finite).tolist():
        groups = [(distinct.setdefault((within, keys[j]), []), within) for keys, within in kinds]
        for group, within in groups:
            found = _one_like(symmetry, second_layer, first_layer, group, j, within) if group else None
            if found is not None:
                first[j], signs[j] = found
                break
        else:
            for group, _ in groups:
                group.append(j)
    return signs * (np.unique(first, return_inverse=True)[1] + 1)


def _rows_up_to_sign(symmetry: Symmetry, rows: np.ndarray) -> list[Hashable]:
    """For each row something that is equal for equal rows, and for mirrored ones where φ̃ has a symmetry."""
    if symmetry != "none":
        leading = np.take_along_axis(rows, np.argmax(rows != 0, axis=-1)[:, None], -1)
        rows = np.where(leading < 0, -rows, rows)
    return [row.tobytes() for row in rows + 0.0]  # of −0 too


def _one_like(
    symmetry: Symmetry,
    second_layer: np.ndarray | None,
    first_layer: np.ndarray,
    others: list[int],
    j: int,
    within: float,
) -> tuple[int, int] | None:
    """The first of some neurons that neuron j coincides with, and −1 if it is mirrored; None if there is none."""
    size = np.max(np.abs(first_layer[others]), axis=-1, initial=0.0)
    for sign in (1,) if symmetry == "none" else (1, -1):
        same = np.max(np.abs(first_layer[others] - sign * first_layer[j]), axis=-1, initial=0.0) <= within * size
        if second_layer is not None:
            a, b = second_layer[others], second_layer[j] * (sign if symmetry == "odd" else 1)
            same &= np.abs(a - b) <= within * np.abs(a)
        if same.any():
            return others[int(np.argmax(same))], sign
    return None
