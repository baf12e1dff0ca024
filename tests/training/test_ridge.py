"""Method ridge: the minimiser over the second layer."""

import numpy as np

from featlearn.theory import population
from featlearn.training.stages import Schedule, Stage
from tests.training.examples import random_problem, rows_of


def test_ridge_goes_to_the_minimiser_in_one_row() -> None:
    problem, state = random_problem()
    stage = Stage(name="ridge", train=("second_layer",), method="ridge", weight_decay=Schedule(0.03))
    events = rows_of(problem, [stage], state)
    assert [event.row["step"] for event in events] == [0, 1]
    last = events[-1]
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    a = population.ridge_second_layer(problem.activation, state.first_layer, *teacher, np.array([0.03]))
    np.testing.assert_array_equal(last.state.second_layer, a)
    np.testing.assert_array_equal(last.state.first_layer, state.first_layer)
    assert last.row["step_size"] is None
    assert last.row["grad_norm"] < 1e-12
