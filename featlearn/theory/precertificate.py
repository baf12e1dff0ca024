"""The vanishing-derivative pre-certificate at the directions of a teacher, and how far it stays below 1 elsewhere.

Among the functions p whose η(w) = ⟨p, φ̃_w⟩ is the sign of a*_k at w*_k with a derivative along the sphere that is 0
there, the one of least norm is p = Σ_k v_k·∇φ̃(w*_k·x): one vector v_k for each direction (docs/theory.md §10). Where
|η| < 1 away from the teacher's directions, it certifies that they are what the best measure goes to as λ falls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.certificate import spread
from featlearn.theory.measures import lengths, second_derivatives, tangent_bases
from featlearn.theory.span import basis_of_span

_SCANNED = 16_384  # So many points of the sphere are looked at, those that mirror one another counted all,
_TURNS = 2048  # so many of each circle through two directions of the teacher,
_AROUND = (1e-3, 3e-3, 1e-2, 3e-2)  # and, at these angles from each direction, in radians,
_WAYS = 32  # so many for each dimension.
_REFINED, _TRIES = 24, 24  # The lowest points are refined: so many of them, by so many steps in each round,
_APART = 0.1  # half of them at first none nearer to another than this,
_ROUNDS, _LONGEST = 60, 0.03  # in so many rounds, with steps that shrink where none goes down.
_STEP = 1e-3  # of differences in θ, of fourth order


@dataclass(frozen=True)
class Precertificate:
    """η(w) = Σ_k v_k·∇_u K(u, w) at u = w*_k.

    Attributes:
        units, coefficients: (n, r) the teacher's directions w*_k and the v_k, in coordinates of their span.
        input_dim: d; where it exceeds r, one more coordinate stands for all that are orthogonal to the span.
    """

    activation: Activation
    units: np.ndarray
    coefficients: np.ndarray
    input_dim: int

    def at(self, points: np.ndarray) -> np.ndarray:
        """η at points (P, E) of any norm; coordinates after the first r are orthogonal to the span."""
        rows = points[:, : self.units.shape[1]]
        square = np.sum(points * points, axis=-1)[:, None]
        _, k_s, k_q = self.activation.kernel(np, np.ones(len(self.units)), square, rows @ self.units.T)
        own = np.sum(self.coefficients * self.units, axis=-1)
        return np.asarray(np.sum(k_s * (rows @ self.coefficients.T) + 2 * k_q * own, axis=-1))

    def angles(self, points: np.ndarray) -> np.ndarray:
        """δ(w): the angle of unit vectors (P, E) to the nearest direction of the teacher, or line, if φ̃ is even."""
        cosine = points[:, : self.units.shape[1]] @ self.units.T
        nearest = (np.abs(cosine) if self.activation.symmetry == "even" else cosine).max(axis=1)
        return np.asarray(2 * np.arcsin(np.sqrt(np.maximum(0.5 - 0.5 * nearest, 0.0))))

    def non_degeneracy(self) -> float:
        """The largest ρ with |η(w)| ≤ 1 − ρ δ(w)² on the whole sphere; negative where |η| is above 1.

        Accuracy: the limits at the directions are exact up to rounding; elsewhere, what a scan of the sphere and
        a refinement of its lowest points find at δ ≥ 0.001; not a proof.
        """
        points = self._scan()
        heights = self._ratio(points)
        lowest = self._starts(points, heights)
        points, heights = points[lowest], heights[lowest]
        rng, reach = np.random.default_rng(0), np.full(len(points), _LONGEST)
        for _ in range(_ROUNDS):
            steps = rng.standard_normal((len(points), _TRIES, points.shape[1]))
            tried = points[:, None] + reach[:, None, None] * steps
            tried /= lengths(tried)[..., None]
            found = self._ratio(tried.reshape(-1, points.shape[1])).reshape(len(points), _TRIES)
            best = np.argmin(found, axis=1)
            lower = found[np.arange(len(points)), best] < heights
            down = np.flatnonzero(lower)
            points[down], heights[down] = tried[down, best[down]], found[down, best[down]]
            reach *= np.where(lower, 1.4, 0.6)
        return float(min(heights.min(), self.limits().min()))

    def limits(self) -> np.ndarray:
        """The least limit of (1 − |η|)/δ² as w goes to each of the teacher's directions, (n,); ∞ in one dimension.

        Along cos δ w*_k + sin δ t, η is σ_k + δ² (tᵀQt + b·t)/2 + O(δ³). The linear part comes from K, which contains
        |θ|³: a third derivative has a side at w*_k (docs/theory.md §10).
        """
        dimension = min(self.units.shape[1] + 1, self.input_dim)
        if dimension == 1:
            return np.full(len(self.units), np.inf)
        units, tangents = self._padded(dimension), tangent_bases(self._padded(dimension))
        quadratic, linear = self._second_order()
        signs = np.sign(self.at(units))
        return np.array(
            [
                _least_on_sphere(-0.5 * sign * across @ form @ across.T, -0.5 * sign * across @ side)
                for sign, across, form, side in zip(signs, tangents, quadratic, linear, strict=True)
            ]
        )

    def _second_order(self) -> tuple[np.ndarray, np.ndarray]:
        """Q (n, E, E) and b (n, E) of ``limits``, of which only what is orthogonal to w*_k counts.

        With c = cos θ, s = sin θ, and B = g″ sin θ, a pair contributes to κ⁻¹Q, for l ≠ k, twice the symmetric part of
        g″ u vᵀ, g‴ (v·w − c v·u) − g″ v·u times uuᵀ, and −g′ v·w − c g″ (v·w − c v·u) times 1, where
        g″ = B/s and g‴ = cB/s³ − B′/s²; for l = k it is −g′ v·w times 1, and −2 B v to κ⁻¹b.
        """
        kernel = self.activation.degree_one
        assert kernel is not None
        dimension = min(self.units.shape[1] + 1, self.input_dim)
        units = self._padded(dimension)
        v = np.pad(self.coefficients, ((0, 0), (0, dimension - self.units.shape[1])))
        cosine = units @ units.T
        other = ~np.eye(len(units), dtype=bool)
        sine = np.where(other, lengths(units - cosine[..., None] * units[:, None]), 0.0)
        angle = np.arctan2(sine, cosine)

        def parts(turn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            slope, bend, _ = kernel.parts(np, np.cos(turn), np.sin(turn), np.pi / 2 - turn)
            return slope + 0 * turn, bend + 0 * turn

        slope, bend = parts(angle)
        far = np.where(other, angle, 1.0)  # away from 0, where B need not have two sides
        moved = [parts(far + i * _STEP)[1] for i in (-2, -1, 1, 2)]
        change = (moved[0] - 8 * moved[1] + 8 * moved[2] - moved[3]) / (12 * _STEP)
        divisor = np.where(other, sine, 1.0)
        second = np.where(other, bend / divisor, 0.0)
        third = np.where(other, cosine * bend / divisor**3 - change / divisor**2, 0.0)
        own, along = np.sum(v * units, axis=-1), units @ v.T  # v_l·w*_l, and v_l·w*_k as (k, l)
        offset = along - cosine * own
        mixed = np.einsum("kl,li,lj->kij", second, units, v)
        quadratic = mixed + mixed.mT + np.einsum("kl,li,lj->kij", third * offset - second * own, units, units)
        quadratic += -np.sum(slope * along + cosine * second * offset, axis=1)[:, None, None] * np.eye(dimension)
        return kernel.factor * quadratic, -2 * kernel.factor * np.diag(bend)[:, None] * v

    def _starts(self, points: np.ndarray, heights: np.ndarray) -> np.ndarray:
        """Which points are refined: the lowest of all, and the lowest that are apart from one another."""
        order = np.argsort(heights, kind="stable")
        chosen, left = order[: _REFINED // 2].tolist(), order
        while len(left) and len(chosen) < _REFINED:
            chosen.append(int(left[0]))
            left = left[lengths(points[left] - points[left[0]]) > _APART]
        return np.array(chosen)

    def _ratio(self, points: np.ndarray) -> np.ndarray:
        """(1 − |η|)/δ² at unit vectors, ∞ where δ is so small that rounding shows."""
        angles = self.angles(points)
        near = angles < 0.999 * min(_AROUND)
        return np.asarray(np.where(near, np.inf, (1 - np.abs(self.at(points))) / np.where(near, 1.0, angles) ** 2))

    def _scan(self) -> np.ndarray:
        """Unit vectors all over the sphere, on the circles through two directions, and around each direction."""
        rank = self.units.shape[1]
        dimension = min(rank + 1, self.input_dim)
        even, across = self.activation.symmetry == "even", dimension > rank
        parts = [spread(dimension, _SCANNED // 2 ** (even + across), across=across, even=even)]
        units = self._padded(dimension)
        others = spread(dimension, _WAYS * dimension, across=False, even=False)
        first, second = np.triu_indices(len(units), k=1)
        turns = np.linspace(0, np.pi if even else 2 * np.pi, _TURNS // 2 if even else _TURNS, endpoint=False)
        parts += [_turned(units[one], units[other][None], turns) for one, other in zip(first, second, strict=True)]
        parts += [_turned(unit, others, np.array(_AROUND)) for unit in units]
        return np.concatenate(parts)

    def _padded(self, dimension: int) -> np.ndarray:
        return np.pad(self.units, ((0, 0), (0, dimension - self.units.shape[1])))


def precertificate(activation: Activation, signs: np.ndarray, directions: np.ndarray) -> Precertificate:
    """The pre-certificate of a teacher.

    Args:
        activation: homogeneous of degree 1, with ``Activation.degree_one``.
        signs: (n,) of the teacher's output weights.
        directions: (n, d) its rows, of norm 1, no two on one line.
    Raises:
        ValueError: when the activation is not homogeneous of degree 1.
        numpy.linalg.LinAlgError: when the equations have no unique solution.
    Source: docs/theory.md §10.
    """
    if activation.degree_one is None:
        raise ValueError("the pre-certificate needs an activation that is homogeneous of degree 1")
    units = directions @ basis_of_span(directions).T
    cross, _ = second_derivatives(activation.degree_one, units, units)
    n, rank = units.shape
    # ∇η(w*_k) = σ_k w*_k: its part along w*_k is η(w*_k), for η is of degree 1.
    system = cross.transpose(0, 2, 1, 3).reshape(n * rank, n * rank)
    coefficients = np.linalg.solve(system, (signs[:, None] * units).ravel())
    return Precertificate(activation, units, coefficients.reshape(n, rank), directions.shape[1])


def _turned(unit: np.ndarray, towards: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """A unit vector turned by each of the angles (T,) towards each of the others (N, E): (NT, E)."""
    ways = towards - (towards @ unit)[:, None] * unit
    ways = ways[lengths(ways) > 1e-9]
    ways /= lengths(ways)[:, None]
    points = np.cos(turns)[:, None] * unit + np.sin(turns)[:, None] * ways[:, None]
    return np.asarray(points.reshape(-1, len(unit)))


def _least_on_sphere(form: np.ndarray, linear: np.ndarray) -> float:
    """The least tᵀAt + b·t over unit vectors t, by its dual: the largest μ − Σ (b_i/2)²/(λ_i − μ) over μ ≤ λ_min.

    There is no gap between the two, for one quadratic constraint; where b is orthogonal to the lowest eigenvectors,
    the largest is at μ = λ_min itself.
    """
    values, vectors = np.linalg.eigh(0.5 * (form + form.T))
    half = 0.5 * linear @ vectors
    low, high = float(values[0] - lengths(half)), float(values[0])
    for _ in range(60):
        middle = 0.5 * (low + high)
        rises = middle < values[0] and float(np.sum((half / (values - middle)) ** 2)) < 1
        low, high = (middle, high) if rises else (low, middle)
    gaps = np.maximum(values - low, np.finfo(float).tiny)
    return low - float(np.sum(half * (half / gaps)))
