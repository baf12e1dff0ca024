"""Targets that are polynomials, or neurons of another activation, through steps, methods, samples and reductions."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.targets import loss as against
from featlearn.theory.targets.formula import hermite_terms
from featlearn.theory.targets.function import Function, Polynomial
from featlearn.training.backends import make_backend
from featlearn.training.data import Empirical, Online, drawn_sample, mean_square_error, sample_of
from featlearn.training.descent import descend
from featlearn.training.events import Logged, Start
from featlearn.training.methods import METHODS
from featlearn.training.networks import Network, orthonormal_rows
from featlearn.training.plan import Plan
from featlearn.training.problem import Problem, Scaled
from featlearn.training.stages import Schedule, Stage
from featlearn.training.state import State
from tests.training.examples import SIZES, stage_of
from tests.training.test_reduction import _assert_close, _whole, coinciding, trained

__all__ = ["trained"]  # a fixture

FORMULAS = {"He3": "He3(x1)", "staircase": "x1 + x1*x2 + x1*x2*x3", "even": "1.5 + He2(x1) - 0.5*He4(x2)"}
SETTINGS = [("relu", 0), ("relu", 2), ("relu", 4), ("abs", 2), ("erf", 0), ("erf", 3), ("quadratic", 0)]
KINDS = [*FORMULAS, "another activation"]
every_kind = pytest.mark.parametrize("kind", KINDS)
every_setting = pytest.mark.parametrize(("name", "drop"), SETTINGS)


def function_of(kind: str, name: str, drop: int) -> Function:
    if kind in FORMULAS:
        return Polynomial(hermite_terms(FORMULAS[kind]))
    other = "erf" if name == "relu" else "relu"
    return activation(other, drop)


def made(kind: str, name: str, drop: int, d: int = 5, m: int = 4, runs: int = 1) -> tuple[Problem, State]:
    rng, act, function = np.random.default_rng([d, m]), activation(name, drop), function_of(kind, name, drop)
    count = len(function.terms[0].degrees) if isinstance(function, Polynomial) else 2
    rows = np.stack([orthonormal_rows(rng, count, d) for _ in range(runs)])
    a = rng.uniform(0.5, 1, (runs, 0 if isinstance(function, Polynomial) else count))
    state = State(0.4 * rng.standard_normal((runs, m)), rng.standard_normal((runs, m, d)) / np.sqrt(d / 2))
    return Problem(act, a, rows, state.first_layer, function=function), state


def logged(problem: Problem, stage: Stage, state: State, points: int = 12) -> list[Logged]:
    engine, plans = make_backend("torch", "cpu", "float64"), [Plan.of([stage], points, 3)] * len(state.second_layer)
    return [event for event in descend(problem, plans, engine, Start(state)) if isinstance(event, Logged)]


# --- gradients ----------------------------------------------------------------------------------


def difference_quotients(problem: Problem, state: State, step: float = 1e-5) -> list[np.ndarray]:
    """Central differences of the loss by each weight of one run, of fourth order."""
    found = []
    for layer in (state.second_layer.copy(), state.first_layer.copy()):
        slope = np.zeros(layer.shape)
        for index in np.ndindex(layer.shape):
            here = layer[index]
            at = []
            for moved in (-2, -1, 1, 2):
                layer[index] = here + moved * step * 100
                weights = (layer, state.first_layer) if layer.ndim == 2 else (state.second_layer, layer)
                at.append(against.loss(problem.activation, *problem.in_loss(*weights))[0])
            layer[index] = here
            slope[index] = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step * 100)
        found.append(slope)
    return found


@every_kind
@every_setting
def test_a_step_goes_down_the_difference_quotients(name: str, drop: int, kind: str) -> None:
    problem, state = made(kind, name, drop)
    before, after = logged(problem, stage_of(steps=1, step_size=Schedule(0.5), weight_decay=Schedule(0.0)), state)
    slopes = difference_quotients(problem, state)
    for layer, slope in zip(("second_layer", "first_layer"), slopes, strict=True):
        moved = getattr(state, layer) - getattr(after.state, layer)
        np.testing.assert_allclose(2 * moved, slope, rtol=1e-7, atol=1e-8)
    norm = np.sqrt(sum(np.sum(slope**2) for slope in slopes))
    assert before.row["grad_norm"] == pytest.approx(norm, rel=1e-8)
    weights = problem.in_loss(state.second_layer, state.first_layer)
    assert before.row["loss"] == against.loss(problem.activation, *weights)[0]
    assert before.loss_floor == against.loss_floor(problem.activation, *weights)[0]


def test_a_scaled_student_starts_at_the_norm_of_its_target() -> None:
    problem, state = made("staircase", "relu", 0)
    problem = replace(problem, scaled=Scaled(np.array([3.0]), state.second_layer, state.first_layer))
    stage = stage_of(steps=1, step_size=Schedule(0.5), weight_decay=Schedule(0.0))
    before, after = logged(problem, stage, state)
    assert before.row["loss"] == pytest.approx(3.0, rel=1e-12)
    slope = difference_quotients(problem, state)[1]
    moved = state.first_layer - after.state.first_layer  # a step of size η is taken as η/α²
    np.testing.assert_allclose(2 * 9 * moved, slope, rtol=1e-7, atol=1e-8)


# --- what is trained ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["gd", "adam", "lbfgs", "flow", "ridge"])
@pytest.mark.parametrize("d", [4, 40])
@every_kind
@pytest.mark.parametrize(("name", "drop"), [("relu", 0), ("relu", 2), ("erf", 0)])
def test_distinct_neurons_in_the_span_are_trained_as_all_of_them(
    name: str, drop: int, kind: str, d: int, method: str, trained: list[int]
) -> None:
    problem, state = made(kind, name, drop, d=d, m=3)
    state = coinciding(problem.activation.symmetry, problem, state)
    problem = replace(problem, initial_first_layer=state.first_layer, initial_second_layer=state.second_layer)
    layers: Any = ("second_layer",) if method == "ridge" else ("second_layer", "first_layer")
    size = SIZES.get(method) and Schedule(0.02)
    steps = {"lbfgs": 5, "flow": 4, "ridge": 1}.get(method, 60)
    stage = stage_of(method=method, train=layers, step_size=size, steps=steps)
    ours = logged(problem, stage, state)
    assert trained[0] == 3
    assert trained[1] == (3 + problem.teacher_first_layer.shape[1] if d == 40 and METHODS[method].rotates else d)
    theirs = _whole(lambda: logged(problem, stage, state))
    _assert_close(ours, theirs, 1e-6 if method == "flow" else 1e-9)


@every_kind
def test_runs_of_a_batch_are_what_each_is_alone(kind: str) -> None:
    problem, state = made(kind, "relu", 0, runs=3)
    stage = stage_of(steps=20, step_size=Schedule(0.05))
    engine, plan = make_backend("torch", "cpu", "float64"), Plan.of([stage], 5, 3)
    together = [e for e in descend(problem, [plan] * 3, engine, Start(state)) if isinstance(e, Logged)]
    for run in range(3):
        alone = logged(problem.take([run]), stage, state.take([run]), 5)
        ours = [event for event in together if event.run == run]
        assert [event.row for event in ours] == [event.row for event in alone]
        np.testing.assert_array_equal(ours[-1].state.first_layer, alone[-1].state.first_layer)


def test_the_fused_backend_does_not_train_another_target_by_mistake() -> None:
    problem, state = made("another activation", "relu", 0)
    with pytest.raises(TypeError, match="learns neurons of the student's activation and polynomials; use torch"):
        make_backend("fused", "cpu", "float64").loss_and_gradient(problem, state)


@every_kind
def test_ridge_ends_where_the_gradient_vanishes(kind: str) -> None:
    problem, state = made(kind, "relu", 0)
    stage = stage_of(method="ridge", train=("second_layer",), steps=1, step_size=None, weight_decay=Schedule(0.03))
    assert logged(problem, stage, state)[-1].row["grad_norm"] < 1e-10


@every_kind
def test_flow_is_the_limit_of_small_steps_and_lbfgs_ends_flat(kind: str) -> None:
    problem, state = made(kind, "erf", 0)
    none = Schedule(0.0)
    flow = logged(problem, stage_of(method="flow", steps=1, step_size=Schedule(0.1), weight_decay=none), state)
    steps = [
        logged(problem, stage_of(steps=count, step_size=Schedule(0.1 / count), weight_decay=none), state)[-1].state
        for count in (500, 1000)
    ]
    limit = 2 * steps[1].first_layer - steps[0].first_layer  # Richardson's extrapolation
    np.testing.assert_allclose(flow[-1].state.first_layer, limit, atol=1e-5)
    lbfgs = stage_of(method="lbfgs", steps=300, step_size=None, weight_decay=Schedule(0.05))
    assert logged(problem, lbfgs, state)[-1].row["grad_norm"] < 1e-5


# --- what is shown ------------------------------------------------------------------------------

OF_NEURONS = {"max_angle", "misalignment", "mean_angle", "aligned_mass", "alive", "recovered", "mass_error"}
WITHOUT_DATA = {"gap", "train_loss", "test_loss", "kernel_motion", "step", "seconds"}


@pytest.mark.parametrize(
    ("kind", "missing"), [("He3", OF_NEURONS), ("staircase", OF_NEURONS), ("another activation", {"mass_error"})]
)
def test_columns_that_take_teacher_neurons_are_null(kind: str, missing: set[str]) -> None:
    problem, state = made(kind, "relu", 0)
    row = logged(problem, stage_of(steps=2), state)[-1].row
    assert {name for name, value in row.items() if value is None} - WITHOUT_DATA == missing
    inside = state.first_layer[0] @ problem.teacher_first_layer[0].T
    first = logged(problem, stage_of(steps=2), state)[0].row
    assert first["subspace"] == pytest.approx(np.sum(inside**2) / np.sum(state.first_layer**2), rel=1e-12)


def test_the_first_step_of_a_function_that_is_zero_lies_in_the_span() -> None:
    problem, state = made("even", "relu", 2, d=30, m=20)
    half = State(np.full((1, 20), 0.2), state.first_layer)
    state = State(np.concatenate([half.second_layer, -half.second_layer], -1), np.tile(half.first_layer, (1, 2, 1)))
    problem = replace(problem, initial_first_layer=state.first_layer)
    stage = stage_of(train=("first_layer",), steps=1, step_size=Schedule(1.0), weight_decay=Schedule(1.0))
    before, after = logged(problem, stage, state)
    assert before.row["loss"] == pytest.approx(1.5**2 + 2 + 0.25 * 24, rel=1e-12)
    assert before.row["subspace"] < 0.15
    assert after.row["subspace"] > 0.9


# --- samples ------------------------------------------------------------------------------------


def _teacher(problem: Problem) -> Network:
    return Network(problem.teacher_second_layer[0], problem.teacher_first_layer[0])


@every_kind
@pytest.mark.parametrize(("name", "drop"), [("relu", 0), ("relu", 2), ("erf", 0)])
def test_the_loss_on_a_sample_is_that_of_the_values_and_near_that_of_the_population(
    name: str, drop: int, kind: str
) -> None:
    problem, state = made(kind, name, drop)
    act, count = problem.activation, 200_000
    sample = drawn_sample(act, _teacher(problem), seed=1, samples=count, noise_std=0.0, function=problem.function)
    f = act.pointwise(sample.inputs @ state.first_layer[0].T, np.sum(state.first_layer[0] ** 2, -1))
    residual = (f @ state.second_layer[0] - problem.target().values(sample.inputs[None])[0]) ** 2
    population = against.loss(act, *problem.in_loss(state.second_layer, state.first_layer))[0]
    assert abs(residual.mean() - population) < 5 * residual.std() / np.sqrt(count)
    found = mean_square_error(act, state.second_layer[0], state.first_layer[0], sample)
    # labels of neurons lose what the data show of low degrees; those of a polynomial stay
    exact = drop == 0 or kind in FORMULAS
    assert found == pytest.approx(residual.mean(), rel=1e-12 if exact else 1e-3)


@every_kind
@pytest.mark.parametrize("data", ["empirical", "online"])
def test_training_on_samples_follows_the_values_at_points(data: str, kind: str) -> None:
    problem, state = made(kind, "relu", 0)
    teacher, act, function = _teacher(problem), problem.activation, problem.function
    online = Online(act, teacher, 3, 64, 0.1, function=function)
    given: Any = Empirical(lambda: drawn_sample(act, teacher, seed=3, samples=64, noise_std=0.1, function=function))
    given = given if data == "empirical" else online
    stage = stage_of(steps=1, step_size=Schedule(0.01), weight_decay=Schedule(0.0))
    after = logged(replace(problem, data=(given,)), stage, state)[-1]
    sample = given.sample() if data == "empirical" else online.batch("s", 0)
    noise = sample.labels - problem.target().values(sample.inputs[None])[0]
    assert 0.05 < noise.std() < 0.2
    a, w = state.second_layer[0].copy(), state.first_layer[0]
    for j in range(len(a)):
        ends = []
        for sign in (1, -1):
            moved = a.copy()
            moved[j] += sign * 1e-4
            ends.append(mean_square_error(act, moved, w, sample))
        step = (a[j] - after.state.second_layer[0, j]) / 0.01
        assert step == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=1e-6, abs=1e-8)


def test_teachers_of_another_activation_lose_low_degrees_as_data_show_them() -> None:
    problem, _ = made("another activation", "relu", 2)
    teacher, function = _teacher(problem), problem.function
    drawn = drawn_sample(problem.activation, teacher, seed=2, samples=50, noise_std=0.0, function=function)
    plain = activation("erf", 0).phi(drawn.inputs @ teacher.first_layer.T) @ teacher.second_layer
    np.testing.assert_array_equal(drawn.labels, sample_of(problem.activation, drawn.inputs, plain).labels)
