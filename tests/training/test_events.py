"""Starts and rows of batches: what is remembered is taken and put together run by run."""

import numpy as np

from featlearn.training.events import AtRow, Start
from featlearn.training.plan import Position
from featlearn.training.problem import State
from tests.training.examples import random_problem


def _starts(runs: int) -> list[Start]:
    _, state = random_problem(runs=runs)
    states = [
        State(a, w, {"m": a}) for a, w in ((state.second_layer[[i]], state.first_layer[[i]]) for i in range(runs))
    ]
    return [Start(s, Position(1, 7, 20), np.array([float(i)]), AtRow(s, 5)) for i, s in enumerate(states)]


def test_the_start_of_a_batch_remembers_what_each_run_remembers() -> None:
    starts = _starts(3)
    together = Start.stack(starts)
    assert together.position == Position(1, 7, 20)
    assert together.start_loss is not None
    assert together.at_row is not None
    assert together.start_loss.tolist() == [0.0, 1.0, 2.0]
    assert together.at_row.stage_step == 5
    for run, start in enumerate(starts):
        alone = together.take([run])
        assert alone.at_row is not None
        np.testing.assert_array_equal(alone.state.first_layer, start.state.first_layer)
        np.testing.assert_array_equal(alone.at_row.state.memory["m"], start.state.memory["m"])


def test_a_batch_that_has_not_begun_has_nothing_to_remember() -> None:
    _, state = random_problem(runs=2)
    together = Start.stack([Start(state.take([run])) for run in range(2)])
    assert (together.position, together.start_loss, together.at_row) == (Position(), None, None)
