"""E[φ̃(u·x) g̃(v·x)] of two activations φ and g: Σ_k μ_k^φ(u) μ_k^g(v) s^k/k! over the degrees that both keep.

Some are closed: |z| = 2 relu(z) − z is even, so that relu and abs share half the kernel of abs; others have no more than
two degrees in common (docs/theory.md §11). Where one of the two is smooth, the sum is taken (``cross_series``).
"""

from __future__ import annotations

from math import factorial
from types import ModuleType
from typing import Any

from featlearn.theory.activations import Activation, activation
from featlearn.theory.activations.record import Kernel
from featlearn.theory.pairs import Array
from featlearn.theory.targets.cross_series import series_kernel

_COMMON_DEGREES = {
    frozenset(("relu", "erf")): (1,),
    frozenset(("abs", "erf")): (),
    frozenset(("relu", "quadratic")): (0, 2),
    frozenset(("abs", "quadratic")): (0, 2),
    frozenset(("erf", "quadratic")): (),
}


def cross_kernel(student: Activation, teacher: Activation) -> Kernel:
    """``kernel(xp, q_u, q_v, s)`` → (K, ∂K/∂s, ∂K/∂q_u) as in a record, with u a row of the student, v of the teacher.

    Raises:
        ValueError: when the pair has no closed form here.
    Accuracy: 1e-13 of √(E φ² E g²) (tests/theory/targets/test_cross.py, quadrature and fifty digits).
    """
    lowest = max(student.drop_hermite_below, teacher.drop_hermite_below)
    names = frozenset((student.name, teacher.name))
    if len(names) == 1:
        return activation(student.name, lowest).kernel
    if names == {"relu", "abs"}:
        return _half(activation("abs", lowest).kernel)
    if names not in _COMMON_DEGREES:
        series = series_kernel(student, teacher, lowest)
        if series is not None:
            return series
        raise ValueError(f"{student.name} and {teacher.name} have no closed kernel: {_known()}")
    return _finite(student, teacher, [k for k in _COMMON_DEGREES[names] if k >= lowest])


def _known() -> str:
    return "known are " + ", ".join(sorted(" and ".join(sorted(pair)) for pair in _COMMON_DEGREES))


def _half(kernel: Kernel) -> Kernel:
    def half(xp: Any, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
        k, k_s, k_q = kernel(xp, q_u, q_v, s)
        return k / 2, k_s / 2, k_q / 2

    return half


def _finite(student: Activation, teacher: Activation, degrees: list[int]) -> Kernel:
    """The sum over a few degrees, in M_k = q^{k/2} μ_k and t = s/√(q_u q_v), which are finite for every norm."""

    def kernel(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
        n, square = xp.sqrt(q_u * q_v), xp.where(q_u > 0, q_u, q_u * 0 + 1)
        divisor = xp.where(n > 0, n, n * 0 + 1)
        t = xp.clip(s / divisor, -1.0, 1.0)
        k = k_s = k_q = 0 * t
        for degree in degrees:
            of_teacher = teacher.projection(degree, q_v) / factorial(degree)
            k = k + student.projection(degree, q_u) * of_teacher * t**degree
            k_q = k_q + student.projection(degree + 2, q_u) * of_teacher * t**degree / (2 * square)
            if degree == 1:  # for rows of norm 0
                k_s = k_s + student.slope(q_u) * teacher.slope(q_v)
            elif degree:
                k_s = k_s + degree * student.projection(degree, q_u) * of_teacher * t ** (degree - 1) / divisor
        return k, k_s, k_q

    return kernel
