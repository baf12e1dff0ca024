"""E[φ̃(u·x) g̃(v·x)] as a Hermite series, for two activations one of which is smooth.

Truncation after degree D errs by at most √(T_D^φ(u) T_D^g(v)). Beside a function with a kink, whose T_D is large, that
of the smooth one is taken far smaller.
"""

from __future__ import annotations

from functools import cache
from math import factorial, sqrt
from types import ModuleType
from typing import Any, Protocol

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
        if self.plain.coefficients is not None:
            return self.plain.coefficients(norms, degree, order)
        at_one = np.zeros(degree + 3)
        at_one[:3] = [self.plain.projection(k, 1.0) / sqrt(factorial(k)) for k in range(3)]
        for k in range(2, degree + 1, 2):
            at_one[k + 2] = -at_one[k] * (k - 1) / np.sqrt((k + 1) * (k + 2))
        degrees = np.arange(degree + 1)
        if order == 0:
            return norms[:, None] * at_one[: degree + 1]
        if order == 1:
            return np.broadcast_to(np.sqrt(degrees + 1) * at_one[1 : degree + 2], (len(norms), degree + 1))
        inverse = (norms > 0) / np.where(norms > 0, norms, 1.0)  # 0 at a zero row, as in the records
        return inverse[:, None] * (np.sqrt((degrees + 1) * (degrees + 2)) * at_one[2 : degree + 3])


def series_kernel(student: Activation, teacher: Activation, lowest: int) -> Kernel:
    """The kernel of two activations over the degrees from ``lowest`` on. Raises ValueError where both have kinks.

    It is NaN for runs with rows beyond the norms that a series holds to.
    """
    smooth = [not its.kinks for its in (student, teacher)]
    if not any(smooth):
        raise ValueError(f"{student.label} and {teacher.label} both have kinks, and no kernel here")
    left, right = _side(student), _side(teacher)
    tolerance = TOLERANCE if all(smooth) else BESIDE_KINK

    def of_run(xp: Any, q_u: Array, q_v: Array, s: Array) -> tuple[Array, ...]:
        x_u, x_v = (_norms(q) for q in (q_u, q_v))
        degrees = [side.degree(float(np.max(x, initial=0.0)), tolerance) for side, x in ((left, x_u), (right, x_v))]
        n = xp.sqrt(q_u * q_v)
        t = xp.clip(s / xp.where(n > 0, n, n * 0 + 1), -1.0, 1.0)
        if None in degrees:
            return (t * float("nan"),) * 3
        degree = max(lowest, *(its for its in degrees if its is not None))

        def total(order_u: int, order_v: int, first: int) -> Array:
            u, v = (
                _like(q, side.coefficients(x.ravel(), degree, order)[:, first:])
                for q, side, x, order in ((q_u, left, x_u, order_u), (q_v, right, x_v, order_v))
            )
            found = u[-1] * v[-1] + 0 * t
            for k in range(len(u) - 2, -1, -1):
                found = found * t + u[k] * v[k]
            for _ in range(first):
                found = found * t
            return found

        return total(0, 0, lowest), total(1, 1, max(0, lowest - 1)), 0.5 * total(2, 0, lowest)

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
