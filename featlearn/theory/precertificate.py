"""The vanishing-derivative pre-certificate at the directions of a teacher, and how far it stays below 1 elsewhere.

Among the functions p whose η(w) = ⟨p, φ̃_w⟩ is the sign of a*_k at w*_k with a derivative along the sphere that is 0
there, the one of least norm is p = Σ_k v_k·∇φ̃(w*_k·x): one vector v_k for each direction (docs/theory.md §10). Where
|η| < 1 away from the teacher's directions, it certifies that they are what the best measure goes to as λ falls.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.certificate import spread
from featlearn.theory.measures import lengths, second_derivatives
from featlearn.theory.span import basis_of_span

_SCANNED = 16_384  # So many points of the sphere are looked at, those that mirror one another counted all,
_TURNS = 2048  # so many of each circle through two directions of the teacher,
_AROUND = (1e-3, 3e-3, 1e-2, 3e-2)  # and some at these angles from each direction, in radians.
_REFINED, _TRIES = 24, 24  # The lowest points are refined: so many of them, by so many steps of each length.
_STEP_LENGTHS = np.geomspace(3e-2, 1e-4, 12)


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

        Accuracy: what a scan of the sphere and a refinement of its lowest points find, at δ ≥ 0.001; not a proof.
        """
        points = self._scan()
        heights = self._ratio(points)
        lowest = np.argsort(heights, kind="stable")[:_REFINED]
        points, heights = points[lowest], heights[lowest]
        rng = np.random.default_rng(0)
        for length in _STEP_LENGTHS:
            tried = points[:, None] + length * rng.standard_normal((len(points), _TRIES, points.shape[1]))
            tried /= lengths(tried)[..., None]
            found = self._ratio(tried.reshape(-1, points.shape[1])).reshape(len(points), _TRIES)
            best = np.argmin(found, axis=1)
            better = np.flatnonzero(found[np.arange(len(points)), best] < heights)
            points[better], heights[better] = tried[better, best[better]], found[better, best[better]]
        return float(heights.min())

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
        others = spread(dimension, isqrt(_TRIES) * dimension, across=False, even=False)
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
