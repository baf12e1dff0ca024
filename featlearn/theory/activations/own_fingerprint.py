"""What is kept of a function that a user registers, to know it again: the function itself cannot be stored.

A piecewise linear function is determined by its kinks, the jumps of φ′ there, φ(0) and φ′(0). Of a smooth one there are
φ and φ′ at some hundred points, as far as rows of the largest norms evaluate it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from featlearn.theory.activations.piecewise_linear import PiecewiseLinear

_SAME = 1e-9  # last digits differ between machines
_NEAR = 8.0


@dataclass(frozen=True)
class Fingerprint:
    """All numbers are finite.

    Attributes:
        kinks, jumps: of φ′, (n,); none of a smooth function.
        at, values, slopes: points, and φ and φ′ there, (k,); of a function with kinks z = 0 alone, and for φ′(0) the
            slope below it if there is a kink at 0.
    """

    kinks: tuple[float, ...]
    jumps: tuple[float, ...]
    at: tuple[float, ...]
    values: tuple[float, ...]
    slopes: tuple[float, ...]

    def is_of(self, phi: Callable[..., Any], phi_prime: Callable[..., Any], straight: PiecewiseLinear | None) -> bool:
        """Whether a function is this one, up to 1e-9 of the sizes that its numbers have."""
        if straight is None:
            return not (self.kinks or self.jumps) and self._is_of_values(_at(phi, self.at), _at(phi_prime, self.at))
        other = _of_pieces(straight)
        if len(other.kinks) != len(self.kinks) or other.at != self.at:
            return False
        farthest = max(map(abs, self.kinks))
        steepest = max(map(abs, [*self.slopes, *self.jumps]))
        return (
            _are_near(self.kinks, other.kinks, farthest)
            and _are_near([*self.slopes, *self.jumps], [*other.slopes, *other.jumps], steepest)
            and _are_near(self.values, other.values, abs(self.values[0]) + steepest * farthest)
        )

    def _is_of_values(self, values: np.ndarray, slopes: np.ndarray) -> bool:
        if not len(self.at) == len(self.values) == len(self.slopes):
            return False
        reached = np.maximum(np.abs(self.at), _NEAR)
        inside = np.abs(self.at) <= reached[:, None]
        pairs = (self.values, values), (self.slopes, slopes)
        return all(_are_near(old, new, np.max(inside * np.abs(old), -1)) for old, new in pairs)


def fingerprint(
    phi: Callable[..., Any], phi_prime: Callable[..., Any], straight: PiecewiseLinear | None
) -> Fingerprint:
    """That of φ, which is ``straight`` between kinks, or smooth; without points at which it overflows."""
    if straight is not None:
        return _of_pieces(straight)
    points = _points()
    values, slopes = _at(phi, points), _at(phi_prime, points)
    finite = np.isfinite(values) & np.isfinite(slopes)
    return Fingerprint((), (), *(tuple(its[finite].tolist()) for its in (points, values, slopes)))


def _points() -> np.ndarray:
    """240 of them, to 2200, some 16 times the norms to which series hold; the same doubles on every machine."""
    far = 8.03 * 1.155 ** np.arange(40)
    return np.round(np.concatenate([-far[::-1], -7.97 + 0.0997 * np.arange(160), far]), 4)


def _of_pieces(straight: PiecewiseLinear) -> Fingerprint:
    by_kink = sorted((hinge.sign * hinge.at, hinge.jump) for hinge in straight.bends.hinges)
    kinks, jumps = zip(*by_kink, strict=True)
    return Fingerprint(kinks, jumps, (0.0,), (float(straight.constant),), (float(straight.slope),))


def _at(function: Callable[..., Any], points: Sequence[float] | np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(function(np.array(points, dtype=float)))


def _are_near(one: Sequence[float], other: Sequence[float] | np.ndarray, size: Any) -> bool:
    return len(one) == len(other) and bool(np.all(np.abs(np.subtract(one, other)) <= _SAME * np.asarray(size)))
