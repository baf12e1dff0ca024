"""E[φ̃(u·x) g̃(v·x)] of two activations φ and g: Σ_k μ_k^φ(u) μ_k^g(v) s^k/k! over the degrees that both keep.

Most pairs have no more than a few of their even degrees in common, nor of their odd ones: these are summed one by one.
Of the others relu, abs and leaky_relu have the even degrees of |z|, which they share with one another and, in closed
form, with gelu (docs/theory.md §11). Two piecewise linear ones are sums of hinges (§17). What is left are sums of which
at least one factor is smooth (``cross_series``).
"""

from __future__ import annotations

from functools import partial
from math import factorial, inf, isfinite, pi, prod
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from featlearn.theory.activations import Activation, activation
from featlearn.theory.activations.beyond import Components, alone
from featlearn.theory.activations.biased_kernels import biased_kernel
from featlearn.theory.activations.gelu import Tails
from featlearn.theory.activations.mixtures import mixed_kernel
from featlearn.theory.activations.piecewise_linear import PiecewisePair
from featlearn.theory.activations.record import BiasedKernel, Kernel
from featlearn.theory.pairs import Array
from featlearn.theory.targets.cross_series import series_kernel


def cross_kernel(student: Activation, teacher: Activation) -> Kernel:
    """``kernel(xp, q_u, q_v, s)`` → (K, ∂K/∂s, ∂K/∂q_u) as in a record, with u a row of the student, v of the teacher.

    Accuracy: 1e-13 of √(E φ² E g²) (tests/theory/targets/test_cross.py, quadrature and fifty digits).
    """
    lowest = max(student.drop_hermite_below, teacher.drop_hermite_below)
    closed = _closed(student, teacher, lowest)
    return closed or series_kernel(student, teacher, lowest, kernel_beyond(student, teacher))


def kernel_beyond(student: Activation, teacher: Activation) -> Kernel | None:
    """The kernel of two activations for rows beyond the reach of their series, by the sums that stand for the functions
    there; None where these have no closed kernel, or none with second derivatives. It is NaN beyond their reach.

    Constants are left out: that of a sigmoid meets here the mean of an odd function.
    """
    lowest = max(student.drop_hermite_below, teacher.drop_hermite_below)
    if (known := _closed(student, teacher, lowest)) is not None:
        return known
    one, other = standing_for(student), standing_for(teacher)
    kinks_off_zero = any(its.straight is not None and its.degree_one is None for its in (student, teacher))
    closed = None if kinks_off_zero else _closed(one.activation, other.activation, lowest)
    if closed is None or not isfinite(reach := min(one.reach, other.reach)):
        return None

    def kernel(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
        too_long = not max(float(q_u.max()), float(q_v.max())) <= reach**2
        return mixed_kernel(closed, one.parts, other.parts, xp, q_u, q_v, s * float("nan") if too_long else s)

    return kernel


class StandIn(NamedTuple):
    """An activation with components that stand for another one for rows up to a norm."""

    activation: Activation
    parts: Components
    reach: float


def standing_for(its: Activation) -> StandIn:
    """The sum that takes the place of a series, or the activation itself."""
    beyond = None if its.series is None else its.series.beyond
    if beyond is None:
        return StandIn(its, alone(), inf)
    return StandIn(activation(beyond.name, its.drop_hermite_below), beyond.parts, beyond.reach)


def _closed(student: Activation, teacher: Activation, lowest: int) -> Kernel | None:
    """That which is no series of two."""
    if (student.name, student.parameters) == (teacher.name, teacher.parameters):
        return activation(student.name, lowest, **dict(student.parameters)).kernel
    common = _common_degrees(student, teacher)
    if common is not None:
        return _finite(student, teacher, [k for k in common if k >= lowest])
    even = _even_part(student, teacher, lowest)
    if even is None and student.straight is not None and teacher.straight is not None:
        return PiecewisePair(student.straight, teacher.straight, lowest).kernel
    if even is None:
        return None
    factor = _of_absolute(student) * _of_absolute(teacher)
    linear = float(student.slope(1.0) * teacher.slope(1.0)) if lowest < 2 else 0.0
    return partial(_mixture, even, factor, linear)


def cross_kernel_with_biases(student: Activation, teacher: Activation) -> BiasedKernel:
    """The same of neurons with biases, φ̃(u·x + b) and g̃(v·x + c); see ``Activation.biased``.

    Raises:
        ValueError: when one of them is neither smooth nor piecewise linear.
    Accuracy: as ``biased_kernel``.
    """
    one, other = (activation(its.name, 0, **dict(its.parameters)) for its in (student, teacher))
    return biased_kernel(one, other, max(student.drop_hermite_below, teacher.drop_hermite_below))


def _common_degrees(one: Activation, other: Activation) -> list[int] | None:
    """The degrees that both may have; None where there is no highest."""
    found: list[int] = []
    for parity, highest in enumerate(zip(one.highest, other.highest, strict=True)):
        known = [degree for degree in highest if degree is not None]
        if not known:
            return None
        found += range(parity, min(known) + 1, 2)
    return sorted(found)


def _even_part(student: Activation, teacher: Activation, lowest: int) -> Kernel | None:
    """The kernel of |z|, or of |z| and gelu, where the pair has the even degrees of these and no odd one but 1."""
    if student.degree_one is not None and teacher.degree_one is not None:
        return activation("abs", lowest).kernel
    first = max(lowest - 1, 0) // 2
    if (student.name, teacher.degree_one is None) == ("gelu", False):
        return partial(_gelu_and_abs, first, lowest == 0)
    if (teacher.name, student.degree_one is None) == ("gelu", False):
        return partial(_abs_and_gelu, first, lowest == 0)
    return None


def _of_absolute(act: Activation) -> float:
    """p of φ(z) = p |z| + r z; 1 for others."""
    return 1.0 if act.degree_one is None else float(act.phi(np.array(1.0)) + act.phi(np.array(-1.0))) / 2


def _mixture(
    even: Kernel, factor: float, linear: float, xp: Any, q_u: Array, q_v: Array, s: Array
) -> tuple[Array, Array, Array]:
    k, k_s, k_q = (factor * x for x in even(xp, q_u, q_v, s))
    return (k + linear * s, k_s + linear, k_q) if linear else (k, k_s, k_q)


def _gelu_and_abs(first: int, with_mean: bool, xp: Any, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    """Of gelu at u and |z| at v: K = √(q_v/(1 + q_u)) (q_u F₂ + τ F₁)/π with τ = s/√((1 + q_u) q_v)."""
    one_u, tau, f = _tails_of_both(xp, first, q_u, q_v, s)
    k, k_q = q_u * f.f_2 + tau * f.f_1, -(tau * tau) * f.f_0 - (2 + q_u) * f.lower
    if with_mean:
        k, k_q = k + q_u, k_q + 2 + q_u
    ratio = xp.sqrt(q_v / one_u) / pi
    return k * ratio, (f.f_1 + tau * f.f_0 / one_u) / pi, k_q * ratio / (2 * one_u)


def _abs_and_gelu(first: int, with_mean: bool, xp: Any, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    """Of |z| at u and gelu at v."""
    k, k_s, _ = _gelu_and_abs(first, with_mean, xp, q_v, q_u, s)
    one_v, tau, f = _tails_of_both(xp, first, q_v, q_u, s)
    k_q = -(tau * tau) * f.f_0 - q_v * f.lower
    k_q = k_q + q_v if with_mean else k_q
    inverse = xp.where(q_u > 0, 1 / xp.sqrt(xp.where(q_u > 0, q_u, q_u * 0 + 1)), q_u * 0)
    return k, k_s, k_q * inverse / (2 * pi * xp.sqrt(one_v))


def _tails_of_both(xp: Any, first: int, q_gelu: Array, q_abs: Array, s: Array) -> tuple[Array, Array, Tails]:
    """1 + q of gelu, τ and the tails, where 1 − τ² = (q_abs + (q_gelu q_abs − s²))/((1 + q_gelu) q_abs)."""
    one, n = 1 + q_gelu, xp.sqrt(q_gelu * q_abs)
    gap = (n - s) * (n + s)
    q_abs = xp.where(q_abs > 0, q_abs, q_abs * 0 + 1)
    scale = xp.sqrt(one) * xp.sqrt(q_abs)
    tau = xp.clip(s / scale, -1.0, 1.0)
    return one, tau, Tails.of(xp, first, tau, xp.sqrt(q_abs + xp.where(gap > 0, gap, gap * 0)) / scale)


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
            if student.series is not None:
                k_q = k_q + student.projection_of(2, degree, q_u) * of_teacher * t**degree / 2
            else:
                k_q = k_q + student.projection(degree + 2, q_u) * of_teacher * t**degree / (2 * square)
            if degree == 1:  # for rows of norm 0
                k_s = k_s + student.slope(q_u) * teacher.slope(q_v)
            elif degree and student.series is None and teacher.series is None:
                k_s = k_s + degree * student.projection(degree, q_u) * of_teacher * t ** (degree - 1) / divisor
            elif degree:
                slopes = (its.projection_of(1, degree - 1, q) for its, q in ((student, q_u), (teacher, q_v)))
                k_s = k_s + prod(slopes) * t ** (degree - 1) / factorial(degree - 1)
        return k, k_s, k_q

    return kernel
