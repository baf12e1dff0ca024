"""Targets that are polynomials of a few orthonormal directions, in Hermite polynomials: Σ_α c_α Π_i He_{α_i}(v_i·x)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial, prod
from types import ModuleType
from typing import Any

import numpy as np

from featlearn.theory.activations import Activation, Array
from featlearn.theory.hermite import hermite_polynomials
from featlearn.theory.targets.bends import Bends
from featlearn.theory.targets.formula import Term
from featlearn.theory.targets.interface import Moments

Powers = tuple[float, tuple[int, ...]]  # c and α of a product c Π_i t_i^{α_i}


@dataclass(frozen=True)
class HermiteTarget:
    """f*(x) = Σ_α c_α Π_i He_{α_i}(v_i·x), the same terms in all B runs.

    The target keeps all its terms, whatever the student drops: those that no student reaches are part of the loss.

    Attributes:
        terms: c_α and α, r degrees each.
        directions: (B, r, d) orthonormal rows v_i; NumPy arrays, or those of the namespace that ``moments`` is given.
    """

    terms: tuple[Term, ...]
    directions: Any

    @property
    def neurons(self) -> None:
        """There are none."""

    def values(self, inputs: np.ndarray) -> np.ndarray:
        """f*(x) at inputs (B, n, d), (B, n)."""
        along = inputs @ self.directions.mT
        highest = max(max(term.degrees) for term in self.terms)
        polynomials = list(hermite_polynomials(along, 1.0, highest + 1))
        return np.asarray(
            sum(float(c) * prod(polynomials[k][..., i] for i, k in enumerate(degrees)) for c, degrees in self.terms)
        )

    def moments(self, activation: Activation, first_layer: Array, xp: ModuleType = np) -> Moments:
        """Σ_α c_α μ_k(q) Π_i (w·v_i)^{α_i} over the total degrees k = |α| that the activation keeps, and its gradients.

        In cosines t_i = w·v_i/‖w‖ and M_k = q^{k/2} μ_k, which are finite for every norm, a term is c M_k Π_i t_i^{α_i}
        and its gradient (c/‖w‖)[M_{k+2} Π_i t_i^{α_i} ŵ + M_k Σ_i α_i t_i^{α_i − 1} Π_{j≠i} t_j^{α_j} v_i].

        Args:
            first_layer: (B, m, d) rows w_j, any norm.
        Accuracy: 1e-13 of the largest term (tests/theory/targets/test_polynomial.py, fifty digits).
        Source: derived in docs/theory.md §11.
        """
        if activation.biased is not None:
            return self._with_biases(activation, first_layer, xp)
        q = xp.sum(first_layer * first_layer, -1)
        inverse = (q > 0) / xp.sqrt(xp.where(q > 0, q, q * 0 + 1))
        unit = first_layer * inverse[..., None]
        t = unit @ self.directions.mT
        value, along_row = 0 * q, 0 * q
        by_cosine = [0 * q for _ in range(t.shape[-1])]

        def over_norm(k: int, order: int) -> Array:
            """E[φ He_{k+order}]/√q; of a series in derivatives of φ, for short rows (``projection_of``)."""
            if activation.series is None or k < 0:
                return activation.projection(k + order, q) * inverse
            return activation.projection_of(order, k, q) * (xp.sqrt(q) if order == 2 else 1.0)

        for k, terms in self._by_degree(activation):
            if _has(activation, k):
                total = _polynomial(t, terms)
                value = value + activation.projection(k, q) * total
                # μ_1 itself where it is all, for rows of norm 0
                factor = activation.slope(q) if k == 1 else over_norm(k - 1, 1)
                for i in range(t.shape[-1]):
                    derivative = _derivative(terms, i)
                    if derivative:
                        by_cosine[i] = by_cosine[i] + factor * _polynomial(t, derivative)
            if _has(activation, k + 2):
                along_row = along_row + over_norm(k, 2) * _polynomial(t, terms)
        return Moments(value, along_row[..., None] * unit + xp.stack(by_cosine, -1) @ self.directions)

    def _with_biases(self, activation: Activation, rows: Array, xp: ModuleType) -> Moments:
        """The same of rows (w, b), with M_k(‖w‖, b) for M_k, and a last column of derivatives by b."""
        moment = activation.biased_moment
        directions, w, b = self.directions[..., :-1], rows[..., :-1], rows[..., -1]
        q = xp.sum(w * w, -1)
        inverse = (q > 0) / xp.sqrt(xp.where(q > 0, q, q * 0 + 1))
        unit = w * inverse[..., None]
        t = unit @ directions.mT
        value, along_row, by_bias = 0 * q, 0 * q, 0 * q
        by_cosine = [0 * q for _ in range(t.shape[-1])]
        for k, terms in self._by_degree(activation):
            total, (own, by_b) = _polynomial(t, terms), moment(xp, k, q, b)
            value, by_bias = value + own * total, by_bias + by_b * total
            along_row = along_row + moment(xp, k + 2, q, b)[0] * inverse * total
            # ∂M_{k−1}/∂b = M_k/‖w‖, for rows of norm 0 too
            factor = moment(xp, k - 1, q, b)[1] if k else 0 * q
            for i in range(t.shape[-1]):
                if derivative := _derivative(terms, i):
                    by_cosine[i] = by_cosine[i] + factor * _polynomial(t, derivative)
        by_row = along_row[..., None] * unit + xp.stack(by_cosine, -1) @ directions
        return Moments(value, xp.concat([by_row, by_bias[..., None]], -1))

    def bends(self, activation: Activation, first_layer: np.ndarray) -> Bends:
        """Of a term c M_k p(t), with derivatives p′ and p″ by the cosines:

            (c/q)[M_{k+4} p ŵŵᵀ + M_{k+2}(p I + Σ_i p′_i (ŵv_iᵀ + v_iŵᵀ)) + M_k Σ_ij p″_ij v_iv_jᵀ].

        Args:
            first_layer: (m, d) rows of one run. Of a row of zeros what is not finite counts as 0.
        Accuracy: 1e-10 (tests/theory/targets/test_bends.py, differences in a hundred digits).
        """
        if activation.biased is not None:
            return self._bends_with_biases(activation, first_layer)
        q, directions = np.sum(first_layer * first_layer, -1), self.directions[0]
        inverse = (q > 0) / np.sqrt(np.where(q > 0, q, 1.0))
        unit = first_layer * inverse[:, None]
        t, (m, r) = unit @ directions.T, (len(first_layer), len(directions))
        alone, inner = np.zeros(m), np.zeros((m, 1 + r, 1 + r))
        for k, terms in self._by_degree(activation):
            here, two, four = (_over_square(activation, k + more, q, inverse) for more in (0, 2, 4))
            value = _polynomial(t, terms)
            alone += two * value
            inner[:, 0, 0] += four * value
            for i in range(r):
                slope = _derivative(terms, i)
                inner[:, 0, 1 + i] += two * _polynomial(t, slope)
                for j in range(r):
                    inner[:, 1 + i, 1 + j] += here * _polynomial(t, _derivative(slope, j))
        inner[:, 1:, 0] = inner[:, 0, 1:]
        vectors = np.concatenate([unit[:, None], np.broadcast_to(directions, (m, *directions.shape))], 1)
        return Bends(alone, vectors, inner)

    def _bends_with_biases(self, activation: Activation, rows: np.ndarray) -> Bends:
        """The same of rows (w, b), with M_k(‖w‖, b) for M_k, and the derivatives by b: those of M_k."""
        moment = activation.biased_moment
        q, b, directions = np.sum(rows[:, :-1] ** 2, -1), rows[:, -1], self.directions[0]
        inverse = (q > 0) / np.sqrt(np.where(q > 0, q, 1.0))
        unit = np.concatenate([rows[:, :-1] * inverse[:, None], np.zeros((len(rows), 1))], 1)
        t, (m, r) = unit @ directions.T, (len(rows), len(directions))
        alone, inner = np.zeros(m), np.zeros((m, 2 + r, 2 + r))
        for k, terms in self._by_degree(activation):
            (here, here_b), (two, two_b), (four, _) = (moment(np, k + more, q, b) for more in (0, 2, 4))
            value = _polynomial(t, terms)
            alone += two * value * inverse**2
            inner[:, 0, 0] += four * value * inverse**2
            inner[:, 0, -1] += two_b * value * inverse
            for i in range(r):
                slope = _derivative(terms, i)
                inner[:, 0, 1 + i] += two * _polynomial(t, slope) * inverse**2
                inner[:, 1 + i, -1] += here_b * _polynomial(t, slope) * inverse
                for j in range(r):
                    inner[:, 1 + i, 1 + j] += here * _polynomial(t, _derivative(slope, j)) * inverse**2
        inner[:, 1:, 0], inner[:, -1, 1:-1] = inner[:, 0, 1:], inner[:, 1:-1, -1]
        axis = np.broadcast_to(np.eye(rows.shape[1])[-1:], (m, 1, rows.shape[1]))
        along = np.broadcast_to(directions, (m, *directions.shape))
        return Bends(alone, np.concatenate([unit[:, None], along, axis], 1), inner)

    def squared_norm(self) -> np.ndarray:
        """Σ_α c_α² Π_i α_i!, (B,)."""
        total = sum(c * c * prod(map(factorial, degrees)) for c, degrees in self.terms)
        return np.full(len(self.directions), float(total))

    def mass(self) -> np.ndarray:
        """Σ_α |c_α| √(Π_i α_i!), (B,)."""
        total = sum(abs(float(c)) * prod(map(factorial, degrees)) ** 0.5 for c, degrees in self.terms)
        return np.full(len(self.directions), total)

    def _by_degree(self, activation: Activation) -> Iterator[tuple[int, list[Powers]]]:
        """The total degrees that the activation keeps, with their terms."""
        degrees = sorted({sum(term.degrees) for term in self.terms})
        for k in degrees[bisect_left(degrees, activation.drop_hermite_below) :]:
            yield k, [(float(c), powers) for c, powers in self.terms if sum(powers) == k]


def degrees_beyond(activation: Activation, terms: tuple[Term, ...]) -> list[int]:
    """The total degrees of the terms that no neuron of the activation has, so that no student reaches them."""
    degrees = sorted({sum(term.degrees) for term in terms})
    return [k for k in degrees if k < activation.drop_hermite_below or not _has(activation, k)]


def _over_square(activation: Activation, k: int, q: np.ndarray, inverse: np.ndarray) -> Any:
    """M_k/q; μ_2 itself, which is finite for rows of norm 0; 0 for k < 2, whose terms have no second derivative."""
    assert activation.hermite is not None
    if k < 2 or not _has(activation, k):
        return 0.0
    return activation.hermite(k, q) if k == 2 else activation.projection(k, q) * inverse**2


def _has(activation: Activation, k: int) -> bool:
    """Whether μ_k is anything but 0; that of a polynomial can vanish at single norms, as μ_1 of z³ − 3z does at 1."""
    if activation.biased is not None:
        return bool(activation.biased_moment(np, k, np.ones(1), np.full(1, 0.7))[0][0])
    assert activation.hermite is not None
    return any(bool(activation.hermite(k, q)) for q in (1.0, 0.7310585786300049))


def _derivative(terms: list[Powers], i: int) -> list[Powers]:
    """The derivative of Σ c Π_i t_i^{α_i} by t_i."""
    return [(c * p[i], (*p[:i], p[i] - 1, *p[i + 1 :])) for c, p in terms if p[i]]


def _polynomial(t: Array, terms: list[Powers]) -> Any:
    """Σ c Π_i t_i^{α_i}."""
    factors = ((c, *(t[..., i] ** k if k > 1 else t[..., i] for i, k in enumerate(p) if k)) for c, p in terms)
    return sum(map(prod, factors))
