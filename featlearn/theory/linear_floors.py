"""The least loss of any predictor that is linear in fixed features of a network at its start.

Random features are φ̃(w_j·x); those of the neural tangent kernel are the derivatives of the network by all its weights,
φ̃(w_j·x) and a_j ∇_w φ̃(w_j·x). With their Gram matrix G and their products t with f* the least loss is
‖f*‖² − tᵀG⁺t. It is not computed by that difference, which cancels: coefficients x ≈ G⁺t are found in float64, and the
loss that they have is summed in double-double. So a floor is always the loss of one predictor, above the true floor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from featlearn.theory import double_double
from featlearn.theory.activations import Activation
from featlearn.theory.double_double import PAIRS_IN_CACHE
from featlearn.theory.pairs import Pairs
from featlearn.theory.tangents import tangent_products, value_products, value_tangent_products

MOST_RANDOM_FEATURES = 1500  # So many distinct rows take some seconds; there is no floor for more.
MOST_TANGENT_FEATURES = 4000  # So many distinct rows times dimensions take some seconds and 0.6 GB.
_SHIFT = 1e-15  # Rounding moves the eigenvalues of the Gram matrix of n unit features by about n times this.
_REFINEMENTS = 4
_LARGEST = 1e250  # Double-double arithmetic overflows when ‖w‖⁴ is larger.


def random_features_floor(
    activation: Activation, first_layer: np.ndarray, teacher_second_layer: np.ndarray, teacher_first_layer: np.ndarray
) -> float | None:
    """min over b of E[(Σ_j b_j φ̃(w_j·x) − f*(x))²].

    Args:
        first_layer: (m, d) rows w_j, any norm, equal or not.
        teacher_second_layer, teacher_first_layer: (m*), (m*, d).
    Returns:
        The floor, no factor ½; None above ``MOST_RANDOM_FEATURES`` distinct rows and for rows that overflow.
    Accuracy: never below the true floor, up to 1e-24 of ‖f*‖² and of the coefficients' squares; 1e-9 of
        ‖f*‖² above it while each feature is 1e-5 of its norm away from the span of the others, or within it; of parts
        smaller than 1e-7, which take coefficients beyond 1e7, nothing is used (tests/theory/test_linear_floors.py).
    Source: derived in docs/regimes.md §2.
    """
    rows = np.unique(first_layer, axis=0)
    if len(rows) > MOST_RANDOM_FEATURES:
        return None
    return _Tangents(activation, rows, np.zeros(len(rows), dtype=bool)).floor(teacher_second_layer, teacher_first_layer)


def tangent_floor(
    activation: Activation,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
) -> float | None:
    """The least loss of any predictor Σ_j β_j φ̃(w_j·x) + u_j·a_j ∇_w φ̃(w_j·x): of the network's linearisation.

    Args:
        second_layer, first_layer: (m), (m, d) weights at the start; where a_j = 0 there is no second term.
        teacher_second_layer, teacher_first_layer: (m*), (m*, d).
    Returns:
        The floor; None above ``MOST_TANGENT_FEATURES`` features, counted over distinct rows and in the span of rows and
        teacher, where d exceeds its dimension; and for rows that overflow.
    Accuracy, Source: as ``random_features_floor``.
    """
    rows, index = np.unique(first_layer, axis=0, return_inverse=True)
    moving = np.zeros(len(rows), dtype=bool)
    np.logical_or.at(moving, index.reshape(-1), second_layer != 0)
    teacher, dimension = teacher_first_layer, first_layer.shape[1]
    if dimension > len(rows) + len(teacher):  # derivatives across the span are orthogonal to f* and to those within
        dimension = len(rows) + len(teacher)
        if _too_many(activation, moving, dimension):
            return None
        basis = np.linalg.qr(np.concatenate([rows, teacher]).T)[0]
        rows, teacher = rows @ basis, teacher @ basis
    elif _too_many(activation, moving, dimension):
        return None
    return _Tangents(activation, rows, moving).floor(teacher_second_layer, teacher)


def _too_many(activation: Activation, moving: np.ndarray, dimension: int) -> bool:
    values = len(moving) if activation.homogeneous_degree is None else np.sum(~moving)
    return bool(values + np.sum(moving) * dimension > MOST_TANGENT_FEATURES)


def _coefficients(gram: np.ndarray, target: np.ndarray) -> np.ndarray:
    """G⁺t as far as float64 tells.

    Features are scaled to norm 1, G is shifted by what rounding may have done to its eigenvalues, and the solution is
    refined against G itself: what an eigenvalue λ above the shift τ misses shrinks by τ/(λ + τ) each time.
    """
    from scipy import linalg

    norms = np.sqrt(np.maximum(np.diag(gram), 0.0))
    scale = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
    gram, target = gram * scale[:, None] * scale, target * scale
    shift = _SHIFT * len(gram)
    while True:
        try:
            factor = linalg.cho_factor(gram + shift * np.eye(len(gram)), lower=True)
            break
        except linalg.LinAlgError:
            shift *= 10
    x = linalg.cho_solve(factor, target)
    for _ in range(_REFINEMENTS):
        x = x + linalg.cho_solve(factor, target - gram @ x)
    return np.asarray(x * scale)


class _Tangents:
    """Tangent features at distinct rows: values φ̃(w) at some rows, then all derivatives of φ̃ at the moving rows.

    By Euler's identity the value of a homogeneous φ̃ is one of its derivatives, w·∇φ̃ = degree·φ̃: values are then
    features only where the row does not move.
    """

    def __init__(self, activation: Activation, rows: np.ndarray, moving: np.ndarray) -> None:
        self.activation, self.rows, self.dimension = activation, rows, rows.shape[1]
        homogeneous = activation.homogeneous_degree is not None
        self.valued, self.moving = np.flatnonzero(~moving if homogeneous else moving | True), np.flatnonzero(moving)

    def floor(self, teacher_second: np.ndarray, teacher_first: np.ndarray) -> float | None:
        """The loss of the best coefficients that float64 finds, or of none at all; None where products overflow."""
        if not np.max(np.sum(self.rows**2, -1)) ** 2 < _LARGEST:
            return None
        x = _coefficients(self._gram(), self._products(teacher_second, teacher_first))
        found = [self._loss(y, teacher_second, teacher_first) for y in (x, 0 * x)]
        return min(found) if np.isfinite(found).all() else None

    def _gram(self) -> np.ndarray:
        valued, v, d = self.rows[self.valued], self.rows[self.moving], self.dimension
        corner = value_products(self.activation, Pairs.of_rows(valued, valued))
        side = self._value_tangents(valued)
        pairs = Pairs.of_rows(v, v).at((slice(None), None, slice(None), None))
        # axes: row i, direction h, row j, direction k
        own_h, other_h = v[:, :, None, None], v.T[None, :, :, None]
        other_k, own_k = v[:, None, None, :], v[None, None, :, :]
        block = tangent_products(self.activation, pairs, own_h, other_h, other_k, own_k, np.eye(d)[None, :, None, :])
        block = np.broadcast_to(block, (len(v), d, len(v), d)).reshape(len(v) * d, len(v) * d)
        return np.block([[corner, side], [side.T, 0.5 * (block + block.T)]])

    def _products(self, teacher_second: np.ndarray, teacher_first: np.ndarray) -> np.ndarray:
        """E[feature · f*]."""
        pairs = Pairs.of_rows(self.rows[self.valued], teacher_first)
        values = value_products(self.activation, pairs) @ teacher_second
        return np.concatenate([values, teacher_second @ self._value_tangents(teacher_first)])

    def _value_tangents(self, values: np.ndarray) -> np.ndarray:
        """Products of φ̃ at rows (N, D) with the derivatives at the moving rows, (N, moving · D)."""
        v = self.rows[self.moving]
        pairs = Pairs.of_rows(values, v).at((slice(None), slice(None), None))
        found = value_tangent_products(self.activation, pairs, values[:, None, :], v[None])
        return np.asarray(found).reshape(len(values), v.size)

    def _loss(self, x: np.ndarray, teacher_second: np.ndarray, teacher_first: np.ndarray) -> float:
        """E[(predictor − f*)²] of coefficients x, in double-double."""
        values, directions = np.zeros(len(self.rows)), np.zeros_like(self.rows)
        values[self.valued] = x[: len(self.valued)]
        directions[self.moving] = x[len(self.valued) :].reshape(-1, self.dimension)
        used = (values != 0) | directions.any(-1)
        values = np.concatenate([values[used], -teacher_second])
        rows = np.concatenate([self.rows[used], teacher_first])
        directions = np.concatenate([directions[used], np.zeros_like(teacher_first)])
        products = double_double.gram(np.concatenate([rows, directions]))
        total = double_double.DoubleDouble(0.0)
        i, j = np.triu_indices(len(rows))
        for start in range(0, len(i), PAIRS_IN_CACHE):
            part = slice(start, start + PAIRS_IN_CACHE)
            twice = np.where(i[part] == j[part], 1.0, 2.0)
            total = total + (self._product_terms(products, values, i[part], j[part]) * twice).sum()
        return max(0.0, float(total.to_float()))

    def _product_terms(self, products: Any, values: np.ndarray, i: np.ndarray, j: np.ndarray) -> Any:
        """E[(value_i φ̃(v_i) + ∂_h φ̃(v_i)) (value_j φ̃(v_j) + ∂_k φ̃(v_j))] from all products of rows v, then h and k."""
        act, n, degree = self.activation, len(values), self.activation.homogeneous_degree
        q_u, q_v, s = products[i, i], products[j, j], products[i, j]
        hu, hv, ku, kv = products[n + i, i], products[n + i, j], products[n + j, i], products[n + j, j]
        hk = products[n + i, n + j]
        pairs = Pairs.of_products(q_u, q_v, s)
        if degree is None:
            crossed = value_tangent_products(act, pairs, ku, kv) * values[i]
            crossed = crossed + value_tangent_products(act, pairs.swapped(), hv, hu) * values[j]
            own = value_products(act, pairs) * values[i] * values[j]
            return own + crossed + tangent_products(act, pairs, hu, hv, ku, kv, hk)
        a, b = values[i] / degree, values[j] / degree  # the value is the derivative along its own row
        hk = hk + hv * b + ku * a + s * a * b
        return tangent_products(act, pairs, hu + q_u * a, hv + s * a, ku + s * b, kv + q_v * b, hk)
