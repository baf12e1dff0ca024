"""z²: every number of it is a moment of the normal distribution."""

import numpy as np
import pytest

from featlearn.theory.activations import activation

Q_U, Q_V, S = np.array([1.0, 2.0]), np.array([1.0, 0.5]), np.array([1.0, -0.25])


@pytest.mark.parametrize(("drop", "k", "k_q"), [(0, [3.0, 1.125], [1.0, 0.5]), (2, [2.0, 0.125], [0.0, 0.0])])
def test_the_kernel(drop: int, k: list[float], k_q: list[float]) -> None:
    found = activation("quadratic", drop).kernel(np, Q_U, Q_V, S)
    assert [part.tolist() for part in found] == [k, [4.0, -1.0], k_q]


def test_what_is_dropped_is_the_norm() -> None:
    z, q = np.array([-1.0, 0.0, 2.0]), 3.0
    np.testing.assert_array_equal(activation("quadratic", 2).pointwise(z, q), z**2 - q)
    np.testing.assert_array_equal(activation("quadratic", 2).pointwise_prime(z, q), 2 * z)
