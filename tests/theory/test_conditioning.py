"""The conditioning of a teacher against eigenvalues that are known."""

import numpy as np
import pytest

from featlearn.theory.conditioning import conditioning, least_to_largest
from featlearn.training.networks import generator, orthonormal_rows


def test_that_of_orthonormal_directions_is_the_ratio_of_the_output_weights() -> None:
    rows = orthonormal_rows(generator(0, "teacher"), 4, 9)
    assert conditioning(np.array([1.0, -0.5, 2.0, 0.25]), rows) == pytest.approx(0.125, rel=1e-13)


def test_only_the_span_counts() -> None:
    # two directions at 60° in three dimensions, a = 1: the eigenvalues are 1 ± cos 60°
    rows = np.array([[1.0, 0.0, 0.0], [0.5, np.sqrt(0.75), 0.0]])
    assert conditioning(np.ones(2), rows) == pytest.approx(1 / 3, rel=1e-13)
    assert conditioning(np.ones(1), rows[:1]) == 1.0


def test_a_direction_whose_weights_cancel_is_missed() -> None:
    assert conditioning(np.array([1.0, 0.0]), np.eye(2)) == 0.0
    assert conditioning(np.array([1.0, -1.0]), np.array([[1.0, 0.0], [1.0, 0.0]])) == 0.0
    assert least_to_largest(np.zeros((3, 2, 2))).tolist() == [0.0, 0.0, 0.0]
