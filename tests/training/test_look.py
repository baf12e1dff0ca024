"""A look at the runs of a batch: every part is computed once, and shows what the last step used."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.training.backends import Backend, make_backend
from featlearn.training.look import Look
from featlearn.training.measurement import measure
from featlearn.training.problem import Problem, Scaled
from featlearn.training.stages import Schedule, Stage
from featlearn.training.state import BATCH_LOSS, State
from tests.training import sampled
from tests.training.examples import loss_of, random_problem, stage_of
from tests.training.sampled import problem_on
from tests.training.test_targets import made


class Counted:
    """A backend that counts what it is asked for."""

    def __init__(self) -> None:
        self.backend = make_backend("torch", "cpu", "float64")
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        self.asked[name] += 1
        return getattr(self.backend, name)


def look(problem: Problem, state: State, *stages: Stage, step: int = 3, backend: Backend | None = None) -> Look:
    return Look(problem, state, stages, step, backend or make_backend("torch", "cpu", "float64"), gap=False)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("population", {"loss_and_gradient": 1}),
        ("empirical", {"loss_and_gradient": 1, "sample_loss_and_gradient": 1}),
        ("online", {"loss_and_gradient": 1}),
    ],
)
def test_a_row_asks_the_backend_once_for_each_loss(kind: str, asked: dict[str, int]) -> None:
    problem, state = problem_on(kind)
    counted: Any = Counted()
    measure(problem, [stage_of()], state, 3, counted)
    assert counted.asked == asked


@pytest.mark.parametrize(("step", "used"), [(0, 0), (1, 0), (2, 1), (20, 19), (21, 20)])
def test_schedules_are_shown_as_the_last_step_used_them(step: int, used: int) -> None:
    problem, state = random_problem(runs=3)
    decay, size = Schedule(0.02, 0.5, 20), Schedule(0.3, 0.9, 2)
    stages = [stage_of(weight_decay=decay, step_size=size), stage_of(weight_decay=size, step_size=None), stage_of()]
    seen = look(problem, state, *stages, step=step)
    assert seen.weight_decay.tolist() == [float(s.weight_decay.at(used)) for s in stages]
    np.testing.assert_array_equal(seen.step_size, [float(size.at(used)), np.nan, 0.2])


def test_loss_and_floor_are_those_of_the_population() -> None:
    problem, state = random_problem(runs=2)
    seen = look(problem, state, stage_of(), stage_of())
    arrays = state.second_layer, state.first_layer, problem.teacher_second_layer, problem.teacher_first_layer
    assert seen.loss is not None
    assert seen.loss[0] == loss_of(problem, state)
    np.testing.assert_array_equal(seen.loss_floor, population.loss_floor(problem.activation, *arrays))
    size = np.sum(state.second_layer**2, -1) + np.sum(state.first_layer**2, (-2, -1))
    assert seen.objective is not None
    np.testing.assert_allclose(seen.objective, seen.loss + 0.5 * 0.02 * size, rtol=1e-14)


def test_what_is_trained_on_decides_the_training_loss_and_the_slope() -> None:
    (plain, state), (empirical, _), (online, _) = (problem_on(kind) for kind in ("population", "empirical", "online"))
    assert look(plain, state, stage_of()).train_loss is None
    assert look(online, state, stage_of()).train_loss is None
    after = State(state.second_layer, state.first_layer, {BATCH_LOSS: np.array([0.25])})
    assert look(online, after, stage_of()).train_loss == 0.25
    seen = look(empirical, state, stage_of())
    (samples,) = empirical.samples() or []
    twin = sampled.gradient(empirical.activation, state.second_layer[0], state.first_layer[0], samples.sample())
    assert seen.train_loss == pytest.approx(float(twin[0]), rel=1e-12)
    np.testing.assert_allclose(seen.slope.first_layer[0], twin[2], rtol=1e-10, atol=1e-13)
    for other in (plain, online):
        slope = look(other, state, stage_of()).slope
        np.testing.assert_array_equal(slope.first_layer, look(plain, state, stage_of()).slope.first_layer)
    assert np.abs(seen.slope.first_layer - slope.first_layer).max() > 1e-3


def test_single_precision_is_looked_at_in_double() -> None:
    problem, state = random_problem()
    single = State(state.second_layer.astype(np.float32), state.first_layer.astype(np.float32))
    double = State(single.second_layer.astype(np.float64), single.first_layer.astype(np.float64))
    assert look(problem, single, stage_of()).loss == look(problem, double, stage_of()).loss


# --- the correlation ----------------------------------------------------------------------------


def _correlation(problem: Problem, state: State) -> float:
    """From values at random inputs of few dimensions."""
    inputs = np.random.default_rng(0).standard_normal((1, 400_000, problem.teacher_first_layer.shape[-1]))
    squares = np.sum(state.first_layer**2, -1)[:, None]
    values = problem.activation.pointwise(inputs @ state.first_layer.mT, squares) @ state.second_layer[..., None]
    if problem.scaled is not None:
        start, squares = problem.scaled, np.sum(problem.scaled.first_layer**2, -1)[:, None]
        values = (
            values
            - problem.activation.pointwise(inputs @ start.first_layer.mT, squares) @ (start.second_layer[..., None])
        )
    target = problem.target().values(inputs)
    return float(np.mean(values[..., 0] * target) / np.sqrt(np.mean(values**2) * np.mean(target**2)))


@pytest.mark.parametrize("kind", ["relu", "He3", "another activation"])
@pytest.mark.parametrize("shifted", [False, True])
def test_the_correlation_is_that_of_the_trained_function_with_the_target(kind: str, shifted: bool) -> None:
    problem, state = random_problem(d=3) if kind == "relu" else made(kind, "relu", 0, d=3)
    if shifted:
        start = Scaled(np.array([4.0]), state.second_layer, state.first_layer)
        problem, state = replace(problem, scaled=start), State(state.second_layer + 0.1, state.first_layer + 0.2)
    found = look(problem, state, stage_of()).correlation
    assert found is not None
    assert found[0] == pytest.approx(_correlation(problem, state), abs=0.01)


@pytest.mark.parametrize("kind", ["staircase", "another activation"])
def test_a_small_function_has_the_correlation_of_a_large_one_whatever_is_beside_it(kind: str) -> None:
    problem, state = made(kind, "relu", 0, runs=3)
    sizes = np.array([1.0, 1e-8, 0.0])
    found = look(problem, State(sizes[:, None] * state.second_layer, state.first_layer), *[stage_of()] * 3).correlation
    whole = look(problem, state, *[stage_of()] * 3).correlation
    assert found is not None
    assert whole is not None
    np.testing.assert_allclose(found[:2], whole[:2], rtol=1e-9)
    assert np.isnan(found[2])
    one = look(problem.take([0]), state.take([0]), stage_of()).correlation
    assert one is not None
    assert one[0] == found[0]
