"""The steps of the training methods that are compiled, for eight weights at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from featlearn.training.backends.vectors import compiled, fma, load, sqrt, store
from featlearn.training.methods.adam import BRANCH as ADAM
from featlearn.training.methods.adam import EPSILON
from featlearn.training.methods.gd import BRANCH as GD
from featlearn.training.methods.momentum import BRANCH as MOMENTUM


@compiled
def _gd(downhill, row, mean, square, beta1, beta2, step):
    return downhill


@compiled
def _momentum(downhill, row, mean, square, beta1, beta2, step):
    direction = fma(beta1, load(mean, row), downhill)
    store(mean, row, direction)
    return direction


@compiled
def _adam(downhill, row, mean, square, beta1, beta2, step):
    first = fma(beta1, load(mean, row), (1.0 - beta1) * downhill)
    second = fma(beta2, load(square, row), (1.0 - beta2) * downhill * downhill)
    store(mean, row, first)
    store(square, row, second)
    return (first / (1.0 - beta1**step)) / (sqrt(second / (1.0 - beta2**step)) + EPSILON)


# For each branch: (downhill, row, mean, square, beta1, beta2, step) → the direction of the step, which counts from 1;
# the method's memory of these weights lies in rows of ``mean`` and ``square``.
DIRECTIONS: dict[int, Callable[..., Any]] = {GD: _gd, MOMENTUM: _momentum, ADAM: _adam}
