"""Rows on the unit sphere: steps that are projected, the flow along the sphere, and what rows of zeros do."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.theory.targets.formula import hermite_terms
from featlearn.theory.targets.function import Polynomial
from featlearn.training.backends import WIDE, make_backend
from featlearn.training.methods import METHODS
from featlearn.training.problem import Problem
from featlearn.training.sphere import along_sphere, unit_rows
from featlearn.training.stages import LAYERS, ByLayer, Layer, Schedule, Stage
from featlearn.training.state import State
from tests.theory import exact
from tests.training.batches import batch
from tests.training.compiled import NAMES
from tests.training.examples import random_problem, rows_of
from tests.training.sampled import problem_on

METHODS_ON_IT: dict[str, float] = {"gd": 0.05, "momentum": 0.01, "adam": 0.01}
every_method = pytest.mark.parametrize("method", METHODS_ON_IT)
every_backend = pytest.mark.parametrize("backend", ["fused", "torch"])


def _stage(method: str = "gd", steps: int = 30, **changes: Any) -> Stage:
    size = Schedule(METHODS_ON_IT.get(method, 0.1))
    plain: dict[str, Any] = {"train": LAYERS, "step_size": size, "weight_decay": Schedule(0.02)}
    return Stage(name="s", method=method, steps=steps, constraint="unit_rows", **(plain | changes))


def _advanced(problem: Problem, state: State, stage: Stage, backend: str = "fused") -> State:
    return METHODS[stage.method].advance(
        make_backend(backend, "cpu", "float64"), problem, [stage] * len(state.first_layer), state, 0, stage.steps
    )


def _on_sphere(state: State) -> State:
    return State(state.second_layer, unit_rows(state.first_layer))


def _norms(state: State) -> np.ndarray:
    return np.linalg.norm(state.first_layer, axis=-1)


def test_rows_are_divided_by_their_norms_and_zeros_stay() -> None:
    rows = np.array([[0.0, -4.0], [0.0, 0.0], [1e200, 0.0], [np.nan, 1.0], [1e-3, 0.0]])
    np.testing.assert_array_equal(unit_rows(rows)[[0, 1, 4]], [[0.0, -1.0], [0.0, 0.0], [1.0, 0.0]])
    assert np.isnan(unit_rows(rows)[2:4, 0]).all(), "what has no norm is not hidden"
    before = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(unit_rows(rows, before)[[0, 1, 4]], [[0.0, -1.0], [0.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(unit_rows(torch.tensor(rows), torch.tensor(before), torch), unit_rows(rows, before))


def test_what_is_along_the_sphere_changes_no_norm() -> None:
    rng = np.random.default_rng(0)
    slope, rows = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 4))
    rows[1, 2] = 0.0
    along = along_sphere(slope, rows)
    np.testing.assert_allclose(np.sum(along * rows, -1), 0.0, atol=1e-15)
    np.testing.assert_array_equal(along[1, 2], 0.0)
    np.testing.assert_allclose(along_sphere(along, rows), along, atol=1e-15)


@every_method
@every_backend
@pytest.mark.parametrize("train", [LAYERS, ("first_layer",)])
def test_steps_are_those_of_the_method_with_its_rows_divided_by_their_norms(
    train: tuple[Layer, ...], backend: str, method: str
) -> None:
    problem, state = random_problem(m=11)
    start, stage = _on_sphere(state), _stage(method, train=train)
    record: Any = METHODS[method]
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    weights = {"second_layer": start.second_layer, "first_layer": start.first_layer}
    memories: dict[str, dict[str, Any]] = {layer: {} for layer in LAYERS}
    for t in range(stage.steps):
        slopes = population.gradient(problem.activation, weights["second_layer"], weights["first_layer"], *teacher)
        for layer in train:
            slope = getattr(slopes, layer) + 0.02 * weights[layer]
            direction = record.direction(np, memories[layer], slope, t + 1, **record.values({}))
            weights[layer] = weights[layer] - METHODS_ON_IT[method] * direction
        weights["first_layer"] = weights["first_layer"] / np.linalg.norm(weights["first_layer"], axis=-1, keepdims=True)
    found = _advanced(problem, start, stage, backend)
    np.testing.assert_allclose(found.first_layer, weights["first_layer"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.second_layer, weights["second_layer"], rtol=0, atol=1e-12)
    assert np.abs(_norms(found) - 1).max() < 4e-16


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("m", "d"), [(9, 5), (WIDE + 3, 4)])
def test_both_backends_agree_where_teachers_share_a_block_with_students(m: int, d: int, name: str) -> None:
    problem, state = batch(2, m, d, name=name)
    start, stage = _on_sphere(state), _stage(steps=50, step_size=Schedule(5e-4))
    ours, theirs = (_advanced(problem, start, stage, backend) for backend in ("fused", "torch"))
    np.testing.assert_allclose(ours.first_layer, theirs.first_layer, rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours.second_layer, theirs.second_layer, rtol=0, atol=1e-10)
    assert np.abs(_norms(ours) - 1).max() < 4e-16


@every_backend
@pytest.mark.parametrize("method", [*METHODS_ON_IT, "flow"])
def test_rows_of_zeros_stay_zeros_even_where_their_gradient_is_none(method: str, backend: str) -> None:
    problem, state = batch(1, 6, 4, name="erf", drop=0)
    state.first_layer[0, 2] = 0.0
    found = _advanced(problem, _on_sphere(state), _stage(method, steps=5), backend)
    np.testing.assert_array_equal(found.first_layer[0, 2], 0.0)
    np.testing.assert_allclose(np.delete(_norms(found)[0], 2), 1.0, rtol=1e-15)


@every_backend
def test_what_diverges_shows_it(backend: str) -> None:
    problem, state = random_problem()
    stage = _stage(step_size=Schedule(1e200))
    with np.errstate(all="ignore"):
        assert not _advanced(problem, _on_sphere(state), stage, backend).finite().any()


@pytest.mark.parametrize("name", NAMES)
def test_the_flow_is_the_limit_of_small_steps_and_the_objective_falls(name: str) -> None:
    problem, state = random_problem(name=name)
    start = _on_sphere(state)
    end = _advanced(problem, start, _stage("flow", 3, step_size=Schedule(0.4)))
    errors = []
    for steps in (2000, 4000):
        tiny = _advanced(problem, start, _stage("gd", steps, step_size=Schedule(1.2 / steps)))
        errors.append(np.abs(tiny.first_layer - end.first_layer).max())
    assert np.abs(end.first_layer - start.first_layer).max() > 0.02
    assert errors[1] < 1e-3
    assert errors[0] / errors[1] == pytest.approx(2.0, abs=0.1)
    np.testing.assert_allclose(_norms(end), 1.0, rtol=4e-16)
    objectives = [row.row["objective"] for row in rows_of(problem, [_stage("flow", 12)], start, 13)]
    assert (np.diff(objectives) < 0).all()


@pytest.mark.parametrize(("name", "degree"), [("erf", 1), ("abs", 2), ("erf", 3), ("relu", 4)])
def test_one_neuron_finds_a_hermite_polynomial_as_its_closed_form_says(name: str, degree: int) -> None:
    # with s = w·v, −2 E[f He_k(v·x)] = −2 a μ_k s^k, and on the sphere ds/dt = 2 k a μ_k s^(k − 1) (1 − s²)
    mu = float(exact.hermite(name, degree, exact.number(1.0))[0])
    a, direction = np.array([[np.sign(mu)]]), np.eye(6)[None, :1]
    w = np.array([[[0.2, 0.5, -0.3, 0.4, 0.1, 0.6]]])
    terms = hermite_terms(f"He{degree}(x1)")
    problem = Problem(activation(name, 0), np.zeros((1, 0)), direction, w, function=Polynomial(terms))
    time = 0.6 / abs(mu)
    stage = _stage("flow", 8, train=("first_layer",), step_size=Schedule(time / 8), loss="correlation")
    logged = rows_of(problem, [stage], State(a, w), 9)
    s = np.array([event.state.first_layer[0, 0, 0] for event in logged[1:]])
    integral = {
        1: np.arctanh(s),
        2: np.log(s) - np.log1p(-s * s) / 2,
        3: np.arctanh(s) - 1 / s,
        4: np.log(s) - np.log1p(-s * s) / 2 - 1 / (2 * s * s),
    }[degree]
    np.testing.assert_allclose(np.diff(integral), 2 * degree * abs(mu) * time / 8, rtol=1e-7)
    assert s[-1] > s[0] > 0.2


def test_weight_decay_on_the_rows_does_not_move_the_flow() -> None:
    problem, state = random_problem()
    ends = [
        _advanced(problem, _on_sphere(state), _stage("flow", 2, train=("first_layer",), weight_decay=Schedule(decay)))
        for decay in (0.0, 5.0)
    ]
    np.testing.assert_allclose(ends[0].first_layer, ends[1].first_layer, rtol=0, atol=1e-8)


def test_the_stage_starts_with_rows_on_the_sphere_and_the_first_row_shows_the_start_as_it_was_given() -> None:
    problem, state = random_problem()
    logged = rows_of(problem, [_stage(steps=5), Stage(name="t", train=LAYERS, step_size=Schedule(0.1))], state)
    np.testing.assert_array_equal(logged[0].state.first_layer, state.first_layer)
    assert logged[0].row["feature_motion"] == 0
    found = _advanced(problem, _on_sphere(state), _stage(steps=5), "torch")
    np.testing.assert_array_equal(logged[-2].state.first_layer, found.first_layer)
    assert np.abs(_norms(State(logged[-1].state.second_layer, logged[-1].state.first_layer)) - 1).max() > 1e-3


def test_a_divergence_is_found_at_the_same_step_however_few_rows_there_are() -> None:
    problem, state = random_problem()
    start = State(state.second_layer, 0.01 * state.first_layer)  # what is not put on the sphere diverges much later
    stage = _stage(steps=60, step_size=ByLayer.of(Schedule(0.1), Schedule(8.0)))
    few, many = (rows_of(problem, [stage], start, points)[-1] for points in (2, 61))
    assert few.ended == many.ended == "diverged"
    assert few.row == many.row
    assert 1 < few.row["step"] < 60


def test_the_gradient_norm_is_that_along_the_sphere() -> None:
    problem, state = random_problem()
    stage = _stage("flow", 40, step_size=Schedule(500.0), weight_decay=Schedule(0.1))
    last = rows_of(problem, [stage], state, 5)[-1]
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    slope = population.gradient(problem.activation, last.state.second_layer, last.state.first_layer, *teacher)
    assert np.linalg.norm(slope.first_layer + 0.1 * last.state.first_layer) > 0.01
    assert last.row["grad_norm"] < 1e-6


@pytest.mark.parametrize("method", ["gd", "momentum", "flow"])
def test_in_the_span_of_few_rows_of_many_coordinates_it_is_the_same(method: str) -> None:
    problem, state = random_problem(m=6, d=40)
    assert 6 + 2 < 40
    last = rows_of(problem, [_stage(method, 40)], state)[-1]
    whole = _advanced(problem, _on_sphere(state), _stage(method, 40))
    within = 1e-7 if method == "flow" else 1e-12
    np.testing.assert_allclose(last.state.first_layer, whole.first_layer, rtol=0, atol=within)
    np.testing.assert_allclose(np.linalg.norm(last.state.first_layer, axis=-1), 1.0, rtol=1e-14)


def test_neurons_that_coincide_stay_together() -> None:
    problem, state = random_problem(m=4)
    a, w = (np.concatenate([x, x], axis=1) for x in (state.second_layer, state.first_layer))
    problem = replace(problem, initial_first_layer=w)
    for method in [*METHODS_ON_IT, "flow"]:
        last = rows_of(problem, [_stage(method)], State(a, w))[-1]
        whole = _advanced(problem, _on_sphere(State(a, w)), _stage(method), "torch")
        np.testing.assert_array_equal(last.state.first_layer[:, :4], last.state.first_layer[:, 4:])
        np.testing.assert_allclose(last.state.first_layer, whole.first_layer, rtol=0, atol=1e-8)


@pytest.mark.parametrize("method", [*METHODS_ON_IT, "flow"])
def test_small_steps_in_float32_are_not_lost(method: str) -> None:
    problem, state = random_problem()
    start, stage = _on_sphere(state), _stage(method, 1000, step_size=Schedule(2e-6))
    single = State(start.second_layer.astype(np.float32), start.first_layer.astype(np.float32))
    found = _advanced(problem, single, stage, "torch")
    exact = _advanced(problem, start, stage, "torch")
    moved = float(np.linalg.norm(exact.first_layer - start.first_layer))
    assert np.linalg.norm(found.first_layer - exact.first_layer) < max(0.02 * moved, 1e-6)
    assert moved > 1e-5
    assert found.first_layer.dtype == np.float32


@pytest.mark.parametrize("kind", ["empirical", "online"])
def test_on_data_rows_stay_on_the_sphere(kind: str) -> None:
    problem, state = problem_on(kind)
    last = rows_of(problem, [_stage(steps=20)], state)[-1]
    np.testing.assert_allclose(np.linalg.norm(last.state.first_layer, axis=-1), 1.0, rtol=4e-16)
