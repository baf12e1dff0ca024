"""The floors in run.json: those of the start, none where they are not known, and never an error."""

from dataclasses import replace

import numpy as np
import pytest

from featlearn.runs import floors_record as module
from featlearn.runs.floors_record import floors_record
from featlearn.theory import population
from featlearn.theory.linear_floors import random_features_floor, tangent_floor
from featlearn.training.problem import Problem
from tests.training.examples import random_problem


@pytest.fixture
def problem() -> Problem:
    problem, state = random_problem(m=4)
    return replace(problem, initial_second_layer=state.second_layer)


def test_the_floors_are_those_of_the_start(problem: Problem) -> None:
    record = floors_record(problem)
    assert record is not None
    assert problem.initial_second_layer is not None
    phi, first, second = problem.activation, problem.initial_first_layer[0], problem.initial_second_layer[0]
    teacher = problem.teacher_second_layer[0], problem.teacher_first_layer[0]
    assert record.random_features == random_features_floor(phi, first, *teacher)
    assert record.ntk == tangent_floor(phi, second, first, *teacher)
    assert record.target == population.squared_norm(phi, *(layer[None] for layer in teacher))[0]
    assert record.ntk is not None
    assert record.random_features is not None
    assert 0 < record.ntk < record.random_features < record.target, "more features reach further"


def test_without_the_start_there_are_none(problem: Problem) -> None:
    assert floors_record(replace(problem, initial_second_layer=None)) is None


def test_a_teacher_that_overflows_has_none(problem: Problem) -> None:
    assert floors_record(replace(problem, teacher_second_layer=np.full((1, 2), 1e200))) is None


@pytest.mark.parametrize("error", [ValueError, np.linalg.LinAlgError, MemoryError])
def test_what_cannot_be_computed_ends_no_run(
    error: type[Exception], problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> float:
        raise error

    monkeypatch.setattr(module, "tangent_floor", fails)
    assert floors_record(problem) is None
