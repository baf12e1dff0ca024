"""Method newton: where it arrives, that it goes down, and that its bits depend on nothing else."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.config.model import Config
from featlearn.runs.train import train
from featlearn.training.backends import make_backend
from featlearn.training.methods import METHODS, lbfgs, newton
from featlearn.training.objective import Objective
from featlearn.training.problem import Problem
from featlearn.training.second_order import SecondOrder
from featlearn.training.stages import LAYERS, Layer, Schedule, Stage
from featlearn.training.state import State
from tests.training.examples import random_problem, ridge_case, rows_of
from tests.training.sampled import problem_on

NAMES = ["relu", "abs", "erf", "quadratic"]


def _stage(steps: int, decay: float | Schedule = 0.0, train: tuple[Layer, ...] = LAYERS, **changes: Any) -> Stage:
    schedule = decay if isinstance(decay, Schedule) else Schedule(decay)
    return Stage(name="s", train=train, method="newton", steps=steps, weight_decay=schedule, **changes)


def _walk(problem: Problem, state: State, stage: Stage, backend: str = "fused") -> State:
    engine = make_backend(backend, "cpu", "float64")
    return METHODS[stage.method].advance(engine, problem, [stage], state, 0, stage.steps)


def _point(problem: Problem, state: State, decay: float, train: tuple[Layer, ...] = LAYERS) -> tuple[float, float]:
    """The objective and the norm of its gradient."""
    objective = Objective(make_backend("torch", "cpu", "float64"), problem, state, train)
    x = objective.start()
    loss, slope = objective.loss_and_gradient(x)
    return loss + objective.penalty(x, decay), objective.norm(slope + decay * x)


@pytest.mark.parametrize("backend", ["torch", "fused"])
@pytest.mark.parametrize("name", NAMES)
def test_over_the_second_layer_a_few_steps_are_the_ridge_solution(name: str, backend: str) -> None:
    problem, state, best = ridge_case(name)
    ours = _walk(problem, state, _stage(15, 0.1, ("second_layer",)), backend)
    np.testing.assert_allclose(ours.second_layer, best, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(ours.first_layer, state.first_layer)


@pytest.mark.parametrize("decay", [0.02, 1e-3])
@pytest.mark.parametrize("name", NAMES)
def test_it_ends_at_a_gradient_of_rounding(name: str, decay: float) -> None:
    problem, state = random_problem(name=name)
    end = _walk(problem, state, _stage(150, decay))
    assert _point(problem, end, decay)[1] < 1e-13
    np.testing.assert_array_equal(end.memory["newton.stalled"], [[decay, decay]])


def test_it_finishes_what_lbfgs_leaves() -> None:
    problem, state = random_problem(name="erf")
    first = replace(_stage(300), method="lbfgs")
    left = _walk(problem, state, first)
    left = State(left.second_layer, left.first_layer)
    finished, more = (_walk(problem, left, replace(first, method=method, steps=30)) for method in ("newton", "lbfgs"))
    assert _point(problem, more, 0.0)[1] > 1e-8
    assert _point(problem, finished, 0.0)[1] < 1e-10  # in a valley that is flat to rounding, at λ = 0
    assert lbfgs.METHOD.name != newton.METHOD.name


def test_the_objective_never_grows() -> None:
    problem, state = random_problem(m=20, d=8)
    values = [row.row["objective"] for row in rows_of(problem, [_stage(60, 0.01)], state, 61)]
    assert len(values) == 61
    assert (np.diff(values) <= 1e-14).all()
    assert values[-1] < 0.5 * values[0]


def test_where_nothing_is_better_it_stays_without_asking_again(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, state = random_problem()
    end = _walk(problem, state, _stage(60, 0.02))
    monkeypatch.setattr(newton, "point", None)
    again = newton.METHOD.advance(make_backend("fused", "cpu", "float64"), problem, [_stage(60, 0.02)], end, 59, 1)
    np.testing.assert_array_equal(again.first_layer, end.first_layer)


def test_a_change_of_the_weight_decay_lets_it_go_on() -> None:
    problem, state = random_problem()
    rows = rows_of(problem, [_stage(120, Schedule(0.02, 0.5, 60))], state, 121)
    assert [row.row["grad_norm"] < 1e-13 for row in rows if row.row["stage_step"] in (60, 61, 120)] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("scale", [1e3, 1e80, 1e155])
@pytest.mark.parametrize("name", ["relu", "quadratic"])
def test_weights_of_any_size_do_no_harm(name: str, scale: float) -> None:
    problem, state = random_problem(name=name)
    end = _walk(problem, State(scale * state.second_layer, scale * state.first_layer), _stage(5, 0.01))
    assert end.finite().all()


def test_a_network_that_decay_takes_away_vanishes_quietly() -> None:
    problem, state = random_problem()
    end = _walk(problem, state, _stage(60, 3.0))
    assert np.abs(end.first_layer).max() < 1e-8
    nothing = State(np.zeros_like(state.second_layer), np.zeros_like(state.first_layer))
    np.testing.assert_array_equal(_walk(problem, nothing, _stage(3)).first_layer, 0.0)


@pytest.mark.parametrize("backend", ["torch", "fused"])
def test_single_precision_stays_single_and_goes_down(backend: str) -> None:
    problem, state = random_problem()
    single = State(state.second_layer.astype(np.float32), state.first_layer.astype(np.float32))
    end = _walk(problem, single, _stage(40, 0.02), backend)
    assert end.first_layer.dtype == end.second_layer.dtype == np.float32
    assert _point(problem, end, 0.02)[1] < 1e-5


@pytest.mark.parametrize("cuts", [(1,) * 30, (11, 19), (7, 3, 20)])
def test_bits_do_not_depend_on_how_iterations_are_cut_into_calls_nor_on_company(cuts: tuple[int, ...]) -> None:
    problem, state = random_problem(runs=3)
    stages = [_stage(30, Schedule(0.01 * (i + 1), 0.5, 10)) for i in range(3)]
    engine, done, together = make_backend("fused", "cpu", "float64"), 0, state
    for count in cuts:
        together = newton.METHOD.advance(engine, problem, stages, together, done, count)
        done += count
    for run in range(3):
        alone, ours = _walk(problem.take([run]), state.take([run]), stages[run]), together.take([run])
        np.testing.assert_array_equal(ours.first_layer, alone.first_layer)
        assert ours.memory.keys() == alone.memory.keys()
        for name, values in ours.memory.items():
            np.testing.assert_array_equal(values, alone.memory[name])


@pytest.mark.parametrize(("name", "drop"), [("erf", 2), ("silu", 0), ("relu", 0)])
def test_on_a_sample_it_ends_at_a_minimum_of_the_loss_there(name: str, drop: int) -> None:
    problem, state = problem_on("empirical", name, drop)
    end = _walk(problem, state, _stage(80, 0.02), "torch")
    assert _point(problem, end, 0.02)[1] < (1e-3 if name == "relu" else 1e-12)  # the minimum of relu is on kinks
    assert _point(problem, end, 0.02)[0] < _point(problem, state, 0.02)[0]


def test_a_hessian_that_is_not_a_number_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"method": "newton", "train": list(LAYERS), "steps": 5}
    config = Config.model_validate(
        {"teacher": {"input_dim": 3, "width": 2}, "student": {"width": 4}, "stages": {"end": given}}
    )
    monkeypatch.setattr(SecondOrder, "product", lambda self, v: np.full_like(v, np.nan))
    result = train(config, tmp_path)
    assert result.status == "diverged"
    told = "diverged at step 1 (step 1 of stage end): the loss, or a product of its Hessian, is not a number"
    assert result.info.message == told
