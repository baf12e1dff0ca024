"""The degree and the step at which a Hermite series holds for rows up to a norm, found without tables.

Hermite functions are made a few degrees at a time, for all derivatives and norms together, and forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sqrt
from typing import Literal

import numpy as np

from featlearn.theory.activations.hermite_functions import hermite_blocks, nodes, right_nodes
from featlearn.theory.pairs import Array

Parity = Literal["even", "odd", "none"]
Function = Callable[..., Array]  # pointwise, with the signature (z, xp=np)

HIGHEST_DEGREE = 4000
END = 16.0  # of the nodes: the weight exp(−z²/4) of a coefficient is 1e-28 there

_OF_DERIVATIVES = 10.0  # times the tolerance in ∂K/∂s and ∂K/∂q
_AT_LAST = 100.0  # times all this where the highest degree is reached: beyond, there is no kernel
_CAPS = (60, 180, 450, 1000, 2000, HIGHEST_DEGREE)
_SETTLED = 2e-15  # what a step may change in a coefficient, relative to √E φ²
_MOST_NODES = 4000


@dataclass(frozen=True)
class Level:
    """What holds for all rows of norm up to ``norm``: the truncation, and the step of the trapezoid sums."""

    norm: float
    degree: int
    step: float


@dataclass(frozen=True)
class Symmetry:
    """Which coefficients of the orders 0, 1, 2 … vanish or are known; see ``HermiteSeries``."""

    rest: Parity
    beside: float

    def stride(self, order: int) -> tuple[int, int]:
        """The first degree, and the distance of the others, of the coefficients of an order that are quadratures."""
        if self.rest == "none":
            return 0, 1
        return (order + (self.rest == "odd")) % 2, 2

    def alone(self, order: int) -> tuple[int, float, int] | None:
        """The coefficient that symmetry leaves beside those: its degree k, a factor f and a power p of f x^p."""
        if self.rest == "odd" and order == 0 and self.beside:
            return 0, self.beside, 0
        if self.rest == "even" and order < 2 and self.beside:
            return 1 - order, self.beside, 1 - order
        return None


@dataclass(frozen=True)
class LevelSearch:
    """The search for levels of a series of some functions, φ and its derivatives."""

    functions: tuple[Function, ...]
    symmetry: Symmetry

    @property
    def _orders(self) -> range:
        return range(min(3, len(self.functions)))

    def find(self, norm: float, tolerance: float) -> Level | None:
        """The level that ends at a norm; None where no degree holds, or the nodes end too early."""
        if not self.is_within_nodes(norm):
            return None
        for cap in _CAPS:
            step = self._settled_step(norm, cap)
            if step is None:
                return None
            left = self._left(norm, cap, step)
            good = np.flatnonzero(left <= tolerance)
            if len(good):
                degree = max(4, int(good[0]))
                step = self._settled_step(norm, degree)
                return None if step is None else Level(norm, degree, step)
        return Level(norm, HIGHEST_DEGREE, step) if step is not None and left[-1] <= _AT_LAST * tolerance else None

    def is_within_nodes(self, norm: float) -> bool:
        """Whether φ(xz) is finite, and times its weight nothing, where the nodes end."""
        z = np.linspace(-END, END, 65)
        with np.errstate(all="ignore"):
            weighted = np.abs(self.functions[0](norm * z)) * np.exp(-0.25 * z * z)
        return bool(np.isfinite(weighted).all() and max(weighted[0], weighted[-1]) <= 1e-17 * np.max(weighted))

    def left_over(self, norm: float) -> float:
        """The share of E φ(xz)² (or of φ′, φ″, as ``find`` weighs them) that is left after the last degree allowed."""
        return float(self._left(norm, HIGHEST_DEGREE, 2 * END / _MOST_NODES)[-1])

    def _left(self, norm: float, degree: int, step: float) -> np.ndarray:
        """What the tolerance of ``find`` is held to, after each degree up to one, (degree + 1,)."""
        norms = norm * 2.0 ** -np.arange(0.0, 4.0, 0.5)
        functions = [self.functions[order] for order in self._orders]
        found = self._coefficients(norms, degree, step)
        last = residual(functions, norms, found, step)
        tails = []
        for its, end in zip(found, last, strict=True):
            after = np.cumsum(its[:, ::-1] ** 2, -1)[:, ::-1] + end[:, None]  # of the degrees from k on
            tails.append(np.append(np.max(after[:, 1:], 0), np.max(end)) / (after[0, 0] or 1.0))
        of_slopes = [tails[1], *(np.sqrt(tails[0] * its) for its in tails[2:])]
        return np.asarray(np.maximum(tails[0], np.max(of_slopes, 0) / _OF_DERIVATIVES))

    def _settled_step(self, norm: float, degree: int) -> float | None:
        """A step of which two thirds change nothing in the coefficients of rows up to a norm."""
        norms = np.array([norm, norm / 2])
        resolution, before = 2 * sqrt(degree) + 10 + 10 * norm, None
        if END * resolution / (2 * pi) >= _MOST_NODES:
            return None
        size = np.array([self._root_mean_square(order, norms, 2 * pi / resolution) for order in self._orders])
        while END * resolution / (2 * pi) < _MOST_NODES:
            found = self._coefficients(norms, degree, 2 * pi / resolution)
            if not np.isfinite(found).all():
                return None
            if before is not None and np.all(np.max(np.abs(found - before), (1, 2)) <= _SETTLED * size):
                return 2 * pi / resolution * 1.5
            before, resolution = found, 1.5 * resolution
        return None

    def _root_mean_square(self, order: int, norms: np.ndarray, step: float) -> float:
        """The largest √E f(xz)², f = φ^{(order)}, which coefficients of low degree alone need not show."""
        z = nodes(step, END)
        values = self.functions[order](norms[:, None] * z) * np.exp(-0.25 * z * z)
        return float(np.sqrt(step / sqrt(2 * pi) * np.max(np.sum(values * values, -1))))

    def _coefficients(self, norms: np.ndarray, degree: int, step: float) -> np.ndarray:
        """Those of all orders, (orders, norms, degree + 1)."""
        z = right_nodes(step, END)
        right, left = (
            np.concatenate([self.functions[i](sign * norms[:, None] * z) for i in self._orders]) for sign in (1, -1)
        )
        even, odd = right + left, right - left
        even[:, 0] *= 0.5  # 0 is one node
        found = np.empty((len(even), degree + 1))
        for first, block in hermite_blocks(z, degree):
            if first == 0:
                weights = step * block[0]
                even, odd = even * weights, odd * weights
            found[:, first : first + len(block) : 2] = even @ block[::2].T
            found[:, first + 1 : first + len(block) : 2] = odd @ block[1::2].T
        by_order = found.reshape(-1, len(norms), degree + 1)
        for order in self._orders:
            start, stride = self.symmetry.stride(order)
            if stride == 2:
                by_order[order, :, 1 - start :: 2] = 0.0
            if (alone := self.symmetry.alone(order)) is not None:
                by_order[order, :, alone[0]] = alone[1] * norms ** alone[2]
        return by_order


def residual(
    functions: list[Function], norms: np.ndarray, found: np.ndarray, step: float, shift: np.ndarray | None = None
) -> np.ndarray:
    """The mean squares of f(xz + b) less the terms of some degrees, by the trapezoid rule, (functions, norms).

    They are no differences of large numbers, and their own digits are not lost.

    Args:
        found: (functions, norms, degree + 1) the coefficients.
        shift: (norms,) b; None for none.
    """
    degree = found.shape[-1] - 1
    z = right_nodes(step, max(END, 2 * sqrt(degree) + 10))
    weight = np.exp(-0.25 * z * z) / (2 * pi) ** 0.25
    away = 0.0 if shift is None else shift[:, None]
    with np.errstate(all="ignore"):
        right, left = (
            np.where(weight > 0, np.concatenate([f(sign * norms[:, None] * z + away) for f in functions]) * weight, 0.0)
            for sign in (1, -1)
        )
    terms = found.reshape(-1, degree + 1)
    of_even, of_odd = (np.ascontiguousarray(terms[:, parity::2]) for parity in (0, 1))
    even, odd = np.zeros_like(right), np.zeros_like(right)
    for first, block in hermite_blocks(z, degree):
        here = slice(first // 2, (first + len(block) + 1) // 2)
        even += of_even[:, here] @ block[::2]
        odd += of_odd[:, here] @ block[1::2]
    right -= even + odd
    left -= even - odd
    squares = np.sum(right * right, -1) + np.sum(left[:, 1:] ** 2, -1)
    return step * squares.reshape(found.shape[:2])
