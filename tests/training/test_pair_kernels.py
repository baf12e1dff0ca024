"""The arcsine of compiled code, and the sums over pairs against NumPy's for each family."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.training.backends.layout import SERIES
from featlearn.training.backends.pair_kernels import FAMILIES, arcsine
from tests.places import ROOT
from tests.training.batches import batch, fused
from tests.training.compiled import COMPILED


def test_the_arcsine_is_right_to_two_ulp() -> None:
    edge = np.sqrt(0.5) + np.arange(-50, 50) * 2.0**-53
    x = np.concatenate([np.linspace(-1, 1, 100_001), edge, -edge, [1 - 2.0**-53, 1.0, 0.0, 1e-300]])
    found = arcsine.py_func(x, np.sqrt((1 - x) * (1 + x)))
    assert np.max(np.abs(found - np.arcsin(x)) / np.spacing(np.abs(np.arcsin(x)) + 1e-300)) <= 2.0


@pytest.mark.parametrize(("name", "drop"), COMPILED)
def test_sums_over_pairs_are_those_of_numpy(name: str, drop: int) -> None:
    problem, state = batch(2, 21, 6, name=name, drop=drop)
    arrays = state.second_layer, state.first_layer, problem.teacher_second_layer, problem.teacher_first_layer
    loss, slope = fused().loss_and_gradient(problem, state)
    truth = population.gradient(problem.activation, *arrays)
    np.testing.assert_allclose(loss, population.loss_float64(problem.activation, *arrays)[0], rtol=0, atol=1e-13)
    np.testing.assert_allclose(slope.second_layer, truth.second_layer, rtol=0, atol=1e-13)
    np.testing.assert_allclose(slope.first_layer, truth.first_layer, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["relu", "abs", "erf"])
@pytest.mark.parametrize("drop", [3, 4, 6, 11, 40])
def test_sums_over_pairs_without_low_degrees_are_those_of_numpy(name: str, drop: int) -> None:
    test_sums_over_pairs_are_those_of_numpy(name, drop)


@pytest.mark.parametrize("drop", [2, 3])
@pytest.mark.parametrize("norm", [0.1, 1e-3, 1e-5])
def test_small_rows_of_erf_keep_their_digits(drop: int, norm: float) -> None:
    problem, state = batch(1, 21, 6, name="erf", drop=drop)
    problem = replace(problem, teacher_first_layer=norm * problem.teacher_first_layer)
    state = replace(state, first_layer=norm * state.first_layer)
    arrays = state.second_layer, state.first_layer, problem.teacher_second_layer, problem.teacher_first_layer
    slope, truth = fused().loss_and_gradient(problem, state)[1], population.gradient(problem.activation, *arrays)
    for name in ("second_layer", "first_layer"):
        found, expected = getattr(slope, name), getattr(truth, name)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.max(np.abs(expected)))


IN_PYTHON = """
import numpy as np
from featlearn.theory.activations.tails import tail
from featlearn.training.backends.layout import ERF_TAIL, HOMOGENEOUS_TAIL
from featlearn.training.backends.pair_kernels import FAMILIES, Kernel
from featlearn.training.backends.tail_constants import tail_constants
t = np.linspace(-1, 1, 8002)[1:-1].reshape(-1, 8)
t = np.concatenate([t, np.logspace(-9, -1, 80).reshape(-1, 8)])
small, root = np.abs(t) < np.sqrt(0.5), np.sqrt((1 - t) * (1 + t))
for first in (1, 2, 3, 8, 20):
    series = [tail(np, order, first, t, root, np.arcsin(t)) for order in range(3)]
    for family in (HOMOGENEOUS_TAIL, ERF_TAIL):
        kernel = Kernel(1.0, 0.0, 0.0, first, tail_constants(family, first))
        found = np.stack([np.stack(FAMILIES[family].pair(kernel, row, row)) for row in t], 1)
        f_0 = series[0] / root
        truth = series[1], t * f_0, f_0
        if family == HOMOGENEOUS_TAIL:
            truth = series[2], series[2] - t * series[1], series[1]
        for ours, theirs in zip(found, truth):
            error = np.abs(ours - theirs)
            assert np.max(error) < 1e-12 * np.max(np.abs(theirs)), (family, first)
            few = np.abs(theirs) < 1e-290
            assert np.max((error / np.abs(theirs))[small & ~few]) < 1e-12, (family, first)
print("close")
"""


def test_tails_keep_their_digits_at_small_cosines() -> None:
    # as plain Python, in rows of eight
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", IN_PYTHON], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "close\n", done.stderr


def test_every_closed_form_has_its_number() -> None:
    assert sorted(FAMILIES) == list(range(SERIES))
