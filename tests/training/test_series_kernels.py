"""Steps by Hermite series: sums of NumPy, steps of the torch backend, and bits that follow from a run alone."""

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import Activation, activation, series_levels
from featlearn.theory.activations.series import HermiteSeries
from featlearn.theory.activations.smooth import smooth_activation
from featlearn.training.backends import WIDE, make_backend
from featlearn.training.backends.series_table import level_of
from featlearn.training.problem import Problem
from featlearn.training.stages import LAYERS, ByLayer, Schedule, Stage
from featlearn.training.state import State
from tests.places import ROOT
from tests.training.batches import assert_same_state, batch, fused, stages
from tests.training.test_targets import FORMULAS, made


def _shifted(z: Any, xp: Any = np) -> Any:
    return xp.tanh(z + 0.5)


def _shifted_1(z: Any, xp: Any = np) -> Any:
    return 1 - xp.tanh(z + 0.5) ** 2


SHIFTED = smooth_activation("shifted tanh", "tanh(z + ½)", HermiteSeries((_shifted, _shifted_1)))
DROPS = (0, 1, 2, 3, 5, 12)


def act_of(name: str, drop: int) -> Activation:
    return SHIFTED(drop) if name == "shifted" else activation(name, drop)


def with_act(name: str, drop: int, runs: int, m: int, d: int, teachers: int = 3) -> tuple[Problem, State]:
    problem, state = batch(runs, m, d, teachers)
    return replace(problem, activation=act_of(name, drop)), state


@pytest.mark.parametrize("drop", DROPS)
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "silu", "shifted"])
def test_sums_over_pairs_are_those_of_numpy_for_equal_opposite_and_zero_rows_too(name: str, drop: int) -> None:
    problem, state = with_act(name, drop, 2, 21, 6)
    state.first_layer[:, 3], state.first_layer[1] = 0.0, 0.3 * state.first_layer[1]
    state.first_layer[:, 5], state.first_layer[:, 6] = problem.teacher_first_layer[:, 0], state.first_layer[:, 7]
    state.first_layer[:, 8] = -problem.teacher_first_layer[:, 1]
    arrays = state.second_layer, state.first_layer, problem.teacher_second_layer, problem.teacher_first_layer
    loss, slope = fused().loss_and_gradient(problem, state)
    truth = population.gradient(problem.activation, *arrays)
    np.testing.assert_allclose(loss, population.loss_float64(problem.activation, *arrays)[0], rtol=0, atol=1e-13)
    np.testing.assert_allclose(slope.second_layer, truth.second_layer, rtol=0, atol=1e-13)
    np.testing.assert_allclose(slope.first_layer, truth.first_layer, rtol=0, atol=1e-13)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize(("name", "drop"), [("tanh", 0), ("silu", 0), ("sigmoid", 3), ("softplus", 2)])
def test_polynomial_targets_are_learned_as_in_the_torch_backend(name: str, drop: int, formula: str) -> None:
    problem, state = made(formula, name, drop, runs=2, m=9)
    state.first_layer[:, 3], state.first_layer[:, 4] = 0.0, problem.teacher_first_layer[:, 0]
    state.first_layer[1] *= 0.1  # fewer terms than degrees of the target
    ours, theirs = fused(), make_backend("torch", "cpu", "float64")
    loss, slope = ours.loss_and_gradient(problem, state)
    truth, other = theirs.loss_and_gradient(problem, state)
    np.testing.assert_allclose(loss, truth, rtol=1e-13)
    np.testing.assert_allclose(slope.second_layer, other.second_layer, rtol=0, atol=1e-12)
    np.testing.assert_allclose(slope.first_layer, other.first_layer, rtol=0, atol=1e-12)
    after, expected = (engine.advance(problem, stages(2, "adam"), state, 0, 40) for engine in (ours, theirs))
    np.testing.assert_allclose(after.first_layer, expected.first_layer, rtol=0, atol=1e-10)


CHANGES: list[dict[str, Any]] = [
    {"constraint": "unit_rows"},
    {"loss": "correlation"},
    {"train": ("first_layer",)},
    {"train": ("second_layer",)},
    {"step_size": ByLayer.of(Schedule(0.02), Schedule(0.05)), "weight_decay": ByLayer.of(Schedule(0.3), Schedule(0.1))},
]


@pytest.mark.parametrize("changes", CHANGES)
@pytest.mark.parametrize("name", ["tanh", "softplus"])
def test_every_kind_of_step_is_that_of_the_torch_backend(name: str, changes: dict[str, Any]) -> None:
    problem, state = with_act(name, 0, 2, 9, 5)
    counts = np.ones((2, 9))
    counts[:, 2:5] = [2, 1, 3]
    problem = replace(problem, multiplicity=counts)
    plan = [replace(stage, **changes) for stage in stages(2)]
    looks = np.array([1, 7, 30])
    ours, seen = fused().advance_looking(problem, plan, state, 0, looks)
    theirs, others = make_backend("torch", "cpu", "float64").advance_looking(problem, plan, state, 0, looks)
    np.testing.assert_allclose(ours.first_layer, theirs.first_layer, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.second_layer, theirs.second_layer, rtol=0, atol=1e-12)
    np.testing.assert_allclose(seen.loss, others.loss, rtol=1e-11)


def growing(runs: int, m: int, d: int = 4) -> tuple[Problem, State, list[Stage]]:
    """Runs whose largest norm goes through several levels, each its own."""
    problem, state = with_act("silu", 0, runs, m, d)
    factors = 0.3 * 1.5 ** np.arange(runs)[:, None, None]
    for rows in (state.first_layer, problem.teacher_first_layer):
        rows *= factors / np.linalg.norm(rows, axis=-1).max(-1)[:, None, None]
    plan = [replace(s, train=LAYERS, step_size=Schedule(0.05), weight_decay=Schedule(-1.0)) for s in stages(runs)]
    return problem, state, plan


@pytest.mark.parametrize("m", [8, WIDE])  # teachers have a block of their own
def test_bits_depend_neither_on_company_nor_threads_nor_cuts_while_levels_change(m: int) -> None:
    problem, state, plan = growing(3, m)
    alone, together = fused(), fused()
    alone.threads, together.threads = 1, 2
    whole = alone.advance(problem, plan, state, 0, 12)
    largest = [np.linalg.norm(x.first_layer, axis=-1).max(-1) for x in (state, whole)]
    assert all(level_of(after) > level_of(before) + 1 for before, after in zip(*largest, strict=True))
    assert len({level_of(x) for x in largest[0]}) == 3
    cut = state
    for done, count in ((0, 1), (1, 4), (5, 7)):
        cut = alone.advance(problem, plan, cut, done, count)
    assert_same_state(cut, whole)
    for run in range(3):
        one = together.advance(problem.take([run]), plan[run : run + 1], state.take([run]), 0, 12)
        assert_same_state(one, whole.take([run]))
    seen, _ = together.advance_looking(problem, plan, state, 0, np.arange(1, 13))
    assert_same_state(seen, whole)


def test_runs_that_leave_the_norms_of_the_series_diverge_as_in_the_torch_backend() -> None:
    problem, state = with_act("tanh", 2, 2, 5, 3)
    state.first_layer[0] *= 1e4
    plan = [Stage(name="s", train=LAYERS, step_size=Schedule(0.1))] * 2
    for engine in (fused(), make_backend("torch", "cpu", "float64")):
        after = engine.advance(problem, plan, state, 0, 2)
        assert after.finite().tolist() == [False, True]
    exploding = [replace(stage, step_size=Schedule(1e200)) for stage in plan]
    assert not fused().advance(problem, exploding, state, 0, 4).finite().any()


IN_PYTHON = """
from dataclasses import replace
import numpy as np
from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.theory.targets import loss as against
from tests.training.batches import batch, fused, stages
from tests.training.test_targets import made
for m in (1, 7, 8, 9):
    for name, drop in (("sigmoid", 0), ("softplus", 3)):
        problem, state = batch(1, m, 2, 2, name=name, drop=drop)
        state.first_layer[:] *= 0.2 / np.max(np.abs(state.first_layer))
        arrays = state.second_layer, state.first_layer, problem.teacher_second_layer, problem.teacher_first_layer
        arrays[3][:] *= 0.2
        loss, slope = fused().loss_and_gradient(problem, state)
        truth = population.loss_float64(problem.activation, *arrays)[0]
        assert abs(loss - truth).max() < 1e-14, (m, name)
        grown = [replace(stages(1)[0], loss="correlation")]
        after = fused().advance(problem, grown, state, 0, 2)
        assert after.finite().all()
problem, state = made("even", "silu", 0, runs=1)
loss, _ = fused().loss_and_gradient(problem, state)
weights = problem.in_loss(state.second_layer, state.first_layer)
assert abs(loss - against.loss_float64(problem.activation, *weights)[0]).max() < 1e-13
print("inside")
"""


def test_no_shape_reaches_beyond_its_arrays() -> None:
    # compiled code does not look: as plain Python, an index that is too large is an error
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", IN_PYTHON], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "inside\n", done.stderr


@pytest.mark.parametrize("method", ["gd", "momentum"])
def test_where_rows_outgrow_a_series_the_closed_form_takes_the_steps(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the norms of a series of sin of few degrees and back, in whatever company and cuts."""
    for name, cap in (("_CAPS", (60, 180)), ("HIGHEST_DEGREE", 180)):
        monkeypatch.setattr(series_levels, name, cap)
    series = HermiteSeries(activation("sin", 0).compiled.functions, "odd")  # type: ignore[union-attr]
    problem, state = with_act("sin", 0, 3, 5, 3)
    problem, reach = replace(problem, activation=replace(problem.activation, compiled=series)), series.reach
    state.first_layer[:] *= (
        np.array([0.06, 0.94, 3.75])[:, None, None] * reach / np.max(np.linalg.norm(state.first_layer, axis=-1))
    )
    problem.teacher_first_layer[:] *= 2.0
    size = {"gd": 0.02, "momentum": 0.006}[method]
    plan = [
        replace(stage, step_size=Schedule(size), weight_decay=Schedule(decay))
        for stage, decay in zip(stages(3, method), (0.01, -5.0, 6.0), strict=True)
    ]
    looks = np.array([1, 4, 20])
    whole, seen = fused().advance_looking(problem, plan, state, 0, looks)
    theirs, others = make_backend("torch", "cpu", "float64").advance_looking(problem, plan, state, 0, looks)
    norms = [np.linalg.norm(its.first_layer, axis=-1).max(-1) for its in (state, whole)]
    assert (norms[0] > reach).tolist() == [False, False, True]
    assert (norms[1] > reach).tolist() == [False, True, False]
    np.testing.assert_allclose(whole.first_layer, theirs.first_layer, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(seen.loss, others.loss, rtol=1e-10)
    cut = state
    for done, count in ((0, 3), (3, 1), (4, 16)):
        cut = fused().advance(problem, plan, cut, done, count)
    assert_same_state(cut, whole)
    for run in range(3):
        one, its = fused().advance_looking(problem.take([run]), plan[run : run + 1], state.take([run]), 0, looks)
        assert_same_state(one, whole.take([run]))
        assert its.loss.tobytes() == seen.loss[run].tobytes()
    loss, slope = fused().loss_and_gradient(problem, state)
    truth = population.gradient(
        problem.activation,
        state.second_layer,
        state.first_layer,
        problem.teacher_second_layer,
        problem.teacher_first_layer,
    )
    np.testing.assert_allclose(slope.first_layer, truth.first_layer, rtol=0, atol=1e-12)
    assert loss.shape == (3,)
