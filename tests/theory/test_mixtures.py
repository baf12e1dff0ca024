"""Kernels of the logistic activations beyond the reach of their series: against sums over two Gaussians, and series."""

from itertools import product

import numpy as np
import pytest
import torch

from featlearn.theory import double_double, population
from featlearn.theory.activations import activation, mixtures
from featlearn.theory.activations.beyond import Beyond, alone
from featlearn.theory.activations.mixtures import Mixture, kolmogorov, mixed_kernel
from featlearn.theory.double_double import DoubleDouble
from tests.theory import smooth_truth

NAMES = ["tanh", "sigmoid", "softplus", "silu"]
every_name = pytest.mark.parametrize("name", NAMES)
COSINES = [0.0, 0.3, -0.99, 1 - 1e-6, -(1 - 1e-12), 1.0, -1.0]


def _beyond(name: str) -> Beyond:
    series = activation(name, 0).series
    assert series is not None
    assert series.beyond is not None
    return series.beyond


def _sizes(name: str, x: float, y: float) -> tuple[float, float, float]:
    """What K and its derivatives are no larger than, in size."""
    value, other = (float(_beyond(name).mean_square(np.array([norm]))[0]) ** 0.5 for norm in (x, y))
    slope = smooth_truth.kernel(name, x * x, x * x, x * x)[1]
    return value * other, slope, slope * other


def _assert_right(name: str, x: float, y: float, t: float, within: float = 1e-12) -> None:
    q_u, q_v = np.float64(x * x), np.float64(y * y)
    s = t * np.sqrt(q_u * q_v)
    found, truth = _beyond(name).kernel(0, np, q_u, q_v, s), smooth_truth.kernel(name, q_u, q_v, s)
    bound = _beyond(name).bound(max(x, y))
    assert bound <= 1e-11
    for ours, theirs, size in zip(found, truth, _sizes(name, x, y), strict=True):
        assert abs(float(ours) - theirs) <= within * size + bound, (x, y, t)


def test_the_weights_are_those_of_a_distribution_of_which_the_logistic_one_is_a_mixture() -> None:
    kappa, weights = kolmogorov()
    assert (weights > 0).all()
    assert np.sum(weights) == pytest.approx(1.0, rel=1e-15)
    assert 4 * np.sum(weights * kappa**2) == pytest.approx(np.pi**2 / 3, rel=1e-13)  # the variance
    assert 48 * np.sum(weights * kappa**4) == pytest.approx(7 * np.pi**4 / 15, rel=1e-13)  # the fourth moment


@every_name
def test_the_sum_is_the_function_at_every_point(name: str) -> None:
    beyond = _beyond(name)
    assert isinstance(beyond, Mixture)
    assert beyond.errors[0] <= 1e-15
    assert (beyond.errors[1:] <= 2e-14).all()
    at = np.array([-300.0, -3.0, 0.0, 0.7, 5.0, 200.0])
    for z, norm in product(at, [1e-9, 1e-3]):  # the mean over short rows is φ(0)
        assert beyond.moment(0, 0, np.array([norm * abs(z)]))[0] == pytest.approx(
            float(activation(name, 0).mean((norm * z) ** 2)), abs=1e-15
        )


@every_name
@pytest.mark.parametrize("drop", [0, 1, 2, 3, 6])
def test_where_the_series_holds_both_are_the_same(name: str, drop: int) -> None:
    entry, beyond = activation(name, drop), _beyond(name)
    rng = np.random.default_rng(drop)
    x, t = rng.uniform(0.3, 3.0, (2, 6)), rng.uniform(-1, 1, (6, 6))
    q_u, q_v = x[0][:, None] ** 2, x[1] ** 2
    products = q_u, q_v, t * np.sqrt(q_u * q_v)
    for ours, theirs in zip(beyond.kernel(drop, np, *products), entry.kernel(np, *products), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-14)
    assert entry.second_derivatives is not None
    second = beyond.second_derivatives(drop, np, *products), entry.second_derivatives(np, *products)
    for ours, theirs in zip(*second, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)


@every_name
def test_moments_are_those_of_the_series(name: str) -> None:
    series, norms = activation(name, 0).series, np.array([0.01, 0.5, 1.0, 4.0])
    assert series is not None
    for k, order in [*product(range(5), range(5)), (20, 0), (33, 1)]:
        ours, theirs = _beyond(name).moment(k, order, norms), series.moment(k, order, norms)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=3e-13)
    np.testing.assert_allclose(_beyond(name).mean_square(norms), series.mean_square(norms), rtol=1e-13)
    far = np.array([30.0, 0.5, 200.0])
    for k in (1, 2):  # softplus and silu have x/2 for the first, at every norm
        ours, theirs = _beyond(name).moment(k, 0, far[[0, 2]]), series.moment(k, 0, far)[[0, 2]]
        np.testing.assert_allclose(ours, theirs, rtol=4e-16, atol=0)
    assert series.mean_square(far)[1] == series.mean_square(far[1:2])[0]


@every_name
def test_kernels_and_derivatives_of_longer_rows_are_sums_over_two_gaussians(name: str) -> None:
    for (x, y), t in product([(10.0, 10.0), (10.0, 0.5)], COSINES):
        _assert_right(name, x, y, t)


@pytest.mark.slow
@every_name
def test_kernels_and_derivatives_of_very_long_rows_are(name: str) -> None:
    for x, t in product([20.0, 50.0], COSINES[:4]):
        _assert_right(name, x, 0.4 * x, t)
    for x, t in product([20.0, 50.0, 100.0], COSINES[4:]):
        _assert_right(name, x, x, t)


@every_name
def test_parallel_rows_have_their_digits_beside_sums_in_thirty(name: str) -> None:
    q = 100.0
    truth = smooth_truth.kernel_in_thirty_digits(name, q, q, -1.0)
    found = _beyond(name).kernel(0, np, np.float64(q), np.float64(q), np.float64(-q))
    for ours, theirs, size in zip(found, truth, _sizes(name, 10.0, 10.0), strict=True):
        assert abs(float(ours) - float(theirs)) <= 1e-14 * size


@every_name
@pytest.mark.parametrize("drop", [0, 2])
def test_every_run_and_every_type_has_the_same_kernel(name: str, drop: int) -> None:
    entry = activation(name, drop)
    assert entry.second_derivatives is not None
    norms = np.array([[1.0, 2.0], [30.0, 0.5], [5.0, 100.0]])
    q = norms**2
    s = np.array([0.3, -0.99, 1 - 1e-9])[:, None, None] * np.sqrt(q[:, :, None] * q[:, None])
    together = (q[:, :, None], q[:, None], s)
    for function in (entry.kernel, entry.second_derivatives):
        whole = function(np, *together)
        for run in range(3):
            part = [x[run : run + 1] for x in together]
            for ours, its in zip(whole, function(np, *part), strict=True):
                np.testing.assert_array_equal(ours[run], its[0])
            tensors = function(torch, *map(torch.tensor, part))
            doubled = function(double_double, *map(DoubleDouble, part))
            for ours, theirs, digits in zip(whole, tensors, doubled, strict=True):
                size = np.max(np.abs(ours[run]))
                np.testing.assert_allclose(theirs[0].numpy(), ours[run], rtol=0, atol=1e-12 * size)
                np.testing.assert_allclose(digits.to_float()[0], ours[run], rtol=0, atol=1e-12 * size)


@every_name
@pytest.mark.parametrize("distance", [1e-6, 1e-9])
def test_the_loss_next_to_a_teacher_of_long_rows_is_its_expansion(name: str, distance: float) -> None:
    rng = np.random.default_rng(4)
    w, a = 15.0 * rng.standard_normal((1, 3, 4)), rng.standard_normal((1, 3))
    step = np.round(rng.standard_normal((1, 3, 4)) * 8) / 8
    assert np.linalg.norm(w, axis=-1).min() > 20

    def loss(size: float) -> float:  # of which the weights' own rounding changes nothing
        moved = (w + size * step) - w
        entry = activation(name, 2)
        return float(population.loss(entry, a, w + moved, a, w)[0] / np.sum(moved**2))

    power = 2.0 ** round(np.log2(distance))
    assert loss(power) == pytest.approx(loss(2.0**-12), rel=1e-3)
    assert loss(power) == pytest.approx(0.5 * (loss(2 * power) + loss(-2 * power)), rel=1e-4)


def test_many_pairs_are_taken_a_few_components_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    products = [np.linspace(*ends, 12).reshape(3, 4) for ends in ((100.0, 900.0), (50.0, 80.0), (-60.0, 60.0))]
    at_once = _beyond("silu").kernel(2, np, *products)
    monkeypatch.setattr(mixtures, "_NUMBERS_IN_CACHE", 12 * 5)
    for ours, theirs in zip(_beyond("silu").kernel(2, np, *products), at_once, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-14 * np.max(np.abs(theirs)))


def test_a_function_alone_is_a_sum_of_one() -> None:
    kernel = activation("erf", 0).kernel
    products = [np.array([x]) for x in (2.0, 3.0, -0.4)]
    for ours, theirs in zip(mixed_kernel(kernel, alone(), alone(), np, *products), kernel(np, *products), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-15)
