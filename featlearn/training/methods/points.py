"""Points that methods with steps of their own go to and from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.training.objective import Objective
from featlearn.training.stages import LAYERS, Layer, Stage

LEAST_ROUNDING = 2.0**-50  # the least rounding error of the objective, relative


@dataclass(frozen=True)
class Point:
    """A vector of weights with the objective there and its gradient; ``loss_slope`` is that of the loss alone."""

    x: np.ndarray
    value: float
    slope: np.ndarray
    loss_slope: np.ndarray

    def finite(self) -> bool:
        return bool(np.isfinite(self.value) and np.isfinite(self.slope).all())


def point(objective: Objective, x: np.ndarray, decay: np.ndarray | float) -> Point:
    """The point of a vector of weights, at one weight decay."""
    loss, loss_slope = objective.loss_and_gradient(x)
    with np.errstate(all="ignore"):
        return Point(x, loss + objective.penalty(x, decay), loss_slope + decay * x, loss_slope)


def decays_at(stage: Stage, step: int, layers: tuple[Layer, ...] = LAYERS) -> tuple[float, ...]:
    """The weight decays of some layers at a step."""
    return tuple(stage.weight_decay.in_layer(layer).at_step(step) for layer in layers)
