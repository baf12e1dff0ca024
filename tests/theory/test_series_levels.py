"""Levels are found without tables, from the numbers that tables would give."""

import tracemalloc

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.activations.series_levels import LevelSearch, residual


def _search(name: str) -> LevelSearch:
    series = activation(name, 0).series
    assert series is not None
    return series._search


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "silu"])
def test_coefficients_of_a_trial_are_those_of_the_tables(name: str) -> None:
    series, norms = activation(name, 0).series, np.array([1.3, 0.65])
    assert series is not None
    level = series.level(1.3)
    assert level is not None
    found = series._search._coefficients(norms, level.degree, level.step)
    for order in range(3):
        known = series._coefficients(norms, level.degree, order, level.step)
        np.testing.assert_allclose(found[order], known, rtol=0, atol=3e-15)


def test_what_is_left_is_what_the_terms_after_the_last_one_have() -> None:
    search, norms, step = _search("tanh"), np.array([2.0, 1.0]), 0.05
    found = search._coefficients(norms, 400, step)
    left = residual(list(search.functions[:3]), norms, found[:, :, :61], step)
    assert left == pytest.approx(np.sum(found[:, :, 61:] ** 2, -1), rel=1e-6)


def test_the_search_keeps_no_table() -> None:
    search = _search("sigmoid")
    tracemalloc.start()
    try:
        level = search.find(6.0, 1e-13)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert level is not None
    assert level.degree > 700
    assert most < 2**24
