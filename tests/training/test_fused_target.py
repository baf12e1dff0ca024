"""Polynomial targets as compiled code takes them."""

import numpy as np

from featlearn.training.backends.fused_target import fused_target
from tests.training.batches import batch
from tests.training.test_targets import made


def test_terms_that_the_activation_has_become_factors() -> None:
    problem, _ = made("staircase", "relu", 0, runs=3)  # x1 + x1*x2 + x1*x2*x3, and relu has no degree 3
    target = fused_target(problem)
    assert target.factors.tolist() == [1, 0, 1, 2, 0, 1, 1, 1]
    np.testing.assert_allclose(target.coefficients, [0.5, 1 / np.sqrt(2 * np.pi)], rtol=1e-15)
    np.testing.assert_allclose(target.squared_norm, [3.0] * 3)
    rows = target.take(slice(1, 3)).rows_of_directions()
    assert rows.shape == (4, 8)
    rows = rows.reshape(2, -1)  # of three directions of five coordinates
    np.testing.assert_array_equal(rows[:, :15], problem.teacher_first_layer[1:].reshape(2, -1))
    assert not rows[:, 15].any()


def test_neurons_of_the_activation_are_no_target_beside_the_columns() -> None:
    target = fused_target(batch(2, 4, 3)[0])
    assert target.directions.shape == (2, 0, 3)
    assert not target.squared_norm.any()
    assert len(target.coefficients) == 0
