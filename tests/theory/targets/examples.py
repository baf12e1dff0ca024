"""Targets of every kind, hard rows, and their moments with neurons in many digits."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from featlearn.theory.activations import activation
from featlearn.theory.targets.formula import hermite_terms
from featlearn.theory.targets.interface import Target
from featlearn.theory.targets.neurons import NeuronTarget
from featlearn.theory.targets.polynomial import HermiteTarget
from tests.theory import exact
from tests.theory.exact import MP, number

FORMULAS = ["He3(x1)", "x1 + x1*x2 + x1*x2*x3", "0.5 - x2 + He2(x1)", "He4(x1)*x3 - 0.3*He2(x2)"]
SETTINGS = [(name, drop) for name, drop in product(("relu", "abs", "erf", "quadratic"), (0, 1, 2, 3, 4, 6))]
AXES = np.eye(4)[:3]
TEACHER_A, TEACHER_W = np.array([1.25, -0.5]), np.array([[0.6, 0.8, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0]])
# a generic row, teacher lines and axes on both sides, right angles, tiny and large norms, nothing
ROWS = np.array(
    [
        [0.5, -0.75, 1.25, 0.25],
        [0.6, 0.8, 0.0, 0.0],
        [-1.2, -1.6, 0.0, 0.0],
        [2.0, 0.0, 0.0, 0.0],
        [-0.5, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 1.0],
        [1e-3, 2e-3, -1e-3, 5e-4],
        [300.0, -500.0, 800.0, 10.0],
        [0.0, 0.0, 0.0, 0.0],
    ]
)


def polynomial(formula: str) -> HermiteTarget:
    terms = hermite_terms(formula)
    return HermiteTarget(terms, AXES[None, : len(terms[0].degrees)])


def neurons(name: str, drop: int = 0) -> NeuronTarget:
    return NeuronTarget(activation(name, drop), TEACHER_A[None], TEACHER_W[None])


def every_target() -> dict[str, Target]:
    found: dict[str, Target] = {formula: polynomial(formula) for formula in FORMULAS}
    return found | {name: neurons(name) for name in ("relu", "abs", "erf", "quadratic")}


def series_kernel(name: str, other: str, drop: int, u: Sequence[Any], v: Sequence[Any]) -> Any:
    """E[φ̃(u·x) g̃(v·x)]: the kernel of one activation, or the sum over the degrees that two have in common."""
    q_u, q_v, s = (sum(x * y for x, y in zip(a, b, strict=True)) for a, b in ((u, u), (v, v), (u, v)))
    if name == other:
        return exact.kernel(name, drop, q_u, q_v, s)[0]
    if {name, other} == {
        "relu",
        "abs",
    }:  # relu is half of abs and half of the linear function, which is orthogonal to it
        return exact.kernel("abs", drop, q_u, q_v, s)[0] / 2
    return sum(
        exact.hermite(name, k, q_u)[0] * exact.hermite(other, k, q_v)[0] * s**k / MP.fac(k) for k in range(drop, 3)
    )


def exact_moment(name: str, drop: int, target: Target, row: Sequence[Any]) -> Any:
    """E[φ̃(w·x) f*(x)] for the first run of a target."""
    if isinstance(target, NeuronTarget):
        rows = exact.rows_of(target.first_layer[0])
        kernels = (series_kernel(name, target.activation.name, drop, row, v) for v in rows)
        return sum(number(a) * k for a, k in zip(target.second_layer[0], kernels, strict=True))
    assert isinstance(target, HermiteTarget)
    total, q = MP.zero, sum(x * x for x in row)
    along = [sum(x * number(y) for x, y in zip(row, v, strict=True)) for v in target.directions[0]]
    for c, degrees in target.terms:
        k = sum(degrees)
        if k >= drop:
            powers = MP.fprod(s**power for s, power in zip(along, degrees, strict=True))
            total += fraction(c) * exact.hermite(name, k, q)[0] * powers
    return total


def exact_square(target: Target) -> Any:
    """‖f*‖² of the first run of a target."""
    if isinstance(target, HermiteTarget):
        return sum(fraction(c * c) * MP.fprod(MP.fac(k) for k in degrees) for c, degrees in target.terms)
    assert isinstance(target, NeuronTarget)
    teacher = [number(x) for x in target.second_layer[0]], exact.rows_of(target.first_layer[0])
    kernel = exact.remembered_kernel(target.activation.name, target.activation.drop_hermite_below)
    return exact.loss_of(kernel, *teacher)


def fraction(c: Fraction) -> Any:
    return MP.mpf(c.numerator) / c.denominator
