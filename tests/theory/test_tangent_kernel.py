"""The tangent kernel against an explicit Jacobian, made of differences of the network's values."""

from itertools import product

import numpy as np
import pytest

from featlearn.theory.activations import Activation, activation, activation_names
from featlearn.theory.tangent_kernel import neural_tangent_kernel, tangent_kernel_distance

SETTINGS = [x for x in product(activation_names(), (0, 1, 2, 3, 4, 6)) if not activation(*x).is_zero]


def _draw(runs: int = 1, m: int = 5, d: int = 3, points: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng([runs, m, d])
    return rng.standard_normal((runs, m)), rng.standard_normal((runs, m, d)), rng.standard_normal((runs, points, d))


def _network(act: Activation, a: np.ndarray, w: np.ndarray, x: np.ndarray) -> np.ndarray:
    """f at the points x (P, d), neuron by neuron."""
    return sum(
        (a_j * act.pointwise(x @ row, float(row @ row)) for a_j, row in zip(a, w, strict=True)), np.zeros(len(x))
    )


def _jacobian(act: Activation, a: np.ndarray, w: np.ndarray, x: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """∂f(x_p)/∂θ, (P, weights), by central differences."""
    theta, m = np.concatenate([a, w.ravel()]), len(a)
    columns = []
    for i in range(len(theta)):
        ends = []
        for sign in (1, -1):
            moved = theta.copy()
            moved[i] += sign * step
            ends.append(_network(act, moved[:m], moved[m:].reshape(w.shape), x))
        columns.append((ends[0] - ends[1]) / (2 * step))
    return np.stack(columns, -1)


@pytest.mark.parametrize(("name", "drop"), SETTINGS)
def test_the_kernel_is_that_of_an_explicit_jacobian(name: str, drop: int) -> None:
    act = activation(name, drop)
    a, w, x = _draw()
    jacobian = _jacobian(act, a[0], w[0], x[0])
    found = neural_tangent_kernel(act, a, w, x)[0]
    np.testing.assert_allclose(found, jacobian @ jacobian.T, rtol=0, atol=1e-8 * np.abs(found).max())
    np.testing.assert_allclose(found, found.T, rtol=0, atol=1e-14 * np.abs(found).max())
    assert np.linalg.eigvalsh(found).min() >= -1e-12 * np.abs(found).max()


@pytest.mark.parametrize(("name", "drop"), SETTINGS)
def test_bits_do_not_depend_on_the_other_runs(name: str, drop: int) -> None:
    act, (a, w, x) = activation(name, drop), _draw(4, 33, 7, 32)
    together = neural_tangent_kernel(act, a, w, x)
    for run in range(4):
        alone = neural_tangent_kernel(act, a[run : run + 1].copy(), w[run : run + 1].copy(), x[run : run + 1].copy())
        assert alone[0].tobytes() == together[run].tobytes()


def test_a_zero_row_and_a_zero_network_are_finite() -> None:
    a, w, x = _draw()
    w[0, 2] = 0.0
    for name, drop in SETTINGS:
        act = activation(name, drop)
        assert np.isfinite(neural_tangent_kernel(act, a, w, x)).all()
        nothing = float(act.pointwise(np.zeros(1), 0.0)[0]) == 0  # of neurons of zero rows
        assert neural_tangent_kernel(act, 0 * a, 0 * w, x).any() != nothing


@pytest.mark.parametrize(("name", "drop"), SETTINGS)
def test_the_distance_of_kernels_is_that_of_the_kernels_of_all_neurons(name: str, drop: int) -> None:
    act, (a, w, x), other = (
        activation(name, drop),
        _draw(3, 4, 6, 8),
        np.random.default_rng(1).standard_normal((3, 8, 8)),
    )
    every = neural_tangent_kernel(act, np.repeat(a, 2, axis=1), np.repeat(w, 2, axis=1), x)
    products = x @ x.mT
    twice = tangent_kernel_distance(act, a, w, x, products, other, np.full(a.shape, 2.0))
    np.testing.assert_allclose(twice, np.linalg.norm(every - other, axis=(-2, -1)), rtol=1e-12)
    once = tangent_kernel_distance(act, a, w, x, products, other)
    wanted = np.linalg.norm(neural_tangent_kernel(act, a, w, x) - other, axis=(-2, -1))
    np.testing.assert_allclose(once, wanted, rtol=1e-12)
    alone = tangent_kernel_distance(act, a[1:2], w[1:2], x[1:2], products[1:2], other[1:2])
    assert alone.tolist() == [once[1]]
