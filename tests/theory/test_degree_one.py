"""relu and abs at points where their kernels are known in closed form, and at the kink."""

from math import pi, sqrt

import numpy as np
import pytest
import torch

from featlearn.theory.activations import activation


@pytest.mark.parametrize(
    ("name", "drop", "equal", "orthogonal", "opposite"),
    [
        ("relu", 0, 1 / 2, 1 / (2 * pi), 0.0),
        ("relu", 2, 1 / 4 - 1 / (2 * pi), 0.0, 1 / 4 - 1 / (2 * pi)),
        ("abs", 0, 1.0, 2 / pi, 1.0),
        ("abs", 2, 1 - 2 / pi, 0.0, 1 - 2 / pi),
    ],
)
def test_the_kernel_of_unit_rows(name: str, drop: int, equal: float, orthogonal: float, opposite: float) -> None:
    k, _, _ = activation(name, drop).kernel(np, np.ones(3), np.ones(3), np.array([1.0, 0.0, -1.0]))
    np.testing.assert_allclose(k, [equal, orthogonal, opposite], atol=1e-15)


@pytest.mark.parametrize("drop", [0, 2])
@pytest.mark.parametrize("name", ["relu", "abs"])
def test_rows_that_are_zero_have_no_kernel_and_finite_derivatives(name: str, drop: int) -> None:
    k, k_s, k_q = activation(name, drop).kernel(np, np.zeros(1), np.ones(1), np.zeros(1))
    assert k == 0
    assert np.isfinite([k_s, k_q]).all()


@pytest.mark.parametrize(("name", "slopes"), [("relu", [0.0, 0.5, 1.0]), ("abs", [-1.0, 0.0, 1.0])])
def test_the_slope_at_the_kink_is_halfway(name: str, slopes: list[float]) -> None:
    z, phi_prime = np.array([-2.0, 0.0, 3.0]), activation(name, 0).phi_prime
    assert phi_prime(z).tolist() == slopes
    assert phi_prime(torch.from_numpy(z), torch).tolist() == slopes


@pytest.mark.parametrize(("name", "factor"), [("relu", 1.0), ("abs", 2.0)])
def test_what_is_dropped_leaves_the_even_part(name: str, factor: float) -> None:
    z, q = np.array([-2.0, 0.0, 3.0]), 1.7
    expected = factor * (np.abs(z) - sqrt(2 * q / pi)) / 2
    np.testing.assert_allclose(activation(name, 2).pointwise(z, q), expected, rtol=1e-15)
