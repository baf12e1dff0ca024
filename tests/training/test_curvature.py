"""What an end is: known minima, saddles and flat valleys, and which of their zeros are explained."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.theory.activations.biased import with_biases
from featlearn.training import curvature as module
from featlearn.training.backends import make_backend
from featlearn.training.curvature import curvature
from featlearn.training.data import Empirical, Sample
from featlearn.training.methods import METHODS
from featlearn.training.objective import Objective
from featlearn.training.problem import Problem
from featlearn.training.stages import ALL_LAYERS, LAYERS, ByLayer, Layer, Schedule, Stage
from featlearn.training.state import State
from tests.training.examples import random_problem
from tests.training.sampled import problem_on


def stage_of(decay: float = 0.0, train: tuple[Layer, ...] = LAYERS) -> Stage:
    return Stage(name="s", train=train, method="newton", steps=300, weight_decay=Schedule(decay))


def at_its_end(stage: Stage, **about: Any) -> tuple[Problem, State]:
    problem, state = random_problem(**about)
    engine = make_backend("fused", "cpu", "float64")
    return problem, METHODS[stage.method].advance(engine, problem, [stage], state, 0, stage.steps)


def problem_at(
    name: str, teacher: list[list[float]], a: list[float], w: list[list[float]], drop: int = 0
) -> tuple[Problem, State]:
    """A student at given weights, and teacher neurons of weight 1."""
    rows, first = np.array([teacher]), np.array([w])
    problem = Problem(activation(name, drop), np.ones((1, len(teacher))), rows, first)
    return problem, State(np.array([a]), first)


@pytest.mark.parametrize("train", [LAYERS, ("first_layer",), ("second_layer",)])
@pytest.mark.parametrize("name", ["relu", "erf"])
def test_eigenvalues_are_those_of_differences_of_the_gradient(name: str, train: tuple[Layer, ...]) -> None:
    problem, state = random_problem(name=name, m=4)
    decay = ByLayer.of(Schedule(0.3), Schedule(0.1))
    stage = Stage(name="s", train=train, method="newton", weight_decay=decay)
    objective = Objective(make_backend("torch", "cpu", "float64"), problem, state, train)
    x, added, step = objective.start(), objective.decay(decay, 0), 1e-5

    def slope(x: np.ndarray) -> np.ndarray:
        return objective.loss_and_gradient(x)[1] + added * x

    rows = [(slope(x + step * e) - slope(x - step * e)) / (2 * step) for e in np.eye(len(x))]
    found = curvature(problem, stage, state)
    np.testing.assert_allclose(found.eigenvalues, np.linalg.eigvalsh(np.array(rows)), rtol=0, atol=1e-8)
    assert found.grad_norm == pytest.approx(np.linalg.norm(slope(x)), rel=1e-10)
    assert found.verdict == "not stationary"
    assert found.parameters == len(x)


def test_without_decay_each_living_neuron_can_be_balanced_in_one_way() -> None:
    for name, m in (("relu", 2), ("abs", 2), ("quadratic", 1)):
        problem, state = at_its_end(stage_of(), name=name, m=m)
        found = curvature(problem, stage_of(), state)
        assert found.explained["balance"] == m, name
        assert found.zeros is not None
        if name != "quadratic":
            assert (found.verdict, found.zeros, found.negative) == ("minimum", m, 0)
            assert found.eigenvalues[m] > 1e-4


def test_rows_out_of_the_span_can_be_turned() -> None:
    away = [0.3, 0.1, -0.7, 0.2]  # of two neurons that are nothing together
    problem, state = problem_at("relu", [[1.0, 0.0, 0.0, 0.0]], [1.0, 0.5, -0.5], [[1.0, 0.0, 0.0, 0.0], away, away])
    found = curvature(problem, stage_of(), state)
    assert found.explained["rotation"] == 2
    assert found.explained["balance"] == 3
    assert (found.verdict, found.zeros) == ("minimum", sum(found.explained.values()))
    moved = State(state.second_layer, state.first_layer + 0.1)
    assert curvature(problem, stage_of(), moved).explained["rotation"] == 0  # nothing counts away from an end


def test_the_middle_between_two_teachers_is_a_saddle_of_two_neurons() -> None:
    problem, _ = problem_at("abs", [[0.8, 0.6], [0.8, -0.6]], [1.0, 1.0], [[1.0, 0.0]] * 2, drop=2)
    objective = Objective(
        make_backend("torch", "cpu", "float64"), problem, State(np.ones((1, 2)), np.ones((1, 2, 2))), LAYERS
    )
    # on the line of both equal neurons a·‖w‖ = p the loss is least at one p: the slope along it is linear in p
    slopes = []
    for p in (0.0, 1.0):
        x = np.array([p, p, 1.0, 0.0, 1.0, 0.0])
        slopes.append(objective.loss_and_gradient(x)[1][0])
    p = slopes[0] / (slopes[0] - slopes[1])
    root = np.sqrt(p)
    state = State(np.full((1, 2), root), np.array([[[root, 0.0]] * 2]))
    found = curvature(problem, stage_of(), state)
    assert found.grad_norm < 1e-14
    assert found.verdict == "saddle"
    assert found.negative == 1
    assert found.explained["balance"] == 2
    assert found.explained["coinciding"] == 1


def test_neurons_on_one_line_exchange_mass() -> None:
    problem, state = problem_at("relu", [[1.0, 0.0]], [0.5, 0.25], [[1.0, 0.0], [2.0, 0.0]])
    found = curvature(problem, stage_of(), state)
    assert (found.verdict, found.negative) == ("minimum", 0)
    # of six directions two change the function to first order: the mass on the line, and its angle
    assert found.zeros == 4
    assert found.explained == {"balance": 2, "rotation": 0, "coinciding": 2, "dead": 0}


def test_mirrored_neurons_coincide_where_the_activation_is_even_or_odd() -> None:
    for name, signs in (("abs", 1.0), ("erf", -1.0)):
        problem, state = problem_at(name, [[1.0, 0.5]], [0.5, 0.5 * signs], [[1.0, 0.5], [-1.0, -0.5]])
        found = curvature(problem, stage_of(), state)
        assert found.verdict == "minimum"
        assert found.explained["coinciding"] == (1 + 2 if name == "erf" else 4 - 2)
        assert found.zeros == sum(found.explained.values())


def test_dead_neurons_are_told() -> None:
    problem, state = problem_at("erf", [[1.0, 0.5]], [1.0, 0.0], [[1.0, 0.5], [0.3, -0.2]])
    found = curvature(problem, stage_of(), state)
    assert found.verdict == "minimum"
    assert found.explained["dead"] == found.zeros == 2


@pytest.mark.parametrize("size", [0.0, 1e-9])
@pytest.mark.parametrize(("teachers", "verdict"), [(1, "minimum"), (2, "saddle")])
def test_neurons_that_decay_took_are_left_out_and_tried(teachers: int, verdict: str, size: float) -> None:
    stage, rows = stage_of(0.02), [[1.0, 0.0], [0.0, 1.0]][:teachers]
    problem, state = problem_at("relu", rows, [1.0], [[1.0, 0.1]], drop=2)
    end = METHODS["newton"].advance(make_backend("fused", "cpu", "float64"), problem, [stage], state, 0, 200)
    alone = curvature(problem, stage, end)
    assert alone.verdict == "minimum"
    # one more neuron at the tip of its cone: it would grow where a teacher is missing
    more = np.array([[[0.8 * size, -0.6 * size]]])
    both = State(np.append(end.second_layer, [[size]], 1), np.append(end.first_layer, more, 1))
    found = curvature(problem, stage, both)
    assert (found.vanished, found.grows, found.verdict) == (1, teachers == 2, verdict)
    np.testing.assert_allclose(found.eigenvalues, alone.eigenvalues, rtol=0, atol=1e-7)


@pytest.mark.parametrize("size", [0.0, 1e-5])
@pytest.mark.parametrize(("name", "drop"), [("tanh", 2), ("sin", 2), ("erf", 3), ("gelu", 3)])
def test_smooth_neurons_at_zero_grow_where_a_teacher_is_missing_though_no_second_derivative_tells(
    name: str, drop: int, size: float
) -> None:
    teacher, weights = [[1.0, 0.0], [0.0, 1.0]], [1.0, size]
    rows = [[1.0, 0.0], [0.8 * size, 0.6 * size]]
    for missing, decay, verdict in ((True, 0.0, "saddle"), (False, 0.0, "minimum"), (False, 0.1, "not stationary")):
        problem, state = problem_at(name, teacher if missing else teacher[:1], weights, rows, drop)
        found = curvature(problem, stage_of(decay), state)
        assert (found.negative, found.grows, found.verdict) == (0, missing, verdict)
    target, student = (
        (np.ones((1, 2)), np.array([teacher])),
        (np.array([[1.0, 1e-3]]), np.array([[[1.0, 0.0], [0.0, 0.1]]])),
    )
    on_its_way = population.loss(activation(name, drop), *student, *target)
    assert on_its_way < population.loss(activation(name, drop), student[0] * [1.0, 0.0], student[1], *target)


def test_a_network_of_nothing_is_a_saddle_where_it_could_learn() -> None:
    for decay, verdict in ((0.0, "saddle"), (0.1, "saddle"), (5.0, "minimum")):
        problem, state = problem_at("relu", [[1.0, 0.0]], [0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]])
        found = curvature(problem, stage_of(decay), state)
        assert (found.parameters, found.vanished, found.verdict) == (0, 2, verdict)


def test_a_flat_valley_is_told_apart() -> None:
    # z² of two rows is a matrix of rank two: rows can be mixed with one another, which is no symmetry of the list
    problem, state = problem_at("quadratic", [[1.0, 0.0], [0.0, 1.0]], [1.0, 1.0], [[0.8, -0.6], [0.6, 0.8]])
    found = curvature(problem, stage_of(0.0, ("first_layer",)), state)
    assert found.grad_norm < 1e-15
    assert (found.verdict, found.zeros, sum(found.explained.values())) == ("flat", 1, 0)


@pytest.mark.parametrize("decay", [0.0, 0.02, 1e-3])
@pytest.mark.parametrize("name", ["relu", "erf"])
def test_lanczos_finds_the_ends_and_the_verdict_of_the_matrix(
    name: str, decay: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = stage_of(decay)
    problem, state = at_its_end(stage, name=name, m=20, d=6) if decay else at_its_end(stage, name=name, m=2, d=40)
    whole = curvature(problem, stage, state)
    monkeypatch.setattr(module, "MOST_DENSE", 0)
    ends = curvature(problem, stage, state)
    assert ends.zeros is None
    beside = whole.eigenvalues
    if not decay:  # without the zeros of symmetries
        taken = whole.explained["balance"] + whole.explained["rotation"]
        beside = np.delete(beside, np.argsort(np.abs(beside))[:taken])
    np.testing.assert_allclose(ends.eigenvalues[-3:], beside[-3:], rtol=0, atol=1e-8 * whole.largest)
    np.testing.assert_allclose(ends.eigenvalues[0], beside[0], rtol=0, atol=1e-8 * whole.largest)
    others = whole.explained["coinciding"] + whole.explained["dead"]  # which are not looked for
    assert ends.verdict == ("flat" if others and whole.verdict == "minimum" else whole.verdict)


@pytest.mark.parametrize("most", [module.MOST_DENSE, 0])
def test_on_samples_it_is_that_of_the_loss_on_the_sample(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem, state = problem_on("empirical", "erf", 0)
    stage = stage_of(0.02)
    end = METHODS["newton"].advance(make_backend("torch", "cpu", "float64"), problem, [stage], state, 0, 100)
    whole = curvature(problem, stage, end)
    assert (whole.verdict, whole.negative, whole.explained["rotation"]) == ("minimum", 0, 0)
    assert whole.grad_norm < 1e-12
    monkeypatch.setattr(module, "MOST_DENSE", most)
    found = curvature(problem, stage, end)
    assert found.verdict == "minimum"
    assert found.eigenvalues[0] == pytest.approx(whole.eigenvalues[0], abs=1e-9)
    assert found.eigenvalues[-1] == pytest.approx(whole.eigenvalues[-1], rel=1e-9)


@pytest.mark.parametrize("missing", [True, False])
def test_neurons_that_vanished_are_tried_on_the_sample(missing: bool) -> None:
    x = np.random.default_rng(0).standard_normal((50, 2))
    labels = np.maximum(x[:, 0], 0.0) + missing * np.maximum(x[:, 1], 0.0)
    problem, state = problem_at("relu", [[1.0, 0.0]], [1.0, 0.0], [[1.0, 0.0], [0.0, 0.0]])
    problem = replace(problem, data=(Empirical(lambda: Sample(x, labels)),))
    found = curvature(problem, stage_of(train=LAYERS), state)
    assert (found.vanished, found.grows) == (1, missing)


def with_biases_at(
    name: str, teacher: list[list[float]], a: list[float], w: list[list[float]]
) -> tuple[Problem, State]:
    """Rows end with a bias."""
    problem, state = problem_at(name, teacher, a, w)
    return replace(problem, activation=with_biases(problem.activation)), state


@pytest.mark.parametrize("name", ["relu", "erf"])
def test_with_biases_newton_ends_at_a_minimum(name: str) -> None:
    teacher = [[1.0, 0.0, 0.5], [0.0, 1.0, -0.3]]
    problem, state = with_biases_at(name, teacher, [0.9, 0.8], [[1.2, 0.1, 0.2], [0.2, 0.7, 0.1]])
    stage = stage_of(1e-3, ALL_LAYERS)
    end = METHODS["newton"].advance(make_backend("torch", "cpu", "float64"), problem, [stage], state, 0, 60)
    found = curvature(problem, stage, end)
    assert found.grad_norm < 1e-12
    assert (found.verdict, found.parameters, found.negative) == ("minimum", 8, 0)


def test_with_biases_rows_are_balanced_turned_and_missed() -> None:
    teacher, away = [[1.0, 0.0, 0.0, 0.5]], [0.3, 0.0, -0.7, 0.4]
    problem, state = with_biases_at("relu", teacher, [1.0, 0.5, -0.5], [*teacher, away, away])
    found = curvature(problem, stage_of(train=ALL_LAYERS), state)
    assert (found.verdict, found.explained["balance"], found.explained["rotation"]) == ("minimum", 3, 1)
    # a constant alone is missing: a neuron of w = 0 and b = 1 would grow
    problem, state = with_biases_at("relu", [*teacher, [0.0, 0.0, 0.0, 1.0]], [1.0, 0.0], [*teacher, [0.0] * 4])
    found = curvature(problem, stage_of(train=ALL_LAYERS), state)
    assert (found.vanished, found.grows) == (1, True)


@pytest.mark.parametrize("size", [0.0, 1e-9])
def test_a_row_near_the_tip_beside_an_output_weight_is_not_decided(size: float) -> None:
    problem, state = problem_at("relu", [[1.0, 0.0]], [1.0, 1.0], [[1.0, 0.0], [0.0, size]])
    found = curvature(problem, stage_of(), state)
    assert (found.undecided, found.verdict) == (1, "not decided")
    fixed = curvature(problem, stage_of(train=("second_layer",)), state)
    assert fixed.undecided == 0
