"""Kernels with biases: thirty digits at hard points, gradients against differences, and what they become without."""

from typing import Any

import numpy as np
import pytest
import torch

from featlearn.theory import biases, population
from featlearn.theory.activations import activation
from featlearn.theory.activations.biased import with_biases
from tests.theory import exact_biased
from tests.theory.exact import number
from tests.theory.exact_biased import MP

NAMES = ["relu", "abs", "erf", "quadratic"]
# q_u, b_u, q_v, b_v, cosine
POINTS = [
    (1.0, 0.3, 2.0, -0.7, 0.4),
    (1.0, 0.5, 1.0, 0.5, 1 - 1e-10),
    (1.0, 0.5, 1.0, 0.5 + 1e-7, 1 - 1e-12),
    (1.0, 0.5, 1.0, -0.5, -1 + 1e-10),
    (4.0, 2.5, 0.25, 0.1, -0.95),
    (1e-6, 0.2, 1.0, 0.4, 0.3),
    (1e-6, 1e-3, 25.0, -2.0, -0.8),
    (1.0, -6.0, 1.0, 0.2, 0.5),
    (1.0, 50.0, 3.0, -0.2, 0.5),
    (1.0, 0.0, 2.0, 0.0, 0.6),
]


def _values(name: str, point: tuple[float, ...], xp: Any = np) -> list[float]:
    kernel = with_biases(activation(name, 0)).biased
    assert kernel is not None
    given = [np.float64(x) if xp is np else torch.tensor(x, dtype=torch.float64) for x in point]
    return [float(x) for x in kernel(xp, *given)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("point", [*POINTS[:3], *(pytest.param(p, marks=pytest.mark.slow) for p in POINTS[3:])])
def test_kernel_and_derivatives_have_all_digits(name: str, point: tuple[float, ...]) -> None:
    q_u, b_u, q_v, b_v, cosine = point
    at = q_u, b_u, q_v, b_v, cosine * float(np.sqrt(q_u * q_v))
    exact = exact_biased.Pair(name, *map(number, at)).values()
    x, y = (np.sqrt(q + b * b) for q, b in ((q_u, b_u), (q_v, b_v)))
    degree = {"relu": 1, "abs": 1, "erf": 0, "quadratic": 2}[name]
    size = max(1.0, x) ** degree * max(1.0, y) ** degree
    # the cosine is found from s, and its rounding is magnified to its square root in ∂K/∂s
    along = 1e-8 if abs(cosine) > 1 - 1e-9 and degree else 1e-13
    for value, its, bound, of in zip(
        _values(name, at), exact, (1e-14, along, along / max(q_u, 1e-6) ** 0.5, 1e-13), "K s q b", strict=False
    ):
        assert abs(number(value) - its) <= bound * size, of
    np.testing.assert_allclose(_values(name, at, torch), _values(name, at), rtol=1e-13, atol=1e-14 * size)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bias", [0.0, 0.7, -0.7])
def test_rows_of_zeros_are_constants(name: str, bias: float) -> None:
    value, by_s, by_q, by_b = _values(name, (0.0, bias, 1.5, 0.4, 0.0))
    act = activation(name, 0)
    assert np.isfinite([value, by_s, by_q, by_b]).all()
    other = exact_biased.Pair(name, number(0.0), number(bias), number(1.5), number(0.4), number(0.0))
    mean = float(other.expected(lambda z: other.given(exact_biased.mean_of, z)))
    assert value == pytest.approx(float(act.phi(np.array(bias))) * mean, abs=1e-13)
    assert by_b == pytest.approx(float(act.phi_prime(np.array(bias))) * mean, abs=1e-13)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("cosine", [0.3, -0.99, 1.0])
def test_without_biases_the_kernel_is_the_plain_one(name: str, cosine: float) -> None:
    at = (1.3, 0.0, 0.7, 0.0, cosine * np.sqrt(1.3 * 0.7))
    plain = activation(name, 0).kernel(np, *(np.float64(at[i]) for i in (0, 2, 4)))
    np.testing.assert_allclose(_values(name, at)[:3], [float(x) for x in plain], atol=1e-14)


def _network(rng: np.random.Generator, m: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.standard_normal((1, m)), rng.standard_normal((1, m, d + 1))


def _exact_loss(name: str, a: np.ndarray, w: np.ndarray, teacher_a: np.ndarray, teacher_w: np.ndarray) -> Any:
    """The loss of one network, from exact weights."""
    c = [*a, *(-x for x in teacher_a)]
    rows = [*w, *teacher_w]
    total = MP.zero
    for i in range(len(c)):
        for j in range(i, len(c)):
            (u, b), (v, e) = ((row[:-1], row[-1]) for row in (rows[i], rows[j]))
            dots = [sum(x * y for x, y in zip(*pair, strict=True)) for pair in ((u, u), (v, v), (u, v))]
            total += (
                c[i] * c[j] * (1 if i == j else 2) * exact_biased.Pair(name, dots[0], b, dots[1], e, dots[2]).kernel()
            )
    return total


@pytest.mark.slow
@pytest.mark.parametrize("name", ["relu", "erf"])
def test_gradients_are_those_of_differences_in_many_digits(name: str) -> None:
    rng, act = np.random.default_rng(3), with_biases(activation(name, 0))
    weights = *_network(rng, 2, 2), *_network(rng, 1, 2)
    slope = population.gradient(act, *weights)
    exact = [np.vectorize(number, otypes=[object])(x[0]) for x in weights]
    assert float(population.loss(act, *weights)[0]) == pytest.approx(float(_exact_loss(name, *exact)), rel=1e-13)
    step = MP.mpf(10) ** -9
    for layer, its in enumerate(slope):
        for place in np.ndindex(exact[layer].shape):
            ends = []
            for sign in (1, -1):
                moved = [x.copy() for x in exact]
                moved[layer][place] += sign * step
                ends.append(_exact_loss(name, *moved))
            difference = float((ends[0] - ends[1]) / (2 * step))
            assert its[0][place] == pytest.approx(difference, rel=1e-11, abs=1e-11), (layer, place)


@pytest.mark.parametrize("name", NAMES)
def test_torch_and_numpy_agree(name: str) -> None:
    rng, act = np.random.default_rng(5), with_biases(activation(name, 0))
    weights = *_network(rng, 7, 4), *_network(rng, 2, 4)
    a, w, teacher_a, teacher_w = map(torch.from_numpy, weights)
    in_torch = population.gradient(act, a, w, teacher_a, teacher_w, xp=torch)
    for one, other in zip(population.gradient(act, *weights), in_torch, strict=True):
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_is_a_mean_over_inputs_and_its_floor_is_that_of_float64(name: str) -> None:
    rng, act = np.random.default_rng(2), with_biases(activation(name, 0))
    a, w = _network(rng, 3, 3)
    nothing = a[:, :0], w[:, :0]
    x = biases.with_ones(act, rng.standard_normal((400_000, 3)))
    values = act.phi(x @ w[0].T) @ a[0]
    square = values**2
    error = 5 * square.std() / np.sqrt(len(square))
    assert abs(population.loss(act, a, w, *nothing)[0] - square.mean()) < error
    assert population.loss(act, a, w, a, w)[0] <= population.float64_rounding(act, a, w, a, w)[0]


def test_what_is_of_rows_without_biases_is_refused() -> None:
    act = with_biases(activation("relu", 0))
    assert act is with_biases(activation("relu", 0))
    assert (act.degree_one, act.hermite) == (None, None)
    with pytest.raises(ValueError, match="with biases are not those of rows without"):
        act.kernel(np, np.ones(1), np.ones(1), np.ones(1))
