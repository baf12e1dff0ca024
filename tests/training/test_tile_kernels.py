"""What is done to a tile, as plain Python; the whole is tested in ``test_pair_kernels`` and ``test_fused_kernels``."""

import numpy as np

from featlearn.training.backends import tile_kernels
from featlearn.training.backends.layout import DESK, LANES, NEURON_ROWS, PUSH

D = 3
RNG = np.random.default_rng(0)
V = RNG.standard_normal((2 * D, LANES))  # two blocks


def test_products_of_the_neurons_of_two_blocks() -> None:
    desk = np.zeros((DESK, LANES))
    tile_kernels._products.py_func(V, D, D, 0, 1, desk)
    np.testing.assert_allclose(desk[:LANES], V[:D].T @ V[D:], atol=1e-15)


def test_columns_are_added_with_their_weights() -> None:
    desk, neurons = RNG.standard_normal((DESK, LANES)), RNG.standard_normal((2 * NEURON_ROWS, LANES))
    sums = np.ones((2 * D, LANES))
    tile_kernels._add_columns.py_func(V, D, D, neurons, 0, 1, desk, sums)
    np.testing.assert_allclose(sums[D:], 1 + (V[:D] * neurons[PUSH]) @ desk[:LANES], atol=1e-14)
    assert (sums[:D] == 1).all()


def test_rows_and_lanes_are_exchanged() -> None:
    desk = np.arange(DESK * LANES, dtype=float).reshape(DESK, LANES)
    before = desk.copy()
    tile_kernels.transpose.py_func(desk, LANES)
    assert (desk[LANES : 2 * LANES] == before[LANES : 2 * LANES].T).all()
    assert (desk[:LANES] == before[:LANES]).all()
