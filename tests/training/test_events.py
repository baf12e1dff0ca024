"""Starts and rows of batches: what is remembered is taken and put together run by run."""

import numpy as np

from featlearn.training.events import AtRow, Reached, Start
from featlearn.training.plan import Position
from featlearn.training.reduction import Reduction, reductions
from featlearn.training.state import State
from tests.training.examples import random_problem, stage_of


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


def test_what_a_run_of_a_batch_has_reached_is_its_own() -> None:
    problem, state = random_problem(runs=2)
    mixed = np.stack([state.first_layer, -state.first_layer], 2).reshape(2, 16, 5)
    second = np.repeat(state.second_layer, 2, 1)
    second[1], mixed[1] = np.roll(second[1], 1), np.roll(mixed[1], 1, axis=0)  # coinciding in another order
    mirrored = State(second, mixed)
    ((_, reduction),) = reductions(problem, [stage_of()] * 2, mirrored, before_any_step=True, within_stage=False)
    reduced = reduction.reduced(mirrored)
    assert reduced.second_layer.shape == (2, 8)
    whole = reduction.expanded(reduced)
    for run in range(2):
        for resumes in (True, False):
            found = Reached(reduction, reduced, run, resumes).state
            wanted = reduction.expanded(reduced, resumes=resumes).take([run])
            np.testing.assert_array_equal(found.second_layer, wanted.second_layer)
            np.testing.assert_array_equal(found.first_layer, wanted.first_layer)
            assert found.memory.keys() == wanted.memory.keys()
            for name, values in wanted.memory.items():
                np.testing.assert_array_equal(found.memory[name], values)
        np.testing.assert_array_equal(whole.first_layer[run], mirrored.first_layer[run])
    alone = Reached(Reduction.nothing(problem, state), state, 1).state
    np.testing.assert_array_equal(alone.first_layer, state.first_layer[1:])
