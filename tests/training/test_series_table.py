"""The tables of Hermite coefficients: right to rounding, by level, and the same whoever makes them."""

import os
import subprocess
import sys

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.activations.series import HermiteSeries
from featlearn.theory.activations.smooth import smooth_activation
from featlearn.training.backends.layout import (
    COLUMNS_ALONE,
    FIRST,
    GROUPS,
    INTERVALS,
    LANES,
    LARGEST,
    LENGTH,
    PARITY,
    POWERS,
    SERIES_HEAD,
    STRIDE,
    TERMS,
)
from featlearn.training.backends.series_table import (
    BeyondSeriesError,
    level_of,
    levels_of,
    norm_of,
    series_table,
    series_tables,
)
from tests.places import ROOT


def columns(table: np.ndarray, norms: np.ndarray) -> np.ndarray:
    """What a table has for some norms, (n, columns)."""
    terms, count, groups = (int(table[0, place]) for place in (TERMS, INTERVALS, GROUPS))
    begin = SERIES_HEAD + -(-terms // LANES)
    ends = table[begin:].reshape(-1)[: 3 * count].reshape(count, 3)
    polynomials = table[begin + -(-3 * count // LANES) :].reshape(count, groups, POWERS, LANES)
    found = np.zeros((len(norms), groups, LANES))
    for i, norm in enumerate(norms):
        place = int(np.searchsorted(ends[:-1, 0], norm))
        for power in range(POWERS):
            found[i] = found[i] * (norm - ends[place, 1]) * ends[place, 2] + polynomials[place, :, power]
    return found.reshape(len(norms), -1)[:, : terms + COLUMNS_ALONE]


@pytest.mark.parametrize("level", [0, 4, 8, 11])
@pytest.mark.parametrize(("name", "drop"), [("tanh", 0), ("sigmoid", 0), ("silu", 2), ("softplus", 5)])
def test_polynomials_are_the_coefficients(name: str, drop: int, level: int) -> None:
    act = activation(name, drop)
    series, table = act.series, series_table(act, level, 0)
    assert series is not None
    degree = series.degree(norm_of(level)) or 0
    norms = np.concatenate([[0.0, 1e-9, norm_of(level)], np.random.default_rng(level).uniform(0, norm_of(level), 60)])
    found = columns(table, norms)
    truth = [series.coefficients(norms, degree, order) for order in range(3)]
    scale = np.sqrt(np.max(np.sum(truth[2] ** 2, 1)))
    of_terms = int(table[0, PARITY]) + int(table[0, STRIDE]) * np.arange(int(table[0, TERMS])) + 1
    assert 0 <= degree - of_terms[-1] < 2
    np.testing.assert_allclose(found[:, COLUMNS_ALONE:], truth[2][:, of_terms], rtol=0, atol=3e-15 * scale)
    np.testing.assert_allclose(found[:, 0], truth[0][:, 0] if drop == 0 else 0.0, rtol=0, atol=2e-15)
    np.testing.assert_allclose(found[:, 2], truth[1][:, 0], rtol=0, atol=2e-15)
    np.testing.assert_allclose(found[:, 3], truth[2][:, 0], rtol=0, atol=2e-15)
    np.testing.assert_allclose(found[:, 1], np.sqrt(act.rounding_scale(norms**2)), rtol=1e-6, atol=1e-9)
    others = np.setdiff1d(np.arange(1, degree + 1), of_terms)
    assert np.max(np.abs(truth[2][:, others]), initial=0.0) < 1e-15  # nothing is left out
    lowest = of_terms[int(table[0, FIRST])]
    assert drop <= lowest < drop + 2 or lowest == of_terms[0]


def test_more_terms_than_the_level_needs_can_be_asked_for() -> None:
    few, many = (series_table(activation("silu", 0), 2, least) for least in (0, 40))
    assert few[0, TERMS] < many[0, TERMS] == 20


def test_norms_have_levels_and_rounding_does_not_change_them() -> None:
    for level in range(30):
        assert level_of(norm_of(level)) == level == level_of(norm_of(level) * (1 + 1e-12))
        assert level_of(norm_of(level) * 1.01) == level + 1
    assert level_of(0.0) == 0
    assert level_of(np.inf) == level_of(1e300)
    v = np.zeros((3, 2, 5))
    v[0, :, 2], v[1, 0, 1], v[2, 0, 0] = 0.6, 1.0, np.nan
    assert levels_of(v) == {level_of(np.sqrt(0.72)), 8}
    assert levels_of(v[2:]) == {0}


def test_tables_follow_one_another_with_heads_for_those_that_are_missing() -> None:
    act = activation("sigmoid", 0)
    tables, stride = series_tables(act, frozenset([3, 6]), 0)
    at, met = 0, []
    while tables[at, LARGEST] < np.inf:
        met.append((float(tables[at, LARGEST]), int(tables[at, INTERVALS]) > 0))
        at += int(tables[at, LENGTH])
    assert met == [(pytest.approx(norm_of(level), rel=2e-9), level in (3, 6)) for level in range(7)]
    assert tables[at, INTERVALS] == 0
    assert at + SERIES_HEAD == len(tables)
    widest = series_table(act, 6, 0)
    assert stride == 2 + widest[0, GROUPS] * LANES + widest[0, TERMS]


def test_beyond_the_norms_of_a_series_there_are_no_numbers() -> None:
    series = activation("tanh", 0).series
    assert series is not None
    alone = smooth_activation("plain tanh", "tanh z", HermiteSeries(series.functions, "odd"))(0)
    table = series_table(alone, level_of(np.inf), 0)
    assert table[0, LARGEST] == np.inf
    assert np.isnan(columns(table, np.array([1e9]))).all()


@pytest.mark.parametrize("name", ["tanh", "gelu"])
def test_where_there_is_another_kernel_that_is_told(name: str) -> None:
    with pytest.raises(BeyondSeriesError):
        series_table(activation(name, 0), level_of(np.inf), 0)


SCRIPT = """
import hashlib
from featlearn.theory.activations import activation
from featlearn.training.backends.series_table import series_table
print(hashlib.sha256(series_table(activation("tanh", 0), 12, 0).tobytes()).hexdigest())
"""


def test_a_table_has_the_same_bits_for_any_number_of_threads() -> None:
    found = set()
    for threads in ("1", "2"):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = os.environ | dict.fromkeys(names, threads) | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_a_neighbour_that_was_made_comes_along() -> None:
    act = activation("sigmoid", 7)
    alone, _ = series_tables(act, frozenset([2]), 0)
    series_tables(act, frozenset([3]), 0)
    both, _ = series_tables(act, frozenset([2]), 0)
    assert both[: len(alone) - SERIES_HEAD].tobytes() == alone[:-SERIES_HEAD].tobytes()
    assert len(both) == len(alone) + len(series_table(act, 3, 0))
