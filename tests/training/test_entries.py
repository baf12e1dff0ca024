"""What is called from outside: several threads take the steps of one."""

import inspect

import numpy as np
import pytest

from featlearn.training.backends import WIDE
from featlearn.training.backends.entries import ARGUMENTS, ENTRIES
from tests.training.batches import assert_same_state, batch, fused, stages


def test_all_entries_take_the_arguments_that_are_declared() -> None:
    for name, entry in ENTRIES.items():
        assert len(inspect.signature(entry(0)).parameters) == len(ARGUMENTS[name])


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("method", ["gd", "adam"])
def test_threads_together_take_the_steps_of_one(method: str, threads: int) -> None:
    problem, state = batch(2, 2 * WIDE + 3, 5, teachers=11)
    plan, alone, together = stages(2, method, eta=0.002), fused(), fused()
    alone.threads, together.threads = 1, threads
    looks = np.array([3, 4, 17])
    ours, seen = together.advance_looking(problem.take([0]), plan[:1], state.take([0]), 0, looks)
    whole, all_seen = alone.advance_looking(problem, plan, state, 0, looks)
    assert_same_state(ours, whole.take([0]))
    assert seen.loss[0].tobytes() == all_seen.loss[0].tobytes()
    assert_same_state(together.advance(problem, plan, state, 0, 17), whole)
