"""erf at points where its kernel is known in closed form; NumPy and PyTorch agree on φ and φ′."""

from math import pi, sqrt

import numpy as np
import pytest
import torch

from featlearn.theory.activations import activation

PLAIN, DROPPED = activation("erf", 0), activation("erf", 2)


def test_unit_rows() -> None:
    s = np.array([1.0, 0.0, -1.0])
    np.testing.assert_allclose(PLAIN.kernel(np, np.ones(3), np.ones(3), s)[0], [1 / 3, 0, -1 / 3], atol=1e-15)
    rest = 1 / 3 - 1 / pi  # asin(1/2) − 1/2, times 2/π
    np.testing.assert_allclose(DROPPED.kernel(np, np.ones(3), np.ones(3), s)[0], [rest, 0, -rest], atol=1e-15)


def test_nothing_of_a_small_row_is_left_by_cancellation() -> None:
    q = 1e-8
    k, k_s, _ = DROPPED.kernel(np, np.float64(q), np.float64(q), np.float64(q))
    assert k == pytest.approx(q**3 / (3 * pi), rel=1e-7)  # (2/π) t³/6 with t = q
    assert k_s == pytest.approx(q**2 / pi, rel=1e-7)


def test_phi_and_its_slope_are_those_of_the_normal_distribution() -> None:
    z = np.array([-1.0, 0.0, 2.0])
    np.testing.assert_allclose(PLAIN.phi(z), [-0.6826894921370859, 0, 0.9544997361036416], rtol=1e-14)
    np.testing.assert_allclose(PLAIN.phi_prime(z), sqrt(2 / pi) * np.exp(-(z**2) / 2), rtol=1e-15)


@pytest.mark.parametrize("function", [PLAIN.phi, PLAIN.phi_prime])
def test_tensors_give_the_same_and_are_left_as_they_were(function: object) -> None:
    assert callable(function)
    z = torch.linspace(-3, 3, 7, dtype=torch.float64)
    before = z.clone()
    np.testing.assert_allclose(function(z, torch).numpy(), function(z.numpy()), rtol=1e-14, atol=1e-15)
    assert torch.equal(z, before)
