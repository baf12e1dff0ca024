"""The steps of the training methods that are compiled, for eight weights at a time."""

from __future__ import annotations

from featlearn.training.backends.vectors import compiled, fma, load, sqrt, store
from featlearn.training.methods.adam import BRANCH as ADAM
from featlearn.training.methods.adam import EPSILON
from featlearn.training.methods.momentum import BRANCH as MOMENTUM


@compiled
def direction(step, downhill, row, mean, square):
    """The direction of a ``step_kernels.Step``; what the method remembers of these weights is a row of two arrays."""
    if step.method == MOMENTUM:
        downhill = fma(step.beta1, load(mean, row), downhill)
        store(mean, row, downhill)
    elif step.method == ADAM:
        first = fma(step.beta1, load(mean, row), (1.0 - step.beta1) * downhill)
        second = fma(step.beta2, load(square, row), (1.0 - step.beta2) * downhill * downhill)
        store(mean, row, first)
        store(square, row, second)
        downhill = (first / step.unbias1) / (sqrt(second / step.unbias2) + EPSILON)
    return downhill
