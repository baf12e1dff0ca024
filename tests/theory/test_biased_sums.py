"""Polynomials with biases: sums over their degrees, against quadrature that is exact for polynomials."""

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.activations.biased import with_biases
from featlearn.theory.activations.biased_sums import kernel_of_polynomials

NAMES = ["linear", "quadratic", "polynomial"]
AT = 1.3, 0.4, 0.7, -0.9, 0.5


@pytest.mark.parametrize("name", NAMES)
def test_kernels_are_those_of_quadrature(name: str) -> None:
    plain = activation(name, 0)
    act = with_biases(plain)
    assert act.biased is not None
    assert getattr(act.biased, "func", None) is kernel_of_polynomials
    z, weight = np.polynomial.hermite_e.hermegauss(12)
    weight = weight / np.sqrt(2 * np.pi)
    q_u, b_u, q_v, b_v, s = AT
    t = s / np.sqrt(q_u * q_v)
    first = np.sqrt(q_u) * z[:, None] + b_u
    second = np.sqrt(q_v) * (t * z[:, None] + np.sqrt(1 - t * t) * z) + b_v
    found = act.biased(np, *map(np.array, AT))
    assert found.value == pytest.approx(weight @ (plain.phi(first) * plain.phi(second)) @ weight, rel=1e-13)
    assert found.by_s == pytest.approx(weight @ (plain.phi_prime(first) * plain.phi_prime(second)) @ weight, rel=1e-13)
    assert found.by_b == pytest.approx(weight @ (plain.phi_prime(first) * plain.phi(second)) @ weight, rel=1e-13)
    step = 1e-5
    ends = [act.biased(np, *map(np.array, (q_u + sign * step, *AT[1:]))).value for sign in (1, -1)]
    assert found.by_q == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-9)
