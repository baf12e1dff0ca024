"""The Hessian on a sample against differences of the gradient in NumPy and PyTorch, whatever is dropped."""

import numpy as np
import pytest
import torch

from featlearn.theory import sample_hessian
from featlearn.theory.activations import activation, activation_names
from featlearn.theory.activations.biased import with_biases
from featlearn.theory.sample_hessian import SampleHessian
from featlearn.training.backends import torch_samples
from tests.theory.test_own import _registered
from tests.theory.test_own_kinks import HARDTANH


def random_one(name: str, drop: int, n: int = 40, m: int = 3, d: int = 4, biased: bool = False) -> SampleHessian:
    rng = np.random.default_rng(3)
    a, w, inputs, labels = (rng.standard_normal(shape) for shape in ((m,), (m, d), (n, d), (n,)))
    act = activation(name, drop)
    if biased:
        act, inputs[:, -1] = with_biases(act), 1.0
    return SampleHessian(act, a, 0.7 * w, inputs, labels)


def matrix(hessian: SampleHessian) -> np.ndarray:
    (m, d), blocks = hessian.slopes.shape, hessian.blocks()
    crossed = blocks.crossed.reshape(m, m * d)
    return np.block([[blocks.second, crossed], [crossed.T, blocks.first.reshape(m * d, m * d)]])


def by_products(hessian: SampleHessian) -> np.ndarray:
    m, d = hessian.slopes.shape
    columns = [hessian.product(e[:m], e[m:].reshape(m, d)) for e in np.eye(m * (d + 1))]
    return np.stack([np.concatenate([column.second_layer, column.first_layer.ravel()]) for column in columns], 1)


def gradient(hessian: SampleHessian, a: np.ndarray, w: np.ndarray) -> np.ndarray:
    second, first, inputs, labels = (torch.tensor(x) for x in (a, w, hessian.inputs, hessian.labels))
    slope = torch_samples.loss_and_gradient(hessian.activation, second, first, inputs, labels)[1]
    return np.concatenate([x.numpy().ravel() for x in slope])


@pytest.mark.parametrize("drop", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("name", activation_names())
def test_it_is_the_change_of_the_gradient(name: str, drop: int) -> None:
    hessian, step = random_one(name, drop), 1e-6
    a, w = hessian.a, hessian.w
    here, slope = gradient(hessian, a, w), hessian.gradient()
    found = np.concatenate([slope.second_layer, slope.first_layer.ravel()])
    np.testing.assert_allclose(found, here, rtol=0, atol=1e-12 * max(1.0, np.abs(here).max()))
    whole = matrix(hessian)
    columns = [
        (
            gradient(hessian, a + h[:3], w + h[3:].reshape(w.shape))
            - gradient(hessian, a - h[:3], w - h[3:].reshape(w.shape))
        )
        / (2 * step)
        for h in step * np.eye(len(here))
    ]
    scale = max(1.0, np.abs(whole).max())
    np.testing.assert_allclose(np.stack(columns, 1), whole, rtol=0, atol=1e-7 * scale)
    np.testing.assert_allclose(by_products(hessian), whole, rtol=0, atol=1e-13 * scale)


def test_functions_that_are_straight_between_kinks_have_one_too() -> None:
    with _registered("hardtanh", *HARDTANH, kinks=[-1, 1]):
        for drop in (0, 3):
            test_it_is_the_change_of_the_gradient("hardtanh", drop)


def test_biases_are_a_coordinate_of_rows_that_meets_ones() -> None:
    for name in ("relu", "tanh"):
        with_ones, plain = random_one(name, 0, biased=True), random_one(name, 0)
        plain = SampleHessian(plain.activation, plain.a, plain.w, with_ones.inputs, plain.labels)
        np.testing.assert_array_equal(matrix(with_ones), matrix(plain))


@pytest.mark.parametrize("drop", [0, 2])
def test_parts_of_the_sample_add_up(drop: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = matrix(random_one("erf", drop))
    for kept in (0, sample_hessian._ENTRIES_KEPT):
        monkeypatch.setattr(sample_hessian, "_ENTRIES_KEPT", kept)
        monkeypatch.setattr(sample_hessian, "_ENTRIES_TOGETHER", 36)  # of which three inputs are a part
        hessian = random_one("erf", drop)
        np.testing.assert_allclose(matrix(hessian), whole, rtol=0, atol=1e-14)
        np.testing.assert_allclose(by_products(hessian), whole, rtol=0, atol=1e-14)
