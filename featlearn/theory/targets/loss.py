"""The population loss of a student against any target: neurons that join those of the student, and the rest.

With g = f − Σ_k b_k φ̃(v_k·x), where neurons of the student's own activation are subtracted as in ``theory.population``,
and the rest h of the target, L = E[(g − h)²] = ‖g‖² − 2 E[g h] + ‖h‖². Without a rest nothing changes for the neurons,
which lose no digits near the teacher. Derived in docs/theory.md §11.

All functions take the arrays of ``theory.population`` and the rest, a ``Target`` or None.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from featlearn.theory import population
from featlearn.theory.activations import Activation, Array
from featlearn.theory.population import FLOAT64_ROUNDING, Gradient
from featlearn.theory.targets.interface import Target

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


def gradient(
    activation: Activation,
    second_layer: Array,
    first_layer: Array,
    teacher_second_layer: Array,
    teacher_first_layer: Array,
    rest: Target | None = None,
    xp: ModuleType = np,
) -> Gradient:
    """Gradient of the population loss (no weight decay), in the type of the arrays, which those of the rest have too.

    Args, Accuracy: as ``population.gradient``.
    """
    slope = population.gradient(activation, second_layer, first_layer, teacher_second_layer, teacher_first_layer, xp=xp)
    return _less_rest(slope, activation, second_layer, first_layer, rest, xp)


def correlation_gradient(
    activation: Activation,
    second_layer: Array,
    first_layer: Array,
    teacher_second_layer: Array,
    teacher_first_layer: Array,
    rest: Target | None = None,
    xp: ModuleType = np,
) -> Gradient:
    """Gradient of the correlation loss −2 E[f f*], in the type of the arrays.

    Args, Accuracy: as ``population.correlation_gradient``.
    """
    teacher = teacher_second_layer, teacher_first_layer
    slope = population.correlation_gradient(activation, second_layer, first_layer, *teacher, xp=xp)
    return _less_rest(slope, activation, second_layer, first_layer, rest, xp)


def _less_rest(
    slope: Gradient, activation: Activation, second: Array, first: Array, rest: Target | None, xp: ModuleType
) -> Gradient:
    """The gradient with what the rest of the target adds to it."""
    if rest is None:
        return slope
    value, by_row = rest.moments(activation, first, xp)
    return Gradient(slope.second_layer - 2 * value, slope.first_layer - 2 * second[..., None] * by_row)


def loss_float64(
    activation: Activation,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    rest: Target | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The loss as a plain float64 sum, and the size of its rounding error, both (B,).

    See ``population.loss_float64``. With a rest the error is 2⁻⁵⁰ of (√M + mass of h)².
    """
    weights = second_layer, first_layer, teacher_second_layer, teacher_first_layer
    total, rounding = population.loss_float64(activation, *weights)
    if rest is None:
        return total, rounding
    shared = np.sum(second_layer * rest.moments(activation, first_layer).value, -1)
    shared -= np.sum(teacher_second_layer * rest.moments(activation, teacher_first_layer).value, -1)
    return total - 2 * shared + rest.squared_norm(), _with_rest(rounding, rest)


def float64_rounding(
    activation: Activation,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    rest: Target | None = None,
) -> np.ndarray:
    """The size of the rounding error of ``loss_float64``, (B,), without the sum."""
    weights = second_layer, first_layer, teacher_second_layer, teacher_first_layer
    return _with_rest(population.float64_rounding(activation, *weights), rest)


def _with_rest(rounding: np.ndarray, rest: Target | None) -> np.ndarray:
    if rest is None:
        return rounding
    return FLOAT64_ROUNDING * (np.sqrt(rounding / FLOAT64_ROUNDING) + rest.mass()) ** 2


def refined_loss(
    activation: Activation,
    total: np.ndarray,
    rounding: np.ndarray,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    rest: Target | None = None,
) -> np.ndarray:
    """The loss as ``loss`` promises it, from its float64 sum and that one's rounding error."""
    if rest is not None:
        return np.maximum(0.0, total)
    weights = second_layer, first_layer, teacher_second_layer, teacher_first_layer
    return population.refined_loss(activation, total, rounding, *weights)


def loss(
    activation: Activation,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    rest: Target | None = None,
) -> np.ndarray:
    """The population loss, (B,), no factor ½; a sum below 0 is reported as 0.

    Accuracy: as ``population.loss`` without a rest; else right to ``loss_floor`` absolute
        (tests/theory/targets/test_loss.py).
    """
    if rest is None:
        return population.loss(activation, second_layer, first_layer, teacher_second_layer, teacher_first_layer)
    weights = second_layer, first_layer, teacher_second_layer, teacher_first_layer
    return np.maximum(0.0, loss_float64(activation, *weights, rest)[0])


def loss_floor(
    activation: Activation,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    rest: Target | None = None,
    precision: DTypeLike = float,
) -> np.ndarray:
    """The loss under which ``loss`` means nothing, (B,); see ``population.loss_floor`` and ``loss_floor_from``."""
    weights = second_layer, first_layer, teacher_second_layer, teacher_first_layer
    return loss_floor_from(activation, float64_rounding(activation, *weights, rest), rest, precision)


def loss_floor_from(
    activation: Activation, rounding: np.ndarray, rest: Target | None = None, precision: DTypeLike = float
) -> np.ndarray:
    """``loss_floor`` from the rounding error of the float64 sum, which with a rest or with biases is not refined."""
    floor = population.loss_floor_from(rounding, precision)
    return floor if rest is None and activation.biased is None else np.maximum(floor, rounding)


def ridge_second_layer(
    activation: Activation,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    rest: Target | None,
    weight_decay: np.ndarray,
    multiplicity: np.ndarray | None = None,
) -> np.ndarray:
    """The output weights (B, m) that minimise L + (λ/2)‖a‖² for a fixed first layer.

    Args, Accuracy: as ``population.ridge_second_layer``.
    """
    shared = None if rest is None else rest.moments(activation, first_layer).value
    teacher = teacher_second_layer, teacher_first_layer
    return population.ridge_second_layer(activation, first_layer, *teacher, weight_decay, multiplicity, shared)
