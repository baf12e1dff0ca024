"""Second derivatives of E[φ̃(u·x) g̃(v·x)] by the row u, for the pairs of activations of ``cross``.

Of activations with kinks at 0 they are those of |z| with itself, of other piecewise linear ones those of hinges; of the
others those by ‖u‖² and u·v, by the closed forms and sums of ``cross``, differentiated once more. Derived in
docs/theory.md §14.
"""

from __future__ import annotations

from math import factorial, pi
from typing import NamedTuple

import numpy as np

from featlearn.theory.activations import Activation, activation
from featlearn.theory.activations.mixtures import nodes, second_derivatives
from featlearn.theory.activations.piecewise_linear import PiecewisePair
from featlearn.theory.biased_derivatives import biased_vectors
from featlearn.theory.hinge_derivatives import hinge_vectors
from featlearn.theory.pair_derivatives import vectors_of
from featlearn.theory.pair_vectors import PairBends, Vectors
from featlearn.theory.pairs import Array
from featlearn.theory.targets.cross import (
    _common_degrees,
    _of_absolute,
    _tails_of_both,
    cross_kernel,
    kernel_beyond,
    standing_for,
)
from featlearn.theory.targets.cross_series import SeriesOfTwo


class _ByRow(NamedTuple):
    """∂²K/∂s², ∂²K/∂s∂q_u and ∂²K/∂q_u²."""

    ss: Array
    s_qu: Array
    qu_qu: Array


def cross_bends(
    student: Activation, teacher: Activation, first_layer: np.ndarray, c: np.ndarray, rows: np.ndarray
) -> PairBends:
    """The second derivatives of Σ_i c_i K(w_j, v_i) by the rows w_j, finite for all rows.

    Args:
        student, teacher: the activations of the rows (m, d) of ``first_layer``, and (n, d) of ``rows``; both rows have
            biases where the student's activation has them.
        c: (n,).
    Accuracy: 1e-10 of the largest (tests/theory/targets/test_cross_bends.py, differences in a hundred digits).
    """
    if student.biased is not None:
        return PairBends(biased_vectors(student, teacher, first_layer, rows), c)
    lowest = max(student.drop_hermite_below, teacher.drop_hermite_below)
    alike = (student.name, student.parameters) == (teacher.name, teacher.parameters)
    if alike or (student.degree_one is not None and teacher.degree_one is not None):
        shared = activation(student.name, lowest, **dict(student.parameters)) if alike else activation("abs", lowest)
        vectors = vectors_of(shared, first_layer, rows)
        factor = 1.0 if alike else _of_absolute(student) * _of_absolute(teacher)
        return PairBends(vectors, factor * c)
    if student.straight is not None and teacher.straight is not None:
        return PairBends(hinge_vectors(PiecewisePair(student.straight, teacher.straight, lowest), first_layer, rows), c)
    q_u, q_v = np.sum(first_layer * first_layer, -1)[:, None], np.sum(rows * rows, -1)[None]
    s = first_layer @ rows.T
    second = _second_derivatives(student, teacher, lowest, q_u, q_v, s)
    k, k_s, k_q = cross_kernel(student, teacher)(np, q_u, q_v, s)
    own = 2 * k_q, second.ss, 2 * second.s_qu, 4 * second.qu_qu
    return PairBends(Vectors(first_layer, rows, np.zeros_like(s), k, (k_s, 2 * k_q), (), own), c)


def _second_derivatives(
    student: Activation, teacher: Activation, lowest: int, q_u: Array, q_v: Array, s: Array
) -> _ByRow:
    """By the branches of ``cross_kernel``, of arrays (m, 1), (1, n) and (m, n)."""
    closed = _closed(student, teacher, lowest, q_u, q_v, s)
    if closed is not None:
        return closed
    series = SeriesOfTwo.of(student, teacher, lowest)
    if None in series.degrees(q_u, q_v) and kernel_beyond(student, teacher) is not None:
        return _beyond(student, teacher, lowest, q_u, q_v, s)
    sums = series.sums(np, q_u, q_v, s, ((2, 2), (3, 1), (4, 0)))
    return _ByRow(sums[0], sums[1] / 2, sums[2] / 4)


def _beyond(student: Activation, teacher: Activation, lowest: int, q_u: Array, q_v: Array, s: Array) -> _ByRow:
    """By the components of ``cross.kernel_beyond``."""
    one, other = standing_for(student), standing_for(teacher)
    found = [0 * s] * 3
    for node in nodes(one.parts, other.parts, q_u, q_v, s):
        its, b, c = _of_records(one.activation, other.activation, lowest, *node.products), node.b, node.c
        found = node.added(found, (its.ss * c * c * b**2, its.s_qu * c * b**3, its.qu_qu * b**4))
    return _ByRow(*found)


def _of_records(one: Activation, other: Activation, lowest: int, q_u: Array, q_v: Array, s: Array) -> _ByRow:
    """Of two activations with a closed kernel and rows that are not parallel, or of one without kinks."""
    factor, shared = 1.0, one
    if one.degree_one is not None and other.degree_one is not None:
        factor, shared = _of_absolute(one) * _of_absolute(other), activation("abs", lowest)
    elif one.name != other.name:
        closed = _closed(one, other, lowest, q_u, q_v, s)
        assert closed is not None
        return closed
    its = second_derivatives(activation(shared.name, lowest), np, q_u, q_v, s)
    return _ByRow(*(factor * x for x in (its.ss, its.s_qu, its.qu_qu)))


def _closed(student: Activation, teacher: Activation, lowest: int, q_u: Array, q_v: Array, s: Array) -> _ByRow | None:
    """Of finitely many degrees, and of gelu and |z|; None for others."""
    common = _common_degrees(student, teacher)
    if common is not None:
        return _finite(student, teacher, [k for k in common if k >= lowest], q_u, q_v, s)
    first = max(lowest - 1, 0) // 2
    for of_pair, gelu, other in ((_gelu_and_abs, student, teacher), (_abs_and_gelu, teacher, student)):
        if gelu.name == "gelu" and other.degree_one is not None:
            factor = _of_absolute(other)
            return _ByRow(*(factor * x for x in of_pair(first, lowest == 0, q_u, q_v, s)))
    return None


def _gelu_and_abs(first: int, with_mean: bool, q_u: Array, q_v: Array, s: Array) -> _ByRow:
    """Of gelu at u and |z| at v."""
    one, tau, f = _tails_of_both(np, first, q_u, q_v, s)
    lower = f.lower - (1 if with_mean else 0)
    bend = tau * tau * (f.once + (7 + q_u) * f.f_0) + (4 + q_u) * lower
    inverse = (q_v > 0) / np.sqrt(np.where(q_v > 0, q_v, 1.0))
    return _ByRow(
        ss=inverse / np.sqrt(one) * (f.f_0 + f.more / one) / pi,
        s_qu=-tau / (2 * pi * one) * (f.f_0 + (f.more + 2 * f.f_0) / one),
        qu_qu=np.sqrt(q_v / one) / (4 * pi * one * one) * bend,
    )


def _abs_and_gelu(first: int, with_mean: bool, q_u: Array, q_v: Array, s: Array) -> _ByRow:
    """Of |z| at u and gelu at v; 0 at rows of zeros."""
    one, tau, f = _tails_of_both(np, first, q_v, q_u, s)
    lower = f.lower - (1 if with_mean else 0)
    bend = tau * tau * (f.once + (3 + q_v) * f.f_0) + q_v * lower
    inverse = (q_u > 0) / np.sqrt(np.where(q_u > 0, q_u, 1.0))
    return _ByRow(
        ss=inverse / np.sqrt(one) * (f.f_0 + f.more / one) / pi,
        s_qu=-tau * inverse**2 / (2 * pi) * (f.f_0 + f.more / one),
        qu_qu=inverse**3 / (4 * pi * np.sqrt(one)) * bend,
    )


def _finite(student: Activation, teacher: Activation, degrees: list[int], q_u: Array, q_v: Array, s: Array) -> _ByRow:
    """The sums over a few degrees."""
    n = np.sqrt(q_u * q_v)
    t = np.clip(s / np.where(n > 0, n, 1.0), -1.0, 1.0)

    def total(order_u: int, order_v: int) -> Array:
        below = min(order_u, order_v)
        terms = (
            _projection(student, order_u, k, q_u) * _projection(teacher, order_v, k, q_v) * t**k / factorial(k)
            for k in (degree - below for degree in degrees)
            if k >= 0
        )
        return sum(terms, 0 * t)

    return _ByRow(total(2, 2), total(3, 1) / 2, total(4, 0) / 4)


def _projection(of: Activation, order: int, k: int, q: Array) -> Array:
    """E[φ^{(order)}(√q z) He_k(z)], of rows of zeros too."""
    if k == 0:
        assert of.hermite is not None  # a series, or a sum of finitely many degrees with one
        return of.hermite(order, q)
    return of.projection_of(order, k, q)
