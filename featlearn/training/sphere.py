"""Rows on the unit sphere: what ``constraint: unit_rows`` does to the first layer (docs/theory.md §6)."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from featlearn.theory.activations import Array


def unit_rows(rows: Array, before: Array | None = None, xp: ModuleType = np) -> Array:
    """The rows (…, m, d) divided by their norms; rows of zeros, now or ``before``, have no direction and are zeros.

    What is not finite, or too large to have a norm, becomes NaN: a diverging run must show it.
    """
    with np.errstate(all="ignore"):
        q = xp.sum(rows * rows, -1)[..., None]
        scale = xp.where(q > 0, 1.0 / xp.sqrt(q) + (q - q), q)  # q − q is NaN where q is infinite
        if before is not None:
            q = xp.sum(before * before, -1)[..., None]
            scale = xp.where(q > 0, scale, q)
        return scale * rows


def along_sphere(slope: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The part of a gradient (…, m, d) that is tangent to the spheres of the rows; 0 for rows of zeros."""
    unit = unit_rows(rows)
    tangent = slope - np.sum(slope * unit, -1, keepdims=True) * unit
    return np.where(unit.any(-1, keepdims=True), tangent, 0.0)
