"""Method adam: its steps one by one, and those of PyTorch."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from featlearn.training.stages import Schedule
from tests.training.compiled import NAMES
from tests.training.examples import assert_close, random_problem, rows_of, stage_of, steps_of_pytorch, twin_of


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("betas", [None, (0.7, 0.99)])
def test_it_takes_the_steps_of_its_plain_twin(betas: tuple[float, float] | None, name: str) -> None:
    problem, state = random_problem(name=name)
    stage = stage_of(method="adam", step_size=Schedule(0.0025, 0.5, 25), parameters={"betas": betas} if betas else {})
    beta1, beta2 = betas or (0.9, 0.999)

    def direction(memory: dict[str, Any], slope: np.ndarray, t: int) -> np.ndarray:
        memory["v"] = beta1 * memory.get("v", 0) + (1 - beta1) * slope
        memory["u"] = beta2 * memory.get("u", 0) + (1 - beta2) * slope**2
        return np.asarray(memory["v"] / (1 - beta1**t) / (np.sqrt(memory["u"] / (1 - beta2**t)) + 1e-8))

    last = rows_of(problem, [stage], state)[-1].state
    assert_close(last, twin_of(problem, state, stage, direction), rtol=1e-11, atol=1e-12)
    assert np.abs(last.first_layer - state.first_layer).max() > 0.01


def test_it_takes_the_steps_of_pytorch() -> None:
    problem, state = random_problem()
    sizes = {"step_size": Schedule(0.01), "weight_decay": Schedule(0.05)}
    stage = stage_of(method="adam", parameters={"betas": (0.7, 0.99)}, **sizes)
    optimiser = partial(torch.optim.Adam, lr=0.01, betas=(0.7, 0.99), eps=1e-8, weight_decay=0.05)
    theirs = steps_of_pytorch(problem, state, stage.steps, optimiser)
    assert_close(rows_of(problem, [stage], state)[-1].state, theirs, rtol=1e-10, atol=1e-11)
