"""Rows with biases: their directions, their inputs, and the pairs that they make."""

import numpy as np

from featlearn.theory import biases
from featlearn.theory.activations import activation
from featlearn.theory.activations.biased import with_biases

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
