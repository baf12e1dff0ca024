"""The steps of compiled methods are those of the methods' records; whole runs are compared in ``test_fused``."""

from typing import Any

import numpy as np
import pytest

from featlearn.training.backends.layout import LANES
from featlearn.training.backends.method_kernels import direction
from featlearn.training.backends.step_kernels import Step
from featlearn.training.methods import METHODS


@pytest.mark.parametrize("name", ["gd", "momentum", "adam"])
def test_three_steps_are_those_of_the_record(name: str) -> None:
    method: Any = METHODS[name]
    values = {parameter.name: parameter.default for parameter in method.parameters}
    beta1, beta2 = method.compiled.numbers(**values)
    mean, square = np.zeros((2, LANES)), np.zeros((2, LANES))
    memory: dict[str, Any] = {}
    for number in (1, 2, 3):
        slope = np.random.default_rng(number).standard_normal(LANES)
        step = Step(method.compiled.branch, beta1, beta2, 1 - beta1**number, 1 - beta2**number, 0, 0, 1, 1, 1, 1, 0)
        found = direction.py_func(step, slope, 1, mean, square)
        np.testing.assert_allclose(found, method.direction(np, memory, slope, number, **values), rtol=1e-14)
