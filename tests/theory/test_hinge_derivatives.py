"""Second derivatives of kernels of hinges: those of relu, differences of gradients, and rows that are parallel."""

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.activations.biased_hinges import hinges
from featlearn.theory.activations.piecewise_linear import PiecewiseLinear, PiecewisePair
from featlearn.theory.hinge_derivatives import biased_hinge_vectors, hinge_vectors
from featlearn.theory.pair_derivatives import vectors_of
from featlearn.theory.pair_vectors import PairBends, Vectors
from tests.theory.test_piecewise_linear import FUNCTIONS, OTHERS

PAIRS = [("bent", "bent"), ("hardtanh", "hardtanh"), ("relu6", "leaky_relu"), ("abs", "bent"), ("bent", "softshrink")]


def _pair(names: tuple[str, str], drop: int) -> PiecewisePair:
    one, two = (FUNCTIONS.get(name) or OTHERS[name] for name in names)
    assert isinstance(one, PiecewiseLinear)
    assert isinstance(two, PiecewiseLinear)
    return PiecewisePair(one, two, drop)


def _slope(of: PiecewisePair, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """∂_u K."""
    _, by_s, by_q = of.kernel(np, u @ u, v @ v, u @ v)
    return np.asarray(by_s * v + 2 * by_q * u)


def _mixed(its: Vectors) -> np.ndarray:
    """∂_u ∂_vᵀ K of the first rows, (d, d)."""
    u, v, t = its.u[0], its.v[0], its.t[0, 0]
    alone, *others = (x[0, 0] for x in its.mixed)
    x, y = (v - t * u, u), (u - t * v, v)
    found = alone * np.eye(len(u))
    for factor, (i, j) in zip(others, ((0, 0), (0, 1), (1, 0), (1, 1)), strict=True):
        found += factor * np.outer(x[i], y[j])
    return np.asarray(found)


@pytest.mark.parametrize("drop", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("names", PAIRS)
def test_they_are_differences_of_gradients(names: tuple[str, str], drop: int) -> None:
    of, (u, v) = _pair(names, drop), 0.9 * np.random.default_rng(4).standard_normal((2, 3))
    its, step = hinge_vectors(of, u[None], v[None]), 1e-5
    moves = step * np.eye(3)
    own = np.array([(_slope(of, u + h, v) - _slope(of, u - h, v)) / (2 * step) for h in moves])
    mixed = np.array([(_slope(of, u, v + h) - _slope(of, u, v - h)) / (2 * step) for h in moves]).T
    np.testing.assert_allclose(PairBends(its, np.ones(1)).block(0), own, rtol=0, atol=3e-9)
    np.testing.assert_allclose(_mixed(its), mixed, rtol=0, atol=3e-9)
    np.testing.assert_allclose(
        its.by_row[0] * its.v + its.by_row[1] * its.u, _slope(of, u, v)[None], rtol=0, atol=1e-15
    )


@pytest.mark.parametrize("drop", [0, 1, 2, 4])
def test_those_of_relu_are_the_known_ones_for_rows_that_are_parallel_short_or_zero(drop: int) -> None:
    rows = np.array([[0.3, -1.2], [0.3 + 1e-9, -1.2], [-0.6, 2.4], [1e-5, 0.0], [0.0, 0.0]])
    relu = activation("relu", drop)
    assert relu.straight is not None
    found, known = (
        hinge_vectors(PiecewisePair(relu.straight, relu.straight, drop), rows, rows),
        vectors_of(relu, rows, rows),
    )
    c = np.arange(1.0, 6.0)
    for j in range(len(rows) - 1):
        truth = PairBends(known, c).block(j)
        np.testing.assert_allclose(
            PairBends(found, c).block(j), truth, rtol=0, atol=1e-12 * max(1, np.abs(truth).max())
        )
    assert np.isfinite(PairBends(found, c).block(4)).all()


def test_rows_that_meet_have_the_second_derivatives_of_a_neuron_with_itself() -> None:
    """At u = v, E[φ′(u·x)² x xᵀ] by quadrature, along u and across."""
    function, u = FUNCTIONS["hardtanh"], np.array([1.5, 0.0])
    z, weights = np.polynomial.legendre.leggauss(40)
    inside = 2 / 3  # |u·x| < 1 for |z| below it
    density = weights * inside * np.exp(-0.5 * (inside * z) ** 2) / np.sqrt(2 * np.pi)
    truth = np.diag([density @ (inside * z) ** 2, density.sum()])
    found = _mixed(hinge_vectors(PiecewisePair(function, function, 0), u[None], u[None]))
    np.testing.assert_allclose(found, truth, rtol=0, atol=1e-14)


@pytest.mark.parametrize("drop", [0, 1, 2, 4])
@pytest.mark.parametrize("names", [("bent", "bent"), ("hardtanh", "hardtanh"), ("relu6", "abs")])
def test_with_biases_they_are_differences_of_gradients(names: tuple[str, str], drop: int) -> None:
    of, (u, v), step = _pair(names, drop), np.random.default_rng(8).standard_normal((2, 4)), 1e-5
    its, moves = biased_hinge_vectors(of.of_u, of.of_v, drop, u[None], v[None]), 1e-5 * np.eye(4)

    def slope(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        w, b, x, c = u[:-1], u[-1], v[:-1], v[-1]
        _, by_s, by_q, by_b = hinges(of.of_u, of.of_v, drop, np, w @ w, b, x @ x, c, w @ x)
        return np.append(by_s * x + 2 * by_q * w, by_b)

    own = np.array([(slope(u + h, v) - slope(u - h, v)) / (2 * step) for h in moves])
    mixed = np.array([(slope(u, v + h) - slope(u, v - h)) / (2 * step) for h in moves]).T
    np.testing.assert_allclose(PairBends(its, np.ones(1)).block(0), own, rtol=0, atol=3e-9)
    found = _mixed(its)
    assert its.mixed_shift is not None
    ue, ve, eu, ev, ee = (x[0, 0] for x in its.mixed_shift)
    found[:, -1] += ue * its.u[0] + ve * its.v[0]
    found[-1] += eu * its.u[0] + ev * its.v[0]
    found[-1, -1] += ee
    np.testing.assert_allclose(found, mixed, rtol=0, atol=3e-9)
