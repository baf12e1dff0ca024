"""Kernels of piecewise linear neurons with biases and kinks anywhere: for each row φ(z + b) is another such function.

Its hinges are written away from 0, so that nothing of the size of a bias cancels. Derivations: docs/theory.md §17.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from featlearn.theory.activations.biased_coefficients import Coefficients
from featlearn.theory.activations.piecewise_linear import PiecewiseLinear, PiecewisePair
from featlearn.theory.activations.record import BiasedValues
from featlearn.theory.pairs import Array


def hinges(
    of_u: PiecewiseLinear,
    of_v: PiecewiseLinear,
    drop: int,
    xp: ModuleType,
    q_u: Array,
    b_u: Array,
    q_v: Array,
    b_v: Array,
    s: Array,
) -> BiasedValues:
    """See ``Activation.biased``."""
    pair = PiecewisePair(of_u.with_bias(xp, b_u), of_v.with_bias(xp, b_v), drop)
    return BiasedValues(*pair.kernel(xp, q_u, q_v, s), pair.by_bias(xp, q_u, q_v, s))


def coefficients(of: PiecewiseLinear, xp: Any, degree: int, q: Array, b: Array) -> Coefficients:
    """See ``biased_coefficients``."""
    function, x = of.with_bias(xp, b), xp.sqrt(q)
    return Coefficients(*([its for _, its in function.both_coefficients(xp, x, degree, order)] for order in range(3)))
