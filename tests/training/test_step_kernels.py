"""The parts of a round: how shares are added, and that shares have all pairs once."""

from types import SimpleNamespace

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.training.backends import WIDE, step_kernels, vectors
from featlearn.training.backends.layout import LANES, PANEL
from tests.training.batches import batch, fused


@pytest.mark.parametrize(("block", "expected"), [(0, 1), (PANEL, 3), (2 * PANEL, 7), (9 * PANEL, 7)])
def test_a_block_has_the_sums_of_the_shares_that_reach_it(block: int, expected: int) -> None:
    rows = np.repeat([1.0, 2.0, 4.0], 2)[:, None] * np.ones(LANES)  # three shares of two rows
    assert step_kernels._sum_of_shares.py_func(SimpleNamespace(shares=3), rows, 2, 1, block)[0] == expected


def test_lanes_are_added() -> None:
    assert vectors.sum_of_lanes.py_func(np.arange(LANES), np.zeros((1, LANES))) == sum(range(LANES))


@pytest.mark.parametrize("m", [WIDE - 1, WIDE, 2 * WIDE + 5, 2 * WIDE + 40])
def test_gradients_of_wide_runs_are_those_of_numpy(m: int) -> None:
    problem, state = batch(1, m, 4, teachers=11)
    arrays = state.second_layer, state.first_layer, problem.teacher_second_layer, problem.teacher_first_layer
    loss, slope = fused().loss_and_gradient(problem, state)
    truth = population.gradient(problem.activation, *arrays)
    np.testing.assert_allclose(loss, population.loss_float64(problem.activation, *arrays)[0], rtol=1e-10)
    np.testing.assert_allclose(slope.first_layer, truth.first_layer, rtol=0, atol=1e-12)
    np.testing.assert_allclose(slope.second_layer, truth.second_layer, rtol=0, atol=1e-12)
