"""Weights of a batch of runs: which of them are finite."""

import numpy as np
import pytest

from featlearn.training.state import State


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_run_is_finite_when_all_of_its_weights_are(bad: float) -> None:
    state = State(np.ones((3, 2)), np.ones((3, 2, 4)))
    state.second_layer[0, 1] = bad
    state.first_layer[2, 1, 3] = bad
    assert state.finite().tolist() == [False, True, False]
