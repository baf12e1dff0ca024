"""The loss on a sample and its gradient: fifty digits, central differences, the population as the limit."""

import numpy as np
import pytest
import torch

from featlearn.theory import population
from featlearn.theory.activations import Activation, activation, activations
from featlearn.theory.hermite import hermite_polynomials
from featlearn.training.backends.torch_samples import loss_and_gradient
from featlearn.training.data import Sample, drawn_sample
from featlearn.training.networks import Network
from tests.theory.exact import CLOSED_NAMES, MP, Exact, hermite, number, phi
from tests.training import sampled

ENTRIES = activations()
every_entry = pytest.mark.parametrize("act", ENTRIES, ids=lambda e: f"{e.name}-{e.drop_hermite_below}")
FURTHER = [activation(*x) for x in (("relu", 1), ("quadratic", 1), ("relu", 5), ("abs", 3), ("erf", 4))]
CLOSED = [entry for entry in ENTRIES if entry.name in CLOSED_NAMES]  # whose twins have fifty digits
every_drop = pytest.mark.parametrize("act", [*CLOSED, *FURTHER], ids=lambda e: f"{e.name}-{e.drop_hermite_below}")


def _example(seed: int, m: int = 4, d: int = 3) -> tuple[np.ndarray, np.ndarray, Network]:
    """Student weights (m,), (m, d) of order one and a teacher of three neurons."""
    rng = np.random.default_rng(seed)
    teacher = rng.standard_normal((3, d))
    teacher /= np.linalg.norm(teacher, axis=-1, keepdims=True)
    return rng.standard_normal(m), rng.standard_normal((m, d)), Network(np.array([1.0, -0.7, 0.5]), teacher)


def _in_torch(
    act: Activation, a: np.ndarray, w: np.ndarray, sample: Sample, chunk: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    second, first, inputs, labels = (torch.from_numpy(x) for x in (a, w, sample.inputs, sample.labels))
    loss, slope = loss_and_gradient(act, second, first, inputs, labels, chunk)
    return loss.numpy(), slope.second_layer.numpy(), slope.first_layer.numpy()


def _exact_loss(act: Activation, a: list[Exact], w: list[list[Exact]], sample: Sample) -> Exact:
    total = MP.zero
    for x, y in zip(sample.inputs, sample.labels, strict=True):
        f = -number(y)
        for a_j, row in zip(a, w, strict=True):
            z, q = sum(number(p) * r for p, r in zip(x, row, strict=True)), sum(r * r for r in row)
            f += a_j * phi(act.name, z)
            for k, polynomial in zip(range(act.drop_hermite_below), hermite_polynomials(z, q, 9), strict=False):
                f -= a_j * hermite(act.name, k, q)[0] * polynomial / MP.fac(k)
        total += f * f
    return total / len(sample.labels)


@every_drop
def test_loss_and_gradient_are_right_to_fourteen_digits(act: Activation) -> None:
    """Against fifty-digit losses, and their central differences with steps of 1e-20."""
    a, w, teacher = _example(1)
    sample = drawn_sample(act, teacher, seed=2, samples=7, noise_std=0.3)
    exact_a, exact_w = [number(x) for x in a], [[number(x) for x in row] for row in w]
    loss, to_a, to_w = _in_torch(act, a, w, sample)
    assert float(loss) == pytest.approx(float(_exact_loss(act, exact_a, exact_w, sample)), rel=1e-14)

    def difference(weights: list[Exact], place: int) -> float:
        kept, step, sides = weights[place], MP.mpf(10) ** -20, []
        for sign in (1, -1):
            weights[place] = kept + sign * step
            sides.append(_exact_loss(act, exact_a, exact_w, sample))
        weights[place] = kept
        return float((sides[0] - sides[1]) / (2 * step))

    for j in range(len(a)):
        assert to_a[j] == pytest.approx(difference(exact_a, j), rel=1e-12, abs=1e-13)
        for k in range(3):
            assert to_w[j, k] == pytest.approx(difference(exact_w[j], k), rel=1e-12, abs=1e-13)


@every_entry
def test_zero_and_tiny_rows_have_finite_gradients(act: Activation) -> None:
    a, w, teacher = _example(3)
    w[0], w[1] = 0.0, 1e-170 * w[1]
    sample = drawn_sample(act, teacher, seed=2, samples=100, noise_std=0.0)
    _, to_a, to_w = _in_torch(act, a, w, sample)
    assert np.isfinite(to_a).all()
    assert np.isfinite(to_w).all()
    # a zero row: the mean of the slopes on both sides, so that kinks, which are even, leave nothing but what is linear
    if act.drop_hermite_below == 2 and act.name != "erf":
        np.testing.assert_allclose(to_w[0], 0.0, atol=1e-14)


@every_entry
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_the_population_is_the_limit_of_large_samples(act: Activation, seed: int) -> None:
    """n = 200 000: loss and every entry of the gradient within five standard errors, which are below 3 % of them."""
    a, w, teacher = _example(4)
    n = 200_000
    inputs = np.random.default_rng(seed).standard_normal((n, 3))
    rows = teacher.first_layer
    labels = act.pointwise(inputs @ rows.T, np.sum(rows * rows, -1)) @ teacher.second_layer
    blocks = [
        _in_torch(act, a, w, Sample(x, y))
        for x, y in zip(np.array_split(inputs, 100), np.array_split(labels, 100), strict=True)
    ]
    weights = a[None], w[None], teacher.second_layer[None], rows[None]
    truth = (population.loss(act, *weights), *population.gradient(act, *weights))
    whole = _in_torch(act, a, w, Sample(inputs, labels))
    for found, parts, exact in zip(whole, zip(*blocks, strict=True), truth, strict=True):
        error = np.std(np.stack(parts), axis=0, ddof=1) / 10
        assert (np.abs(found - exact[0]) <= 5 * error).all()
        assert np.max(error) < 0.03 * np.max(np.abs(exact))


@every_entry
def test_the_fast_path_is_its_slow_twin(act: Activation) -> None:
    a, w, teacher = _example(5, m=20, d=8)
    sample = drawn_sample(act, teacher, seed=1, samples=500, noise_std=0.2)
    for found, twin in zip(_in_torch(act, a, w, sample), sampled.gradient(act, a, w, sample), strict=True):
        np.testing.assert_allclose(found, twin, rtol=1e-12, atol=1e-12 * np.max(np.abs(twin)))


@pytest.mark.parametrize("chunk", [1, 7, 500, 10_000])
def test_chunks_change_nothing_but_rounding(chunk: int) -> None:
    act = activation("erf")
    a, w, teacher = _example(6, m=20, d=8)
    sample = drawn_sample(act, teacher, seed=1, samples=500, noise_std=0.2)
    for found, whole in zip(_in_torch(act, a, w, sample, chunk), _in_torch(act, a, w, sample), strict=True):
        np.testing.assert_allclose(found, whole, rtol=1e-12, atol=1e-13)
