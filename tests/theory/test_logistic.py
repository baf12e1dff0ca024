"""tanh, sigmoid, softplus, silu and their derivatives, pointwise."""

import numpy as np
import pytest

from featlearn.theory.activations import activation
from tests.theory.smooth_truth import FUNCTIONS, MP

Z = [0.0, 1e-9, 0.3, -0.7, 2.0, -5.0, 30.0, -30.0, 700.0, -700.0]


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_functions_keep_their_digits_at_large_and_small_arguments(name: str) -> None:
    series = activation(name, 0).series
    assert series is not None
    for order in range(3):
        found = series.functions[order](np.array(Z))
        for z, ours in zip(Z, found, strict=True):
            truth = float(FUNCTIONS[name](MP.mpf(z))[order])
            assert ours == pytest.approx(truth, rel=4e-15 if abs(z) < 29 else 1e-12, abs=1e-300)


@pytest.mark.parametrize("name", list(FUNCTIONS))
@pytest.mark.parametrize("order", [3, 4])
def test_further_derivatives_are_those_of_the_second(name: str, order: int) -> None:
    series = activation(name, 0).series
    assert series is not None
    for z in (0.0, 0.4, -1.3, 3.0):
        truth = MP.diff(lambda x: FUNCTIONS[name](x)[2], MP.mpf(z), order - 2)
        assert float(series.functions[order](np.array(z))) == pytest.approx(float(truth), abs=1e-9)
