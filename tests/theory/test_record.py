"""The record of an activation takes from φ and φ′ what it says is dropped, and is equal to itself alone."""

from dataclasses import replace

import numpy as np
import pytest

from featlearn.theory.activations import Activation, activation, activations

Z, Q = np.array([-1.5, 0.0, 2.0]), np.array([0.5, 1.0, 4.0])


@pytest.mark.parametrize("phi", activations(), ids=lambda phi: f"{phi.name}-{phi.drop_hermite_below}")
def test_what_is_dropped_is_the_mean_and_the_slope(phi: Activation) -> None:
    mean, slope = (phi.mean(Q), phi.slope(Q)) if phi.drop_hermite_below == 2 else (0 * Q, 0 * Q)
    np.testing.assert_array_equal(phi.pointwise(Z, Q), phi.phi(Z) - mean - slope * Z)
    np.testing.assert_array_equal(phi.pointwise_prime(Z, Q), phi.phi_prime(Z) - slope)


def test_a_copy_is_another_activation() -> None:
    phi = activation("relu", 2)
    assert phi == activation("relu", 2)
    assert phi != replace(phi)
    assert len({phi, replace(phi)}) == 2
