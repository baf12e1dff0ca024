"""The published exponents of the time in which a neuron finds its target, at small sizes."""

import numpy as np
import pytest

from tests.benchmarks.information_exponents import EXPONENTS, FLOW_DIMENSIONS, exponent

FLOW = {1: 0.0, 2: 0.0, 3: 0.5}  # for 2 beside log d
SGD = {1: (1.0, 2 ** np.arange(6, 10)), 2: (1.0, 2 ** np.arange(5, 9)), 3: (2.0, 2 ** np.arange(5, 9))}


@pytest.mark.parametrize("k", EXPONENTS)
def test_the_population_flow_takes_as_long_as_its_law_says(k: int) -> None:
    assert exponent(k, "flow", FLOW_DIMENSIONS, seeds=15).exponent == pytest.approx(FLOW[k], abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("k", EXPONENTS)
def test_online_descent_takes_as_many_samples_as_published(k: int) -> None:
    wanted, dimensions = SGD[k]
    assert exponent(k, "sgd", dimensions, seeds=41).exponent == pytest.approx(wanted, abs=0.2)
