"""The optimum that runs are held against: where there is one, and that it is solved once."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.optimum import certified_optimum
from featlearn.training import optima
from featlearn.training.optima import (
    least_objectives,
    optimum_of,
    solved_beside,
)
from featlearn.training.plan import Plan
from featlearn.training.stages import Schedule, Stage
from tests.training.examples import random_problem


def test_it_is_the_certified_optimum_of_the_runs_own_teacher() -> None:
    problem, _ = random_problem(runs=2, seed=5)
    for run in range(2):
        found = optimum_of(problem, run, 0.02)
        teacher = problem.teacher_second_layer[run], problem.teacher_first_layer[run]
        expected = certified_optimum(problem.activation, *teacher, 0.02)
        assert found is not None
        assert (found.lower, found.upper) == (expected.lower, expected.upper)


def test_it_is_solved_once_for_each_teacher_and_weight_decay(monkeypatch: pytest.MonkeyPatch) -> None:
    solved: list[float] = []

    def counted(*args: Any) -> Any:
        solved.append(args[3])
        return certified_optimum(*args)

    monkeypatch.setattr(optima, "certified_optimum", counted)
    problem, _ = random_problem(runs=2, seed=6)
    for decay in (0.031, 0.031, 0.032, 0.031):
        for run in (0, 1):
            optimum_of(problem, run, decay)
    assert solved == [0.031, 0.031, 0.032, 0.032]


@pytest.mark.parametrize("decay", [0.0, np.inf, np.nan])
def test_without_weight_decay_there_is_none(decay: float) -> None:
    problem, _ = random_problem()
    assert optimum_of(problem, 0, decay) is None


@pytest.mark.parametrize(("name", "known"), [("relu", True), ("abs", True), ("erf", False), ("quadratic", False)])
def test_there_is_one_for_activations_of_degree_one(name: str, known: bool) -> None:
    problem, _ = random_problem(name=name)
    assert (optimum_of(problem, 0, 0.05) is not None) == known
    assert (activation(name).homogeneous_degree == 1) == known


def test_a_teacher_that_is_zero_has_none() -> None:
    problem, _ = random_problem()
    assert optimum_of(replace(problem, teacher_second_layer=np.zeros((1, 2))), 0, 0.05) is None


def test_a_solver_that_gives_up_leaves_it_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> Any:
        raise np.linalg.LinAlgError

    monkeypatch.setattr(optima, "certified_optimum", broken)
    problem, _ = random_problem(seed=7)
    assert optimum_of(problem, 0, 0.0123) is None


def _plans(start: float, runs: int = 2) -> list[Plan]:
    stage = Stage(name="x", train=("first_layer",), steps=30, weight_decay=Schedule(start, 0.5, 10))
    return [Plan.of([stage], 10, 2, gap=True)] * runs


def test_those_of_a_schedule_are_solved_beside_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    solved: list[float] = []

    def counted(*args: Any) -> Any:
        solved.append(args[3])
        return certified_optimum(*args)

    monkeypatch.setattr(optima, "certified_optimum", counted)
    problem, _ = random_problem(runs=2, seed=8)
    with solved_beside(problem, _plans(0.04)):
        last = optimum_of(problem, 1, 0.01)  # before its turn, maybe
        first = [optimum_of(problem, run, 0.04) for run in (0, 1)]
        for others in list(optima._ahead.values()):  # which nobody has asked for
            others.result()
    assert sorted(solved) == [0.01, 0.01, 0.02, 0.02, 0.04, 0.04], "each once"
    alone = certified_optimum(problem.activation, problem.teacher_second_layer[1], problem.teacher_first_layer[1], 0.01)
    assert last is not None
    assert (last.lower, last.upper) == (alone.lower, alone.upper)
    assert None not in first


def test_what_is_not_asked_for_is_given_up_at_the_end() -> None:
    problem, _ = random_problem(runs=2, seed=9)
    with pytest.raises(RuntimeError, match="stopped"), solved_beside(problem, _plans(0.03)):
        raise RuntimeError("stopped")
    assert not optima._ahead


def test_without_every_row_only_those_at_the_ends_are_solved() -> None:
    (plan, _) = _plans(0.04)
    assert optima._decays(plan, every_row=True) == [0.04, 0.02, 0.01]
    assert optima._decays(plan, every_row=False) == [0.04, 0.01]


def test_least_objectives_are_those_of_each_run_and_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, _ = random_problem(runs=3, seed=6)
    decays = np.array([0.02, 0.0, 0.05])
    expected = [None if found is None else found.lower for found in (optimum_of(problem, 0, 0.02), None)]
    found = least_objectives(problem, decays)
    assert found[0] == expected[0]
    assert np.isnan(found[1])
    monkeypatch.setattr(optima, "optimum_of", None)  # nobody asks again
    assert least_objectives(problem, decays.copy()) is found
    monkeypatch.undo()
    assert least_objectives(problem, decays[::-1])[2] > 0
