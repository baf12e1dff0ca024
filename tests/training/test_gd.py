"""Method gd: gradient descent, step by step."""

from functools import partial

import numpy as np
import pytest
import torch

from featlearn.training.methods.gd import METHOD
from featlearn.training.stages import Schedule
from tests.training.compiled import NAMES
from tests.training.examples import assert_close, random_problem, rows_of, stage_of, steps_of_pytorch, twin_of


@pytest.mark.parametrize("name", NAMES)
def test_it_takes_the_steps_of_its_plain_twin(name: str) -> None:
    problem, state = random_problem(name=name)
    stage = stage_of(step_size=Schedule(0.05, 0.5, 25))
    last = rows_of(problem, [stage], state)[-1].state
    assert_close(last, twin_of(problem, state, stage, lambda memory, slope, t: slope), rtol=1e-11, atol=1e-12)
    assert np.abs(last.first_layer - state.first_layer).max() > 0.01


def test_it_takes_the_steps_of_pytorch() -> None:
    problem, state = random_problem()
    stage = stage_of(step_size=Schedule(0.2), weight_decay=Schedule(0.05))
    theirs = steps_of_pytorch(problem, state, stage.steps, partial(torch.optim.SGD, lr=0.2, weight_decay=0.05))
    assert_close(rows_of(problem, [stage], state)[-1].state, theirs, rtol=1e-10, atol=1e-11)


def test_weight_decay_alone_makes_weights_grow_above_its_limit() -> None:
    assert METHOD.decay_limit is not None
    for product, grows in ((0.99 * METHOD.decay_limit(), False), (1.01 * METHOD.decay_limit(), True)):
        x = 1.0
        for step in range(1, 2001):
            x -= product * METHOD.direction(np, {}, x, step)
        assert (abs(x) > 1) == grows
