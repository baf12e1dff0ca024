"""Rows with biases: their directions, their inputs, and the pairs that they make."""

import numpy as np
import pytest
import torch

from featlearn.theory import biases, population
from featlearn.theory.activations import activation
from featlearn.theory.activations.biased import with_biases
from featlearn.theory.tangent_kernel import neural_tangent_kernel
from featlearn.training.backends.torch_samples import loss_and_gradient
from featlearn.training.data import Sample, mean_square_error, sample_of

PLAIN = activation("relu", 0)
BIASED = with_biases(PLAIN)


def test_directions_lose_the_last_column_and_inputs_get_one() -> None:
    rows = np.arange(12.0).reshape(1, 3, 4)
    np.testing.assert_array_equal(biases.without_biases(BIASED, rows), rows[..., :3])
    np.testing.assert_array_equal(biases.with_ones(BIASED, rows)[..., -1], 1.0)
    assert biases.without_biases(PLAIN, rows) is biases.with_ones(PLAIN, rows) is rows


def test_pulls_are_sums_over_pairs() -> None:
    rng = np.random.default_rng(0)
    first, others, c = rng.standard_normal((2, 3, 5)), rng.standard_normal((2, 4, 5)), rng.standard_normal((2, 4))
    value, by_row = biases.pulled(BIASED, first, c, others)
    kernel = biases.pairs(BIASED, first, others)
    np.testing.assert_allclose(value, np.einsum("bn,bmn->bm", c, kernel.value))
    np.testing.assert_allclose(by_row[..., -1], np.einsum("bn,bmn->bm", c, kernel.by_b))
    along = np.einsum("bn,bmn,bnd->bmd", c, kernel.by_s, others[..., :4])
    along += 2 * np.einsum("bn,bmn->bm", c, kernel.by_q)[..., None] * first[..., :4]
    np.testing.assert_allclose(by_row[..., :4], along)


def test_a_pair_of_turned_neurons_is_the_same_pair() -> None:
    rng = np.random.default_rng(1)
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    first, others = rng.standard_normal((1, 3, 5)), rng.standard_normal((1, 4, 5))
    turned = tuple(np.concatenate([x[..., :4] @ turn, x[..., 4:]], -1) for x in (first, others))
    for one, other in zip(biases.pairs(BIASED, first, others), biases.pairs(BIASED, turned[0], turned[1]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    back = biases.pairs(BIASED, others, first).value
    np.testing.assert_allclose(back.mT, biases.pairs(BIASED, first, others).value, rtol=1e-12)


# --- without low degrees ------------------------------------------------------------------------

NAMES = ["relu", "erf", "polynomial", "tanh"]


def _network(seed: int, m: int = 3, d: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((1, m)), 0.7 * rng.standard_normal((1, m, d + 1))


@pytest.mark.parametrize("drop", [0, 1, 2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_losses_are_means_over_inputs_of_what_is_kept(name: str, drop: int) -> None:
    act = with_biases(activation(name, drop))
    (a, w), x = _network(2), np.random.default_rng(9).standard_normal((200_000, 3))
    inputs = biases.with_ones(act, x)
    values = biases.neurons(act, w[0], inputs) @ a[0]
    square = values**2
    assert abs(population.squared_norm(act, a, w)[0] - square.mean()) < 5 * square.std() / np.sqrt(len(x))
    error = 5 * values.std() / np.sqrt(len(x))
    assert drop < 1 or abs(values.mean()) < error
    assert drop < 2 or (np.abs(values @ x / len(x)) < 5 * error).all()


@pytest.mark.parametrize("drop", [1, 2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_at_inputs_are_differences(name: str, drop: int) -> None:
    act = with_biases(activation(name, drop))
    (a, w), rng = _network(4), np.random.default_rng(5)
    inputs, labels = biases.with_ones(act, rng.standard_normal((40, 3))), rng.standard_normal(40)
    second, first, at, y = (torch.from_numpy(x) for x in (a[0], w[0], inputs, labels))
    loss, slope = loss_and_gradient(act, second, first, at, y)
    sample, step = Sample(inputs, labels), 1e-5
    assert loss.item() == pytest.approx(mean_square_error(act, a[0], w[0], sample), rel=1e-12)
    jacobian = np.zeros((*w[0].shape, 40))
    for place in np.ndindex(w[0].shape):
        ends = []
        for sign in (1, -1):
            moved = w[0].copy()
            moved[place] += sign * step
            ends.append(biases.neurons(act, moved, inputs) @ a[0])
        jacobian[place] = (ends[0] - ends[1]) / (2 * step)
        residual = biases.neurons(act, w[0], inputs) @ a[0] - labels
        assert slope.first_layer.numpy()[place] == pytest.approx(2 * np.mean(residual * jacobian[place]), abs=1e-8)
    values = biases.neurons(act, w[0], inputs)
    kernel = values @ values.T + np.einsum("jdi,jdk->ik", jacobian, jacobian)
    np.testing.assert_allclose(neural_tangent_kernel(act, a, w, inputs[None])[0], kernel, atol=1e-7)


def test_labels_lose_their_affine_part_once() -> None:
    act = with_biases(activation("relu", 2))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50_000, 3))
    sample = sample_of(act, biases.with_ones(act, x), 2.0 + x @ np.array([1.0, -2.0, 0.5]))
    assert np.std(sample.labels) < 0.1
    assert abs(np.mean(sample.labels)) < 0.1
