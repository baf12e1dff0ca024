"""Hermite coefficients with biases against quadrature, and what polynomial targets make of them."""

import numpy as np
import pytest
import torch

from featlearn.theory.activations import activation
from featlearn.theory.activations.biased import with_biases
from featlearn.theory.hermite import hermite_polynomials
from featlearn.theory.targets import loss as against
from featlearn.theory.targets.formula import hermite_terms
from featlearn.theory.targets.polynomial import HermiteTarget

NAMES = ["relu", "abs", "leaky_relu", "erf", "quadratic", "linear", "polynomial", "gelu", "sin", "tanh", "softplus"]


def _expected(name: str, k: int, x: float, b: float) -> tuple[float, float]:
    """E[φ(xz + b) He_k(z)] and E[φ′(xz + b) He_k(z)] by Gauss's rule on both sides of the kink."""
    act, points = activation(name, 0), np.linspace(-12, 12, 49)
    ends = np.sort(np.append(points, -b / x)) if x and abs(b / x) < 12 else points
    nodes, weights = np.polynomial.legendre.leggauss(20)
    half = np.diff(ends)[:, None] / 2
    z = ends[:-1, None] + half + half * nodes
    weight = half * weights * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    he = list(hermite_polynomials(z, 1.0, k + 1))[k]
    return float(np.sum(weight * he * act.phi(x * z + b))), float(np.sum(weight * he * act.phi_prime(x * z + b)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("x", "b"), [(1.0, 0.3), (0.4, -1.1), (2.0, 3.0), (1e-3, 0.2), (0.0, 0.7), (1.0, 0.0)])
def test_moments_are_those_of_quadrature(name: str, x: float, b: float) -> None:
    act = with_biases(activation(name, 0))
    for k in range(6):
        at = np.array([x * x]), np.array([b])
        found = [float(its[0]) for its in act.biased_moment(np, k, *at)]
        np.testing.assert_allclose(found, _expected(name, k, x, b), atol=1e-12)
        in_torch = [its.item() for its in act.biased_moment(torch, k, *map(torch.from_numpy, at))]
        np.testing.assert_allclose(in_torch, found, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_against_a_polynomial_are_differences_of_the_loss(name: str) -> None:
    act, rng = with_biases(activation(name, 0)), np.random.default_rng(4)
    directions = np.concatenate([np.linalg.qr(rng.standard_normal((4, 3)))[0].T, np.zeros((3, 1))], -1)[None]
    target = HermiteTarget(hermite_terms("0.5 + x1 + x1*x2 + He3(x3)"), directions)
    a, w = rng.standard_normal((1, 3)), 0.7 * rng.standard_normal((1, 3, 5))
    nothing = a[:, :0], w[:, :0]
    slope, step = against.gradient(act, a, w, *nothing, target), 1e-5
    for layer, its in enumerate(slope):
        for place in np.ndindex(its.shape):
            ends = []
            for sign in (1, -1):
                moved = a.copy(), w.copy()
                moved[layer][place] += sign * step
                ends.append(against.loss(act, *moved, *nothing, target)[0])
            assert its[place] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=3e-8)


@pytest.mark.parametrize("name", NAMES)
def test_those_of_a_row_do_not_depend_on_others(name: str) -> None:
    act = with_biases(activation(name, 0))
    assert act.biased_coefficients is not None
    q, b = np.array([0.3, 1.7, 4.0]), np.array([0.2, -1.0, 2.5])
    together = act.biased_coefficients(np, 3, q, b)
    for row in range(3):
        alone = act.biased_coefficients(np, 3, q[row : row + 1], b[row : row + 1])
        for one, other in zip(together, alone, strict=True):
            np.testing.assert_array_equal([its[row] for its in one], [its[0] for its in other])
