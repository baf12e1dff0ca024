"""Hermite series of smooth activations, with the error of their truncation from quadrature over one Gaussian.

With x = ‖w‖, z ~ N(0, 1) and orthonormal Hermite polynomials he_k = He_k/√k! the coefficients of a neuron are

    c_k(x) = E[φ(xz) he_k(z)],   d_k(x) = E[φ′(xz) he_k(z)],   e_k(x) = E[φ″(xz) he_k(z)],

those of order 0, 1 and 2. With t = s/(x_u x_v), Σ_k c_k(x_u) c_k(x_v) t^k is the kernel; after degree D it errs by at
most √(T_D(x_u) T_D(x_v)), where T_D(x) = E[(φ(xz) − Σ_{k≤D} c_k he_k(z))²]. Proofs: docs/theory.md §15.

Expectations are trapezoid sums over z, which converge geometrically for analytic φ: their step is halved until it does
not matter. Degree and step are those of a level of the norm, so that they do not depend on which rows are computed
together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from math import ceil, factorial, log, pi, prod, sqrt
from types import ModuleType
from typing import Any

import numpy as np

from featlearn.theory.activations.beyond import Beyond
from featlearn.theory.activations.hermite_functions import nodes, weights_at
from featlearn.theory.activations.series_levels import END, Function, Level, LevelSearch, Parity, Symmetry, residual
from featlearn.theory.activations.table_cache import TableCache
from featlearn.theory.pairs import Array

TOLERANCE = 1e-13  # of a truncation, relative to E φ²
BESIDE_KINK = 1e-24  # that of φ beside a function with a kink, of which a truncation leaves much

_RATIO = 2.0**0.25  # of the norms of neighbouring levels
_LOWEST_LEVEL = -8
LEAST_DIVISOR = 1e-4  # of the coefficients of a derivative that was not given
_TABLES = TableCache(2**27)  # of all series together: more than those of any one level, for NumPy and for PyTorch


class HermiteSeries:
    """The series of φ and its derivatives.

    Attributes:
        functions: φ, φ′ and maybe further derivatives, pointwise, each with the signature (z, xp).
        rest: the symmetry of φ(z) − φ(0) (if "odd") or of φ(z) − φ′(0) z (if "even"): beside the one coefficient of
            what is subtracted, every second one is 0.
        beside: that φ(0) or φ′(0).
        beyond: what is known of longer rows than those of the series; None for nothing.
    """

    def __init__(
        self,
        functions: tuple[Function, ...],
        rest: Parity = "none",
        beside: float = 0.0,
        beyond: Beyond | None = None,
    ) -> None:
        self.functions, self.rest, self.beside, self.beyond = functions, rest, beside, beyond
        self._symmetry = Symmetry(rest, beside)
        self._search = LevelSearch(functions, self._symmetry)
        self._levels: dict[tuple[int, float], Level | None] = {}
        self._bounds: dict[Level, float] = {}

    @cached_property
    def at_zero(self) -> tuple[float, ...]:
        """φ(0), φ′(0), …"""
        return tuple(float(f(np.zeros(1))[0]) for f in self.functions)

    @property
    def parity(self) -> Parity:
        """The symmetry of φ itself."""
        return self.rest if self.alone(0) is None else "none"

    # --- which coefficients there are ------------------------------------------------------------

    def stride(self, order: int) -> tuple[int, int]:
        """The first degree, and the distance of the others, of the coefficients of an order that are quadratures."""
        return self._symmetry.stride(order)

    def alone(self, order: int) -> tuple[int, float, int] | None:
        """The coefficient that symmetry leaves beside those: its degree k, a factor f and a power p of f x^p."""
        return self._symmetry.alone(order)

    # --- levels ----------------------------------------------------------------------------------

    def level(self, largest_norm: float, tolerance: float = TOLERANCE) -> Level | None:
        """The level of rows up to a norm; None beyond the norms for which there is a degree, or where it is not finite.

        Args:
            tolerance: of what bounds the error of K, relative to its size; ten times that of ∂K/∂s and ∂K/∂q.
        """
        if not np.isfinite(largest_norm):
            return None
        index = _LOWEST_LEVEL
        if largest_norm > _RATIO**index:
            index = max(index, ceil(log(largest_norm) / log(_RATIO) - 1e-9))
        if (index, tolerance) not in self._levels:
            beyond = [i for (i, its), level in self._levels.items() if level is None and its == tolerance]
            known = bool(beyond) and index >= min(beyond)
            self._levels[index, tolerance] = None if known else self._search.find(_RATIO**index, tolerance)
        return self._levels[index, tolerance]

    def degree(self, largest_norm: float, tolerance: float = TOLERANCE) -> int | None:
        """D for rows up to a norm, a step function of it; None beyond the norms that the series holds to."""
        level = self.level(largest_norm, tolerance)
        return None if level is None else level.degree

    @cached_property
    def reach(self) -> float:
        """The norm to which the series holds, at most 2²⁰."""
        index = 0
        if self.level(1.0) is None:
            while index > _LOWEST_LEVEL and self.level(_RATIO**index) is None:
                index -= 1
            return _RATIO**index if self.level(_RATIO**index) else 0.0
        while index < 80 and self.level(_RATIO ** (index + 1)) is not None:
            index += 1
        return float(_RATIO**index)

    def is_within_nodes(self, norm: float) -> bool:
        """Whether φ(xz) is finite, and times its weight nothing, where the nodes end."""
        return self._search.is_within_nodes(norm)

    def left_over(self, norm: float) -> float:
        """The share of E φ(xz)² (or of φ′, φ″, as ``level`` weighs them) that is left after the last degree allowed."""
        return self._search.left_over(norm)

    # --- coefficients ----------------------------------------------------------------------------

    def coefficients(self, norms: np.ndarray, degree: int, order: int, shift: np.ndarray | None = None) -> np.ndarray:
        """E[φ^{(order)}(x_i z + b_i) he_k(z)] for k = 0 … degree, (n, degree + 1), float64; NaN where the series does
        not hold.

        Args:
            norms: (n,) x_i ≥ 0.
            degree: at least that of the largest norm for full accuracy.
            order: 0 to 4.
            shift: (n,) b_i; None for none.
        Accuracy: 1e-15 of √E (φ^{(order)})² (tests/theory/test_series.py).
        """
        norms = np.asarray(norms, dtype=float)
        level = self.level_for(float(np.max(norms, initial=0.0)), degree)
        if level is None:
            return np.full((len(norms), degree + 1), np.nan)
        return self._coefficients(norms, degree, order, level.step, shift)

    def means(self, norms: np.ndarray, degree: int, order: int, shift: np.ndarray) -> np.ndarray:
        """The first of ``coefficients``, (n,), without the others."""
        level = self.level_for(float(np.max(norms, initial=0.0)), degree)
        if level is None:
            return np.full(len(norms), np.nan)
        z = nodes(level.step, END)
        density = level.step / sqrt(2 * pi) * np.exp(-0.5 * z * z)
        return np.asarray(self.functions[order](norms[:, None] * z + shift[:, None]) @ density)

    def tail(self, norms: np.ndarray, degree: int, order: int, shift: np.ndarray | None = None) -> np.ndarray:
        """T_D of each row, (n,): the mean square of φ^{(order)}(x_i z + b_i) less the terms up to D = degree."""
        norms = np.asarray(norms, dtype=float)
        level = self.level_for(float(np.max(norms, initial=0.0)), degree)
        if level is None:
            return np.full(len(norms), np.nan)
        found = self._coefficients(norms, degree, order, level.step, shift)
        return self._residual(norms, found, order, level.step, shift)

    def bound(self, norms: np.ndarray, degree: int) -> float:
        """What truncation after a degree errs by at most in K, ∂K/∂s and ∂K/∂q_u of any two of the rows."""
        by_order = [float(np.max(self.tail(norms, degree, order))) for order in range(3)]
        return max(by_order[0], by_order[1], 0.5 * sqrt(by_order[2] * by_order[0]))

    def moment(self, k: int, order: int, norms: np.ndarray) -> np.ndarray:
        """E[φ^{(order)}(x_i z) he_k(z)] for each row, (n,), by sums of its own: the others do not matter."""
        norms = np.asarray(norms, dtype=float)
        found = self._moment(k, order, norms)
        if self.beyond is not None and (far := self._far(norms, found)).any():
            found[far] = self.beyond.moment(k, order, norms[far])
        return found

    def _moment(self, k: int, order: int, norms: np.ndarray) -> np.ndarray:
        given = min(order, len(self.functions) - 1)
        further, found = order - given, np.zeros(len(norms))
        first, stride = self.stride(given)
        alone = self.alone(given)
        if alone is not None and (k, further) == (alone[0], 0):
            return found + alone[1] * norms ** alone[2]
        column, other = divmod(k + further - first, stride)
        for level, rows in self._rows_by_level(norms):
            if level is None:
                found[rows] = np.nan
            elif not other and column >= 0:
                z, weights = self.table(level.step, max(level.degree, k + further), given)
                values = self.values(given, norms[rows], z) - (self.at_zero[given] if further and first == 0 else 0.0)
                found[rows] = np.sum(values * weights[:, column].copy(), -1)
        if not further:
            return found
        factor = sqrt(prod(range(k + 1, k + further + 1)))
        return found * factor / np.maximum(norms, LEAST_DIVISOR) ** further

    def projection(self, k: int, q: Any, order: int = 0) -> Any:
        """E[φ^{(order)}(√q z) He_k(z)] of an array or a tensor."""
        return sqrt(factorial(k)) * of_norms(partial(self.moment, k, order), q)

    def mean_square(self, norms: np.ndarray) -> np.ndarray:
        """E φ(x_i z)² for each row, (n,), likewise."""
        norms = np.asarray(norms, dtype=float)
        found = np.full(len(norms), np.nan)
        for level, rows in self._rows_by_level(norms):
            if level is not None:
                z = nodes(level.step, END)
                density = np.exp(-0.5 * z * z) / sqrt(2 * pi)
                found[rows] = level.step * np.sum(self.functions[0](norms[rows, None] * z) ** 2 * density, -1)
        if self.beyond is not None and (far := self._far(norms, found)).any():
            found[far] = self.beyond.mean_square(norms[far])
        return found

    def is_beyond(self, norm: float) -> bool:
        """Whether rows up to a norm are ``beyond``'s."""
        return self.beyond is not None and norm <= self.beyond.reach and self.level(norm) is None

    def _far(self, norms: np.ndarray, found: np.ndarray) -> np.ndarray:
        """Which rows without a number are ``beyond``'s."""
        return np.array([nan and self.is_beyond(x) for x, nan in zip(norms.tolist(), np.isnan(found), strict=True)])

    def _rows_by_level(self, norms: np.ndarray) -> Iterator[tuple[Level | None, np.ndarray]]:
        levels = [self.level(float(norm)) for norm in norms]
        for level in dict.fromkeys(levels):
            yield level, np.array([i for i, its in enumerate(levels) if its == level])

    def level_bound(self, largest_norm: float) -> float | None:
        """The largest ``bound`` of rows of 32 norms up to the end of a level; None where no degree holds."""
        level = self.level(largest_norm)
        if level is None:
            return None
        if level not in self._bounds:
            self._bounds[level] = self.bound(level.norm * np.arange(1, 33) / 32, level.degree)
        return self._bounds[level]

    def level_for(self, largest_norm: float, degree: int) -> Level | None:
        """The level of rows up to a norm of which so many coefficients are asked; None beyond the last one."""
        level = self.level(largest_norm)
        while level is not None and level.degree < degree:
            above = self.level(level.norm * _RATIO)
            if above is None or above.norm > 2.0**20:  # a polynomial: its degree does not grow
                break
            level = above
        return level

    def _coefficients(
        self, norms: np.ndarray, degree: int, order: int, step: float, shift: np.ndarray | None = None
    ) -> np.ndarray:
        """As ``coefficients``, with a step of the trapezoid sums."""
        given = min(order, len(self.functions) - 1)
        further = order - given
        found = np.zeros((len(norms), degree + further + 1))
        if shift is not None:
            z = nodes(step, END)
            values = self.functions[given](norms[:, None] * z + shift[:, None])
            found[:] = (values - (self.at_zero[given] if further else 0.0)) @ weights_at(step, END, degree + further)
        else:
            first, stride = self.stride(given)
            z, weights = self.table(step, degree + further, given)
            values = self.values(given, norms, z) - (self.at_zero[given] if further and first == 0 else 0.0)
            found[:, first::stride] = values @ weights
            alone = self.alone(given)
            if alone is not None and not further:
                found[:, alone[0]] = alone[1] * norms ** alone[2]
        return self._differentiated(found, norms, further) if further else found

    @staticmethod
    def _differentiated(found: np.ndarray, norms: np.ndarray, further: int) -> np.ndarray:
        """E[f^{(r)}(xz) he_k] = √((k + 1) … (k + r)) E[f(xz) he_{k+r}]/x^r."""
        k = np.arange(found.shape[1] - further)
        factor = np.sqrt(prod((k + i for i in range(1, further + 1)), start=np.ones(len(k))))
        return found[:, further:] * factor / np.maximum(norms, LEAST_DIVISOR)[:, None] ** further

    def values(self, order: int, norms: Array, z: Array, xp: ModuleType = np) -> Array:
        """φ^{(order)}(x z) at nodes of ``table``, (…, J), without the part that has no share in its coefficients."""
        function = self.functions[order]
        argument = norms[..., None] * z
        if self.rest == "none" or self.alone(order) is None:
            return function(argument, xp)
        sign = 1 if self.stride(order)[0] == 0 else -1
        return 0.5 * (function(argument, xp) + sign * function(-argument, xp))

    def table(self, step: float, degree: int, order: int, like: Any = None) -> tuple[Any, Any]:
        """Nodes z (J,), and what turns values there into coefficients, (J, number of coefficients).

        The coefficients are those of the degrees ``stride(order)``. With a symmetry the nodes are z ≥ 0.

        Args:
            like: a tensor of the type and device that is wanted; None for NumPy.
        """
        first, stride = self.stride(order)
        key = step, degree, first, stride
        here: tuple[np.ndarray, np.ndarray] = _TABLES.get(key, partial(_table, *key), _bytes)
        if like is None:
            return here
        kind = like.dtype, like.device
        return _TABLES.get((*key, *kind), lambda: tuple(like.new_tensor(x) for x in here), lambda _: _bytes(here))

    def _residual(
        self, norms: np.ndarray, found: np.ndarray, order: int, step: float, shift: np.ndarray | None = None
    ) -> np.ndarray:
        """The mean square of φ^{(order)}(xz + b) less its terms, (n,)."""
        if order >= len(self.functions):  # φ^{(r)} is not known pointwise: by the terms that follow
            more = self._coefficients(norms, 2 * found.shape[1], order, step, shift)
            return np.sum(more[:, found.shape[1] :] ** 2, -1)
        return residual([self.functions[order]], norms, found[None], step, shift)[0]


def _table(step: float, degree: int, first: int, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """See ``HermiteSeries.table``."""
    z, weights = nodes(step, END), weights_at(step, END, degree)
    if stride == 1:
        return z, weights
    right = np.array(weights[len(z) // 2 :, first::2], order="C")  # a copy, for others have the same weights
    right[1:] *= 2.0
    return z[len(z) // 2 :], right


def _bytes(table: tuple[np.ndarray, np.ndarray]) -> int:
    return sum(its.nbytes for its in table)


def of_norms(function: Callable[[np.ndarray], np.ndarray], q: Any) -> Any:
    """A function of rows' norms, at the roots of q: a number, an array or a tensor."""
    if isinstance(q, (float, int, np.ndarray, np.generic)):
        q = np.asarray(q, dtype=float)
        return function(np.sqrt(q).ravel()).reshape(q.shape)[()]
    norms = q.detach().double().sqrt().cpu().numpy()
    return q.new_tensor(function(norms.ravel()).reshape(norms.shape))
