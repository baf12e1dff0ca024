"""The population loss of a student against any target: L = ‖f‖² − 2 Σ_j a_j E[φ̃(w_j·x) f*(x)] + ‖f*‖².

Neurons of the student's own activation join the student's list instead, as in ``theory.population``, which loses no
digits near the teacher: nothing changes for them. Derived in docs/theory.md §11.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from featlearn.theory import population
from featlearn.theory.activations import Activation, Array
from featlearn.theory.population import FLOAT64_ROUNDING, Gradient
from featlearn.theory.targets.interface import Target
from featlearn.theory.targets.neurons import NeuronTarget

Neurons = tuple[Any, Any]  # second layer (B, n) and first layer (B, n, d)


def split(activation: Activation, target: Target, first_layer: Array) -> tuple[Neurons, Target | None]:
    """The neurons of a target that join those of a student, and the target where it is not made of such."""
    if isinstance(target, NeuronTarget) and target.activation is activation:
        return (target.second_layer, target.first_layer), None
    nothing = first_layer[:, :0]
    return (nothing[..., 0], nothing), target


def gradient(
    activation: Activation, second_layer: Array, first_layer: Array, target: Target, xp: ModuleType = np
) -> Gradient:
    """Gradient of the population loss (no weight decay), in the type of the arrays, which the target's arrays have too.

    Args, Accuracy: as ``population.gradient``.
    """
    neurons, rest = split(activation, target, first_layer)
    slope = population.gradient(activation, second_layer, first_layer, *neurons, xp)
    if rest is None:
        return slope
    value, by_row = rest.moments(activation, first_layer, xp)
    return Gradient(slope.second_layer - 2 * value, slope.first_layer - 2 * second_layer[..., None] * by_row)


def loss(activation: Activation, second_layer: np.ndarray, first_layer: np.ndarray, target: Target) -> np.ndarray:
    """The population loss, (B,), no factor ½; a sum below 0 is reported as 0.

    Accuracy: as ``population.loss`` for neurons of the student's activation; else right to ``loss_floor`` absolute
        (tests/theory/targets/test_loss.py).
    """
    neurons, rest = split(activation, target, first_layer)
    if rest is None:
        return population.loss(activation, second_layer, first_layer, *neurons)
    own, _ = population.loss_float64(activation, second_layer, first_layer, *neurons)
    shared = np.sum(second_layer * rest.moments(activation, first_layer).value, -1)
    return np.maximum(0.0, own - 2 * shared + rest.squared_norm())


def loss_floor(activation: Activation, second_layer: np.ndarray, first_layer: np.ndarray, target: Target) -> np.ndarray:
    """The loss under which ``loss`` means nothing, (B,): 2⁻⁵⁰ of all that cancels, (Σ_j |a_j| √scale + mass of f*)²."""
    neurons, rest = split(activation, target, first_layer)
    if rest is None:
        return population.loss_floor(activation, second_layer, first_layer, *neurons)
    student = population.float64_rounding(activation, second_layer, first_layer, *neurons) / FLOAT64_ROUNDING
    return FLOAT64_ROUNDING * (np.sqrt(student) + rest.mass()) ** 2


def ridge_second_layer(
    activation: Activation, first_layer: np.ndarray, target: Target, weight_decay: np.ndarray
) -> np.ndarray:
    """The output weights (B, m) that minimise L + (λ/2)‖a‖² for a fixed first layer.

    Args, Accuracy: as ``population.ridge_second_layer``.
    """
    neurons, rest = split(activation, target, first_layer)
    if rest is None:
        return population.ridge_second_layer(activation, first_layer, *neurons, weight_decay)
    q = np.sum(first_layer * first_layer, -1)
    k, _, _ = activation.kernel(np, q[:, :, None], q[:, None, :], first_layer @ first_layer.mT)
    shared = rest.moments(activation, first_layer).value
    solved = (population.solve_ridge(*of_run) for of_run in zip(k, shared, weight_decay, strict=True))
    return np.stack(list(solved))
