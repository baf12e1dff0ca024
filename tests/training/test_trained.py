"""Vectors of trained weights hold the layers that are trained, output weights first."""

import numpy as np
import pytest

from featlearn.training.stages import LAYERS, Layer
from featlearn.training.trained import Trained

SECOND, FIRST = np.array([[1.0, 2.0]]), np.arange(6.0).reshape(1, 2, 3) + 10


@pytest.mark.parametrize(
    ("train", "vector"),
    [
        (LAYERS, [1, 2, 10, 11, 12, 13, 14, 15]),
        (("second_layer",), [1, 2]),
        (("first_layer",), [10, 11, 12, 13, 14, 15]),
    ],
)
def test_a_vector_goes_back_into_the_layers_it_came_from(train: tuple[Layer, ...], vector: list[float]) -> None:
    trained = Trained(train)
    np.testing.assert_array_equal(trained.vector(SECOND, FIRST), vector)
    second, first = trained.layers(np.array(vector) + 0.5, SECOND.astype(np.float32), FIRST)
    assert second.dtype == np.float32
    np.testing.assert_array_equal(second, SECOND + 0.5 * ("second_layer" in train))
    np.testing.assert_array_equal(first, FIRST + 0.5 * ("first_layer" in train))
