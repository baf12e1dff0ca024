"""Method momentum: the heavy ball, step by step."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from featlearn.training.methods.momentum import METHOD
from featlearn.training.stages import Schedule
from tests.training.compiled import NAMES
from tests.training.examples import assert_close, random_problem, rows_of, stage_of, steps_of_pytorch, twin_of


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("momentum", [None, 0.5])
def test_it_takes_the_steps_of_its_plain_twin(momentum: float | None, name: str) -> None:
    problem, state = random_problem(name=name)
    given = {} if momentum is None else {"momentum": momentum}
    stage = stage_of(method="momentum", step_size=Schedule(0.0075, 0.5, 25), parameters=given)

    def velocity(memory: dict[str, Any], slope: np.ndarray, t: int) -> np.ndarray:
        memory["v"] = (0.9 if momentum is None else momentum) * memory.get("v", 0) + slope
        return np.asarray(memory["v"])

    last = rows_of(problem, [stage], state)[-1].state
    assert_close(last, twin_of(problem, state, stage, velocity), rtol=1e-11, atol=1e-12)
    assert np.abs(last.first_layer - state.first_layer).max() > 0.01


def test_it_takes_the_steps_of_pytorch() -> None:
    problem, state = random_problem()
    sizes = {"step_size": Schedule(0.03), "weight_decay": Schedule(0.05)}
    stage = stage_of(method="momentum", parameters={"momentum": 0.8}, **sizes)
    optimiser = partial(torch.optim.SGD, lr=0.03, momentum=0.8, weight_decay=0.05)
    theirs = steps_of_pytorch(problem, state, stage.steps, optimiser)
    assert_close(rows_of(problem, [stage], state)[-1].state, theirs, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_weight_decay_alone_makes_weights_grow_above_its_limit(momentum: float) -> None:
    assert METHOD.decay_limit is not None
    limit = METHOD.decay_limit(momentum=momentum)
    for product, grows in ((0.99 * limit, False), (1.01 * limit, True)):
        x, memory = 1.0, dict[str, Any]()
        for step in range(1, 2001):
            x -= product * METHOD.direction(np, memory, x, step, momentum=momentum)
        assert (abs(x) > 1) == grows
