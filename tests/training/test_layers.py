"""Layers by name are views of the arrays of a state, and make them again."""

import numpy as np

from featlearn.training.layers import layer_names, separated, together


def test_biases_are_the_last_column() -> None:
    second, first = np.arange(6.0).reshape(2, 3), np.arange(24.0).reshape(2, 3, 4)
    layers = separated(second, first, True)
    assert tuple(layers) == ("second_layer", "first_layer", "biases")
    assert set(layers) == set(layer_names(True))
    np.testing.assert_array_equal(layers["biases"], first[..., 3])
    for one, other in zip(together(layers), (second, first), strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_biases_there_are_two_layers() -> None:
    second, first = np.ones((1, 2)), np.ones((1, 2, 3))
    layers = separated(second, first, False)
    assert set(layers) == set(layer_names(False))
    assert together(layers) == (second, first)
