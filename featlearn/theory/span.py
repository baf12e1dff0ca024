"""The span of the rows of a network: its orthonormal basis and its dimension, decided in one place.

A direction counts as part of the span when its singular value is above 1e-10 of the largest, of the rows scaled to norm
1: how long a row is says nothing about the span, and rows that differ by less than that are one direction.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

_KEPT_BYTES = (
    2**20
)  # The bases of rows that take no more are kept: those of a teacher are asked for at every metrics row.
_TOLERANCE = 1e-10
_ROUNDING = 1e-12  # A row whose norm is that near to 1 is taken as it is: scaling it again would move its last digits.


def bases_of_spans(rows: np.ndarray) -> np.ndarray:
    """Orthonormal rows that span the given ones, (…, n, d) → (…, min(n, d), d); zeros stand for dimensions it lacks."""
    if rows.nbytes > _KEPT_BYTES:
        return _bases(rows)
    return _kept_bases(np.ascontiguousarray(rows, dtype=np.float64).tobytes(), rows.shape).copy()


@lru_cache(maxsize=16)
def _kept_bases(rows: bytes, shape: tuple[int, ...]) -> np.ndarray:
    return _bases(np.frombuffer(rows).reshape(shape))


def _bases(rows: np.ndarray) -> np.ndarray:
    _, singular, bases = np.linalg.svd(_unit_rows(rows), full_matrices=False)
    return np.where((singular > _TOLERANCE * singular[..., :1])[..., None], bases, 0.0)


def basis_of_span(rows: np.ndarray) -> np.ndarray:
    """Orthonormal rows (r, d) that span the rows (n, d)."""
    basis = bases_of_spans(rows)
    return basis[basis.any(-1)]


def dimension_of_span(rows: np.ndarray) -> int:
    """The dimension r of the span of the rows (n, d)."""
    return len(basis_of_span(rows))


def _unit_rows(rows: np.ndarray) -> np.ndarray:
    """The rows scaled to norm 1; rows of zeros stay."""
    _, exponent = np.frexp(np.max(np.abs(rows), axis=-1, keepdims=True))
    scaled = np.ldexp(rows, -exponent)  # By a power of two, which is exact, so that no square over- or underflows.
    norms = np.linalg.norm(scaled, axis=-1, keepdims=True)
    with np.errstate(over="ignore"):
        of_norm_1 = np.abs(np.ldexp(norms, exponent) - 1) < _ROUNDING
    return np.where(of_norm_1, rows, scaled / np.where(norms > 0, norms, 1.0))
