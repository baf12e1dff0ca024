"""E[φ̃(u·x) g̃(v·x)] as a Hermite series, for two activations one of which is smooth.

Truncation after degree D errs by at most √(T_D^φ(u) T_D^g(v)). Beside a function with a kink, whose T_D is large, that
of the smooth one is taken far smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import factorial, sqrt
from types import ModuleType
from typing import Any, Protocol, Self

import numpy as np

from featlearn.theory.activations import Activation, activation
from featlearn.theory.activations.record import Kernel
from featlearn.theory.activations.series import BESIDE_KINK, TOLERANCE, HermiteSeries
from featlearn.theory.pairs import Array


class _Side(Protocol):
    """The coefficients of one of the two activations."""

    def degree(self, norm: float, tolerance: float) -> int | None:
        """At which the series can be cut for rows up to a norm; None for none."""
        ...

    def coefficients(self, norms: np.ndarray, degree: int, order: int) -> np.ndarray:
        """(n, degree + 1), those of φ^{(order)}."""
        ...


class _Kinked:
    """A function with kinks.

    Of a·relu(z) + b z the c_k(x) = x c_k(1) follow from (k + 2)(k + 1) c_{k+2}² = (k − 1)² c_k² for k ≥ 2.
    """

    def __init__(self, plain: Activation) -> None:
        self.plain = plain

    def degree(self, norm: float, tolerance: float) -> int | None:
        return 0 if np.isfinite(norm) else None

    def coefficients(self, norms: np.ndarray, degree: int, order: int) -> np.ndarray:
        if self.plain.straight is not None and self.plain.degree_one is None:
            return self.plain.straight.coefficients(norms, degree, order)
        at_one = np.zeros(degree + order + 3)
        at_one[:3] = [self.plain.projection(k, 1.0) / sqrt(factorial(k)) for k in range(3)]
        for k in range(2, degree + order + 1, 2):
            at_one[k + 2] = -at_one[k] * (k - 1) / np.sqrt((k + 1) * (k + 2))
        further = at_one[order : degree + order + 1]
        for i in range(order):
            further = further * np.sqrt(np.arange(degree + 1) + i + 1)
        positive = np.where(norms > 0, norms, 1.0)  # 0 at a zero row, as in the records
        return (norms if order == 0 else (norms > 0) ** (order - 1) / positive ** (order - 1))[:, None] * further


@dataclass(frozen=True)
class SeriesOfTwo:
    """Sums over the degrees of two activations from ``lowest`` on; made by ``of``.

    Attributes:
        left, right: the coefficients of the student and of the teacher.
        tolerance: of what truncation leaves of either.
    """

    left: _Side
    right: _Side
    lowest: int
    tolerance: float

    @classmethod
    def of(cls, student: Activation, teacher: Activation, lowest: int) -> Self:
        """Raises ValueError where both have kinks."""
        smooth = [not its.kinks for its in (student, teacher)]
        if not any(smooth):
            raise ValueError(f"{student.label} and {teacher.label} both have kinks, and no kernel here")
        return cls(_side(student), _side(teacher), lowest, TOLERANCE if all(smooth) else BESIDE_KINK)

    def degrees(self, q_u: Array, q_v: Array) -> list[int | None]:
        """At which the two series can be cut for rows of one run; None where they cannot."""
        sides = (self.left, q_u), (self.right, q_v)
        return [side.degree(float(np.max(_norms(q), initial=0.0)), self.tolerance) for side, q in sides]

    def sums(self, xp: Any, q_u: Array, q_v: Array, s: Array, orders: Sequence[tuple[int, int]]) -> list[Array]:
        """E[φ^{(i)}(u·x) g^{(j)}(v·x)] for each (i, j) of one run, i + j even, of the terms that K has.

        They are NaN for rows beyond the norms that the series holds to.
        """
        x_u, x_v = (_norms(q) for q in (q_u, q_v))
        degrees = self.degrees(q_u, q_v)
        n = xp.sqrt(q_u * q_v)
        t = xp.clip(s / xp.where(n > 0, n, n * 0 + 1), -1.0, 1.0)
        if None in degrees:
            return [t * float("nan")] * len(orders)
        degree = max(self.lowest, *(its for its in degrees if its is not None))

        def total(order_u: int, order_v: int) -> Array:
            first = max(0, self.lowest - min(order_u, order_v))
            u, v = (
                _like(q, side.coefficients(x.ravel(), degree, order)[:, first:])
                for q, side, x, order in ((q_u, self.left, x_u, order_u), (q_v, self.right, x_v, order_v))
            )
            found = u[-1] * v[-1] + 0 * t
            for k in range(len(u) - 2, -1, -1):
                found = found * t + u[k] * v[k]
            for _ in range(first):
                found = found * t
            return found

        return [total(*its) for its in orders]


def series_kernel(student: Activation, teacher: Activation, lowest: int, beyond: Kernel | None = None) -> Kernel:
    """The kernel of two activations over the degrees from ``lowest`` on. Raises ValueError where both have kinks.

    For runs with rows beyond the norms that a series holds to it is that of ``beyond``, NaN where there is none.
    """
    series = SeriesOfTwo.of(student, teacher, lowest)

    def of_run(xp: Any, q_u: Array, q_v: Array, s: Array) -> tuple[Array, ...]:
        if beyond is not None and None in series.degrees(q_u, q_v):
            return beyond(xp, q_u, q_v, s)
        k, k_s, stretched = series.sums(xp, q_u, q_v, s, ((0, 0), (1, 1), (2, 0)))
        return k, k_s, 0.5 * stretched

    def kernel(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
        if xp is not np or np.ndim(s) < 3:
            k, k_s, k_q = of_run(xp, q_u, q_v, s)
            return k, k_s, k_q
        runs = [of_run(np, *(x[b : b + 1] for x in (q_u, q_v, s))) for b in range(len(s))]
        k, k_s, k_q = (np.concatenate(its) for its in zip(*runs, strict=True)) if runs else (s, s, s)
        return k, k_s, k_q

    return kernel


@cache
def _side(of: Activation) -> _Side:
    if of.series is not None:
        return of.series
    plain = activation(of.name, 0, **dict(of.parameters))
    return _Kinked(plain) if plain.kinks else HermiteSeries((plain.phi, plain.phi_prime))


def _norms(q: Any) -> np.ndarray:
    return np.sqrt(q) if isinstance(q, (np.ndarray, np.generic)) else q.double().cpu().numpy() ** 0.5


def _like(q: Any, coefficients: np.ndarray) -> Any:
    """(K, *q.shape) of coefficients (n, K), in the type of q."""
    shaped = np.ascontiguousarray(coefficients.T).reshape(coefficients.shape[1], *q.shape)
    return shaped if isinstance(q, (np.ndarray, np.generic)) else q.new_tensor(shaped)
