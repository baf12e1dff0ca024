"""The published exponents of the time in which a neuron finds its target, at small sizes."""

import numpy as np
import pytest
from scipy import stats

from tests.benchmarks.information_exponents import EXPONENTS, FLOW_DIMENSIONS, exponent, sgd_steps, trained_steps

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


@pytest.mark.slow
@pytest.mark.parametrize(("k", "d", "most"), [(1, 32, 400), (2, 16, 600), (3, 8, 1200)])
def test_runs_on_online_data_follow_the_law_that_is_simulated(k: int, d: int, most: int) -> None:
    row = most // 100
    simulated = np.ceil(np.minimum(sgd_steps(k, d, seeds=1001), most) / row) * row  # as rows tell it
    found = trained_steps(k, d, most, seeds=61)
    assert stats.ks_2samp(found, simulated).pvalue > 1e-3
    assert stats.ks_2samp(found, 2 * simulated).pvalue < 1e-3  # a law of other steps is told from it
