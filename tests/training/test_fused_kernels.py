"""The compiled code itself: its arcsine, its branches, and that it stays within its arrays."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.training.backends import WIDE, fused_kernels
from featlearn.training.backends.fused import fused_kernel
from featlearn.training.backends.fused_target import fused_target
from featlearn.training.backends.kernel_cache import address_of
from tests.training.batches import assert_same_state, batch, fused, stages


@pytest.mark.parametrize(("m", "teachers"), [(5, 3), (6, 2), (7, 1), (13, 3), (14, 2)])
def test_columns_that_fill_their_padding_are_not_left(m: int, teachers: int) -> None:
    problem, state = batch(1, m, 4, teachers)
    n = m + teachers
    v, c = np.zeros((1, 4, n)), np.zeros((1, n))
    v[0, :, :m], v[0, :, m:] = state.first_layer[0].T, problem.teacher_first_layer[0].T
    c[0, :m], c[0, m:] = state.second_layer[0], -problem.teacher_second_layer[0]
    slope_a, slope_w, seen = np.full((2, n), 7.0), np.full((2, 4, n), 7.0), np.zeros((1, 2))  # a row of guards behind
    fused_kernels.evaluate_runs(
        fused_kernel(problem.activation),
        m,
        v,
        c,
        np.ones((1, n)),
        slope_a[:1],
        slope_w[:1],
        seen,
        fused_target(problem),
    )
    assert (slope_a[1] == 7.0).all()
    assert (slope_w[1] == 7.0).all()
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    loss = population.loss(problem.activation, state.second_layer, state.first_layer, *teacher)
    np.testing.assert_allclose(seen[:, 0], loss, rtol=1e-12)


IN_PYTHON = """
import sys
sys.path.insert(0, {root!r})
from dataclasses import replace
from featlearn.theory import population
from featlearn.theory.targets import loss as against
from tests.training.batches import batch, fused, stages
from tests.training.test_targets import made
for m in range(1, 10):
    for teachers in range(1, 5):
        problem, state = batch(1, m, 2, teachers)
        arrays = state.second_layer, state.first_layer, problem.teacher_second_layer, problem.teacher_first_layer
        loss, slope = fused().loss_and_gradient(problem, state)
        truth = population.loss_float64(problem.activation, *arrays)[0]
        assert abs(loss - truth).max() < 1e-14, (m, teachers)
        fused().advance(problem, stages(1), state, 0, 1)
        further = replace(stages(1)[0], constraint="unit_rows", loss="correlation")
        assert fused().advance(problem, [further], state, 0, 2).finite().all()
for kind, name, drop in (("staircase", "relu", 0), ("He3", "erf", 5), ("even", "relu", 4), ("even", "quadratic", 0)):
    problem, state = made(kind, name, drop, runs=2)
    loss, _ = fused().loss_and_gradient(problem, state)
    weights = problem.in_loss(state.second_layer, state.first_layer)
    assert abs(loss - against.loss_float64(problem.activation, *weights)[0]).max() < 1e-13, (kind, name)
print("inside")
"""


def test_no_shape_reaches_beyond_its_arrays() -> None:
    # compiled code does not look: as plain Python, an index that is too large is an error

    script = IN_PYTHON.format(root=str(Path(__file__).parents[2]))
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "inside\n", done.stderr


def test_a_branch_that_is_not_there_is_an_error() -> None:
    problem, state = batch(1, 5, 4)
    v, a = np.zeros((1, 4, 8)), np.zeros((1, 8))
    v[0, :, :5], v[0, :, 5:] = state.first_layer[0].T, problem.teacher_first_layer[0].T
    none, sizes, looks = np.zeros((1, 0)), np.full((1, 3), 0.1), np.zeros(0, dtype=np.int64)
    optimiser = max(fused_kernels.METHODS) + 1, 0.0, 0.0, True, True
    advance: Any = fused_kernels.advance_runs
    kernel, seen = fused_kernel(problem.activation), np.zeros((1, 0, 2))
    with pytest.raises(ValueError, match="no branch takes the steps"):
        advance(
            kernel,
            optimiser,
            5,
            np.ones(1),
            v,
            a,
            np.ones((1, 8)),
            sizes,
            sizes,
            *[none] * 4,
            seen,
            0,
            looks,
            fused_target(problem),
        )


@pytest.mark.parametrize("m", [5, 8, 70, 2 * WIDE + 3])
def test_looking_does_not_change_the_steps(m: int) -> None:
    problem, state = batch(1, m, 3, teachers=9)
    ahead = fused().advance(problem, stages(1), state, 0, 5)
    seen, _ = fused().advance_looking(problem, stages(1), state, 0, np.arange(1, 6))
    assert_same_state(ahead, seen)


def test_memory_of_a_call_begins_with_a_cache_line() -> None:
    sizes = fused_kernels._sizes(5, (1, 4, 16))
    rows = fused_kernels._arranged(5, sizes, (np.ones((1, 4, 16)),))
    assert address_of(rows[0]) % 64 == 0
    assert rows[1].tolist() == [[1, 1, 1, 1, 1, 0, 0, 0]]
