"""Kernels of two activations of which one is smooth, against quadrature."""

import numpy as np
import pytest
import torch

from featlearn.theory import quadrature
from featlearn.theory.activations import activation
from featlearn.theory.activations.hinges import Hinge, Hinges
from featlearn.theory.activations.own_kinks import piecewise_linear_activation
from featlearn.theory.activations.piecewise_linear import PiecewiseLinear
from featlearn.theory.targets.cross import cross_kernel, kernel_beyond
from featlearn.theory.targets.cross_bends import _beyond, _second_derivatives

PAIRS = [
    ("relu", "tanh"),
    ("tanh", "relu"),
    ("softplus", "abs"),
    ("erf", "silu"),
    ("tanh", "sigmoid"),
    ("silu", "relu"),
]
POINTS = [(1.0, 1.0, 0.3), (1.0, 4.0, -0.7), (2.0, 2.0, 1.0), (1e-4, 1.0, 0.5), (3.0, 4.0, 1 - 1e-12)]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_the_kernel_and_its_derivatives_are_expectations(one: str, other: str) -> None:
    phi, g = activation(one, 0), activation(other, 0)
    kernel = cross_kernel(phi, g)
    for q_u, q_v, t in POINTS:
        s = t * np.sqrt(q_u * q_v)
        found = [float(x) for x in kernel(np, np.float64(q_u), np.float64(q_v), np.float64(s))]
        k_s = quadrature.expectation(phi.phi_prime, g.phi_prime, q_u, q_v, s)
        along = quadrature.expectation(lambda z: z * phi.phi_prime(z), g.phi, q_u, q_v, s)
        truth = quadrature.expectation(phi.phi, g.phi, q_u, q_v, s), k_s, (along - s * k_s) / (2 * q_u)
        assert found == pytest.approx(truth, rel=0, abs=1e-12 * max(1.0, 0.1 / q_u))
        tensors = kernel(torch, *(torch.tensor([x], dtype=torch.float64) for x in (q_u, q_v, s)))
        assert [float(x) for x in tensors] == pytest.approx(found, rel=0, abs=1e-14)


@pytest.mark.parametrize("drop", [1, 2, 3])
def test_low_degrees_are_left_out(drop: int) -> None:
    given = [np.array([x]) for x in (1.0, 2.0, -0.6)]
    whole = cross_kernel(activation("relu", 0), activation("softplus", 0))(np, *given)
    rest = cross_kernel(activation("relu", drop), activation("softplus", drop))(np, *given)
    t = -0.6 / np.sqrt(2.0)
    low = [activation("relu", 0).projection(k, 1.0) * activation("softplus", 0).projection(k, 2.0) for k in range(3)]
    expected = sum(low[k] * t**k / (1, 1, 2)[k] for k in range(drop))
    assert float((whole[0] - rest[0])[0]) == pytest.approx(float(expected), abs=1e-13)


def test_a_run_does_not_depend_on_the_others_and_zero_rows_are_finite() -> None:
    kernel = cross_kernel(activation("relu", 0), activation("tanh", 0))
    q_u, q_v = np.array([[[1.0], [0.0]], [[2.0], [0.3]]]), np.array([[[1.0, 0.0]], [[9.0, 4.0]]])
    s = 0.5 * np.sqrt(q_u * q_v)
    together = kernel(np, q_u, q_v, s)
    for run in range(2):
        alone = kernel(np, *(x[run : run + 1] for x in (q_u, q_v, s)))
        for one, other in zip(together, alone, strict=True):
            np.testing.assert_array_equal(one[run], other[0])
    assert all(np.isfinite(x).all() for x in together)


STAND_INS = [
    ("tanh", "erf"),
    ("sigmoid", "tanh"),
    ("softplus", "relu"),
    ("leaky_relu", "softplus"),
    ("silu", "abs"),
    ("gelu", "softplus"),
    ("silu", "gelu"),
]


@pytest.mark.parametrize(("one", "other"), STAND_INS)
@pytest.mark.parametrize("drop", [0, 2, 3])
def test_what_stands_for_a_series_beyond_its_reach_is_the_same_within(one: str, other: str, drop: int) -> None:
    phi, g = activation(one, drop), activation(other, drop)
    rng = np.random.default_rng(drop)
    x, t = rng.uniform(0.5, 2.5, (2, 4)), rng.uniform(-1, 1, (4, 4))
    q_u, q_v = x[0][:, None] ** 2, x[1][None] ** 2
    s = t * np.sqrt(q_u * q_v)
    beyond = kernel_beyond(phi, g)
    assert beyond is not None
    for ours, theirs in zip(beyond(np, q_u, q_v, s), cross_kernel(phi, g)(np, q_u, q_v, s), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=3e-14)
    bends = _beyond(phi, g, drop, q_u, q_v, s), _second_derivatives(phi, g, drop, q_u, q_v, s)
    for ours, theirs in zip(*bends, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=3e-13)


@pytest.mark.parametrize(("one", "other"), STAND_INS)
def test_runs_with_long_rows_take_it_and_leave_the_others_alone(one: str, other: str) -> None:
    phi, g = activation(one, 0), activation(other, 0)
    kernel = cross_kernel(phi, g)
    stretch = np.array([1.0, 40.0, 1e5])[:, None, None] ** 2
    q_u, q_v = stretch * np.array([[1.0], [2.0]]), stretch * np.array([[3.0, 0.5]])
    s = np.array([[0.3, -0.9], [1.0, -1.0]]) * np.sqrt(q_u * q_v)
    found = kernel(np, q_u, q_v, s)
    for run in range(2):
        alone = kernel(np, *(x[run : run + 1] for x in (q_u, q_v, s)))
        tensors = kernel(torch, *(torch.tensor(x[run : run + 1]) for x in (q_u, q_v, s)))
        for ours, its, others in zip(found, alone, tensors, strict=True):
            assert np.isfinite(ours[run]).all()
            np.testing.assert_array_equal(ours[run], its[0])
            np.testing.assert_allclose(others[0].numpy(), its[0], rtol=1e-12, atol=1e-13)
    assert np.isnan(found[0][2]).all()
    assert np.isfinite(_second_derivatives(phi, g, 0, q_u[1], q_v[1], s[1]).ss).all()


def test_what_has_no_closed_kernel_has_none_beyond() -> None:
    assert kernel_beyond(activation("tanh", 0), activation("sin", 0)) is None
    assert kernel_beyond(activation("erf", 0), activation("sin", 0)) is None
    relu6 = PiecewiseLinear(0.0, 0.0, Hinges((Hinge(1.0, 1, 0.0), Hinge(-1.0, 1, 6.0))))
    kinked = piecewise_linear_activation("relu6", "relu6", relu6, "none")(0)
    assert kernel_beyond(activation("softplus", 0), kinked) is None  # second derivatives beside relu are not known
