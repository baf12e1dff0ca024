"""The arcsine of compiled code, and the sums over pairs against NumPy's for each family."""

from itertools import product

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import DROP_SETTINGS, activation_names
from featlearn.training.backends.pair_kernels import FAMILIES, arcsine
from tests.training.batches import batch, fused


def test_the_arcsine_is_right_to_two_ulp() -> None:
    edge = np.sqrt(0.5) + np.arange(-50, 50) * 2.0**-53
    x = np.concatenate([np.linspace(-1, 1, 100_001), edge, -edge, [1 - 2.0**-53, 1.0, 0.0, 1e-300]])
    found = arcsine.py_func(x, np.sqrt((1 - x) * (1 + x)))
    assert np.max(np.abs(found - np.arcsin(x)) / np.spacing(np.abs(np.arcsin(x)) + 1e-300)) <= 2.0


@pytest.mark.parametrize(("name", "drop"), list(product(activation_names(), DROP_SETTINGS)))
def test_sums_over_pairs_are_those_of_numpy(name: str, drop: int) -> None:
    problem, state = batch(2, 21, 6, name=name, drop=drop)
    arrays = state.second_layer, state.first_layer, problem.teacher_second_layer, problem.teacher_first_layer
    loss, slope = fused().loss_and_gradient(problem, state)
    truth = population.gradient(problem.activation, *arrays)
    np.testing.assert_allclose(loss, population.loss_float64(problem.activation, *arrays)[0], rtol=0, atol=1e-13)
    np.testing.assert_allclose(slope.second_layer, truth.second_layer, rtol=0, atol=1e-13)
    np.testing.assert_allclose(slope.first_layer, truth.first_layer, rtol=0, atol=1e-13)


def test_there_are_three_families() -> None:
    assert sorted(FAMILIES) == [0, 1, 2]
