"""The correlation loss −2 E[f f*]: what is minimised, what is logged, and the steps of both backends and of data."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.training.backends import WIDE, make_backend
from featlearn.training.data import Empirical
from featlearn.training.events import Logged, Start
from featlearn.training.methods import METHODS
from featlearn.training.plan import Plan
from featlearn.training.problem import Problem
from featlearn.training.stages import LAYERS, Schedule, Stage
from featlearn.training.state import State
from tests.training.batches import batch, fused
from tests.training.compiled import NAMES
from tests.training.examples import events_of, random_problem, rows_of
from tests.training.sampled import problem_on
from tests.training.test_targets import made

SIZES = {"gd": 0.02, "momentum": 0.004, "adam": 0.004}


def _stage(method: str = "gd", steps: int = 20, **changes: Any) -> Stage:
    plain: dict[str, Any] = {"train": LAYERS, "step_size": Schedule(SIZES.get(method, 0.05))}
    return Stage(name="s", method=method, steps=steps, loss="correlation", **(plain | changes))


def _correlation(problem: Problem, state: State) -> float:
    """−2 E[f f*] = ‖f − f*‖² − ‖f‖² − ‖f*‖²."""
    student = state.second_layer, state.first_layer
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    both = population.loss(problem.activation, *student, *teacher)
    alone = [population.squared_norm(problem.activation, *network) for network in (student, teacher)]
    return float((both - sum(alone))[0])


def _distance(one: State, other: State) -> float:
    layers = ((state.second_layer, state.first_layer) for state in (one, other))
    return float(np.sqrt(sum(np.sum((x - y) ** 2) for x, y in zip(*layers, strict=True))))


@pytest.mark.parametrize("backend", ["fused", "torch"])
@pytest.mark.parametrize("name", NAMES)
def test_a_step_follows_the_difference_quotients_of_the_correlation(name: str, backend: str) -> None:
    problem, state = random_problem(name=name)
    stage = _stage(steps=1, step_size=Schedule(1.0))
    end = make_backend(backend, "cpu", "float64").advance(problem, [stage], state, 0, 1)
    for layer in LAYERS:
        before = getattr(state, layer)
        for at in np.ndindex(before.shape):
            step = np.zeros(before.shape)
            step[at] = 1e-5
            ends = [_correlation(problem, replace(state, **{layer: before + sign * step})) for sign in (1, -1)]
            slope = (before - getattr(end, layer))[at]
            assert slope == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-9)


@pytest.mark.parametrize("method", SIZES)
@pytest.mark.parametrize(("m", "d"), [(3, 4), (8, 3), (13, 5), (40, 3), (WIDE, 4), (WIDE + 37, 3)])
def test_both_backends_take_the_same_steps(m: int, d: int, method: str) -> None:
    problem, state = batch(2, m, d)
    plan = [_stage(method, 40), _stage(method, 40, weight_decay=Schedule(0.1))]
    ours = fused().advance(problem, plan, state, 0, 40)
    theirs = make_backend("torch", "cpu", "float64").advance(problem, plan, state, 0, 40)
    np.testing.assert_allclose(ours.first_layer, theirs.first_layer, rtol=0, atol=1e-11)
    np.testing.assert_allclose(ours.second_layer, theirs.second_layer, rtol=0, atol=1e-11)


def test_the_losses_that_are_looked_at_on_the_way_are_the_squared_ones() -> None:
    problem, state = batch(2, 13, 4)
    plan, looks = [_stage()] * 2, np.array([2, 5, 9])
    end, seen = fused().advance_looking(problem, plan, state, 0, looks)
    for place, look in enumerate(looks.tolist()):
        there = fused().advance(problem, plan, state, 0, look)
        weights = there.second_layer, there.first_layer, problem.teacher_second_layer, problem.teacher_first_layer
        truth, rounding = population.loss_float64(problem.activation, *weights)
        np.testing.assert_allclose(seen.loss[:, place], truth, rtol=1e-11)
        assert (seen.rounding[:, place] > 0.2 * rounding).all()
    assert end.first_layer.tobytes() == there.first_layer.tobytes()


@pytest.mark.parametrize("constraint", [None, "unit_rows"])
def test_rows_have_the_squared_loss_and_the_objective_that_is_minimised(constraint: Any) -> None:
    problem, state = random_problem()
    stage = _stage(weight_decay=Schedule(0.3), constraint=constraint)
    events = events_of(problem, [Plan.of([stage], 12, 3, gap=True)], Start(state))
    logged = [event for event in events if isinstance(event, Logged)]
    for event in logged[1:]:
        a, w = event.state.second_layer, event.state.first_layer
        teacher = problem.teacher_second_layer, problem.teacher_first_layer
        assert event.row["loss"] == pytest.approx(population.loss(problem.activation, a, w, *teacher)[0], rel=1e-12)
        penalty = 0.15 * (np.sum(a * a) + np.sum(w * w))
        assert event.row["objective"] == pytest.approx(_correlation(problem, event.state) + penalty, rel=1e-9)
        assert event.row["gap"] is None
    objectives = [event.row["objective"] for event in logged[1:]]
    assert (np.diff(objectives) < 0).all()


def test_the_flow_goes_where_tiny_steps_go_and_its_gradient_norm_is_that_of_the_correlation() -> None:
    problem, state = random_problem()
    flow = METHODS["flow"].advance(fused(), problem, [_stage("flow", 4)], state, 0, 4)
    tiny = fused().advance(problem, [_stage("gd", 20_000, step_size=Schedule(1e-5))], state, 0, 20_000)
    np.testing.assert_allclose(flow.first_layer, tiny.first_layer, rtol=0, atol=1e-5)
    np.testing.assert_allclose(flow.second_layer, tiny.second_layer, rtol=0, atol=1e-5)
    first = rows_of(problem, [_stage()], state)[0]
    one = fused().advance(problem, [_stage(steps=1, step_size=Schedule(1.0))], state, 0, 1)
    moved = _distance(one, state)
    assert first.row["grad_norm"] == pytest.approx(moved, rel=1e-12)


@pytest.mark.parametrize("drop", [0, 2])
def test_on_a_sample_it_is_the_mean_of_the_products_with_the_labels(drop: int) -> None:
    problem, state = problem_on("empirical", drop=drop)
    assert problem.data is not None
    (data,) = problem.data
    assert isinstance(data, Empirical)
    sample, act = data.sample(), problem.activation

    def mean(state: State) -> float:
        a, w = state.second_layer[0], state.first_layer[0]
        features = act.pointwise(sample.inputs @ w.T, np.sum(w * w, -1), np)
        return float(-2 * np.mean(features @ a * sample.labels))

    end = make_backend("torch", "cpu", "float64").advance(
        problem, [_stage(steps=1, step_size=Schedule(1.0))], state, 0, 1
    )
    for layer in LAYERS:
        before = getattr(state, layer)
        for at in np.ndindex(before.shape):
            step = np.zeros(before.shape)
            step[at] = 1e-6
            ends = [mean(replace(state, **{layer: before + sign * step})) for sign in (1, -1)]
            assert (before - getattr(end, layer))[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6)
    first = rows_of(problem, [_stage()], state)[0]
    features = act.pointwise(sample.inputs @ state.first_layer[0].T, np.sum(state.first_layer[0] ** 2, -1), np)
    squares = np.mean((features @ state.second_layer[0] - sample.labels) ** 2)
    assert first.row["train_loss"] == pytest.approx(squares, rel=1e-12)
    moved = _distance(end, state)
    assert first.row["grad_norm"] == pytest.approx(moved, rel=1e-12)


def test_steps_on_fresh_batches_are_on_average_those_of_the_population() -> None:
    stage = _stage(steps=30, train=("second_layer",), step_size=Schedule(0.05), weight_decay=Schedule(0.01))
    backend = make_backend("torch", "cpu", "float64")
    problem, state = problem_on("population")
    exact = backend.advance(problem, [stage], state, 0, 30).second_layer[0]
    found = []
    for seed in range(60):
        problem, state = problem_on("online", seed=seed)
        found.append(backend.advance(problem, [stage], state, 0, 30).second_layer[0])
    error = np.std(found, axis=0, ddof=1) / np.sqrt(60)
    assert (np.abs(np.mean(found, axis=0) - exact) < 3.5 * error).all()
    assert np.max(error) < 0.1 * np.max(np.abs(exact - state.second_layer[0]))


def test_neurons_that_coincide_stay_together() -> None:
    problem, state = random_problem(m=4)
    a, w = (np.concatenate([x, x], axis=1) for x in (state.second_layer, state.first_layer))
    problem = replace(problem, initial_first_layer=w)
    first, *_, last = rows_of(problem, [_stage()], State(a, w))
    whole = make_backend("torch", "cpu", "float64").advance(problem, [_stage()], State(a, w), 0, 20)
    np.testing.assert_array_equal(last.state.first_layer[:, :4], last.state.first_layer[:, 4:])
    np.testing.assert_allclose(last.state.first_layer, whole.first_layer, rtol=0, atol=1e-13)
    assert first.row["objective"] == pytest.approx(_correlation(problem, State(a, w)), rel=1e-10)


@pytest.mark.parametrize(("kind", "name", "drop"), [("staircase", "relu", 0), ("He3", "erf", 0), ("even", "relu", 4)])
def test_both_backends_take_the_same_steps_towards_a_polynomial(kind: str, name: str, drop: int) -> None:
    problem, state = made(kind, name, drop, runs=2)
    plan = [_stage("gd", 30), _stage("gd", 30, weight_decay=Schedule(0.1))]
    ours = fused().advance(problem, plan, state, 0, 30)
    theirs = make_backend("torch", "cpu", "float64").advance(problem, plan, state, 0, 30)
    np.testing.assert_allclose(ours.first_layer, theirs.first_layer, rtol=0, atol=1e-11)
    np.testing.assert_allclose(ours.second_layer, theirs.second_layer, rtol=0, atol=1e-11)
