"""Series of neurons with biases against quadrature over two Gaussians, and the degree that they are cut at."""

import numpy as np
import pytest
import torch

from featlearn.theory import biases, population
from featlearn.theory.activations import Activation, activation
from featlearn.theory.activations.biased import with_biases
from featlearn.theory.activations.biased_series import degree_of
from featlearn.theory.activations.series import TOLERANCE
from tests.theory.exact import number
from tests.theory.exact_biased import Pair, trapezoid
from tests.theory.test_biased_kernels import values_of, with_product

NAMES = ["tanh", "sigmoid", "softplus", "silu", "gelu", "sin", "polynomial"]
SECOND = ["tanh", "sigmoid", "softplus", "silu", "polynomial"]  # of which φ″ is known
POINTS = [
    (1.0, 0.3, 2.0, -0.7, 0.4),
    (1.0, 0.5, 1.0, 0.5, 1.0),
    (1.0, 0.5, 1.0, -0.4, -1 + 1e-9),
    (4.0, 2.5, 0.25, 0.1, -0.95),
    (1e-6, 0.2, 1.0, 0.4, 0.3),
    (0.0, -0.6, 1.0, 0.4, 0.0),
    (1.0, -9.0, 1.0, 40.0, 0.5),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("point", POINTS)
def test_kernel_and_derivatives_are_those_of_quadrature(name: str, point: tuple[float, ...]) -> None:
    q_u, b_u, q_v, b_v, cosine = point
    act = with_biases(activation(name, 0))
    assert act.biased is not None
    at = q_u, b_u, q_v, b_v, cosine * np.sqrt(q_u * q_v)
    found = act.biased(np, *map(np.float64, at))
    exact, size = trapezoid(activation(name, 0), *at)
    for of, value, its in zip(["K", "s", "q", "b"], found, exact, strict=True):
        if q_u or of != "q" or name in SECOND:  # of a row of zeros nothing depends on it
            assert abs(value - its) <= 2e-12 * max(1.0, size)
    in_torch = act.biased(torch, *(torch.tensor(x, dtype=torch.float64) for x in at))
    np.testing.assert_allclose([float(x) for x in in_torch], [float(x) for x in found], rtol=1e-13, atol=1e-14 * size)


@pytest.mark.parametrize("point", [(1e-6, 0.4, 1.0, -0.3, 0.5), (1e-6, 0.4, 4e-6, 0.2, -0.8)])
def test_short_rows_keep_their_digits_without_their_affine_part(point: tuple[float, ...]) -> None:
    at = with_product(point)
    q_u, b_u, q_v, b_v, s = map(number, at)
    exact = Pair("tanh", q_u, b_u, q_v, b_v, s, "erf").values_from(2)
    for value, its, bound in zip(values_of("tanh", "erf", 2, at), exact, (1e-12, 1e-12, 1e-9, 1e-12), strict=True):
        assert abs(number(value) - its) <= bound * abs(its)


def _weights(seed: int, runs: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((runs, m)), 0.7 * rng.standard_normal((runs, m, 4))


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_differences_of_the_loss(name: str) -> None:
    act = with_biases(activation(name, 0))
    weights = *_weights(0, 1, 4), *_weights(1, 1, 2)
    slope, step = population.gradient(act, *weights), 1e-5
    for layer, its in enumerate(slope):
        for place in np.ndindex(its.shape):
            ends = []
            for sign in (1, -1):
                moved = [x.copy() for x in weights]
                moved[layer][place] += sign * step
                ends.append(population.loss(act, *moved)[0])
            assert its[place] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=2e-8)


@pytest.mark.parametrize("name", ["tanh", "silu"])
def test_the_runs_of_a_batch_do_not_depend_on_each_other(name: str) -> None:
    act = with_biases(activation(name, 0))
    weights = [*_weights(0, 3, 4), *_weights(1, 3, 2)]
    weights[1][2] *= 2.0
    together, rounding = population.loss_float64(act, *weights)
    for run in range(3):
        alone = population.loss_float64(act, *(x[run : run + 1] for x in weights))
        assert (together[run], rounding[run]) == (alone[0][0], alone[1][0])


def _tail(act: Activation, degree: int, norm: float, bias: float) -> float:
    assert act.series is not None
    return float(act.series.tail(np.array([norm]), degree, 0, np.array([bias]))[0])


@pytest.mark.parametrize("name", [name for name in NAMES if name != "polynomial"])
def test_what_is_cut_is_small_whatever_the_bias(name: str) -> None:
    act = with_biases(activation(name, 0))
    assert act.series is not None
    for norm in (0.3, 1.1, 2.7):
        degree = degree_of(act.series, np.array([norm]), np.array([-5.0]))
        assert degree is not None
        size = float(act.series.mean_square(np.array([norm]))[0])
        worst = max(_tail(act, degree, norm, bias) for bias in np.linspace(-5, 5, 23))
        assert worst <= 2 * TOLERANCE * max(size, 1.0)


def test_rows_beyond_the_series_have_no_numbers() -> None:
    act = with_biases(activation("tanh", 0))
    rows = np.array([[[1e9, 0.2]]])
    assert np.isnan(biases.pairs(act, rows, rows).value).all()
