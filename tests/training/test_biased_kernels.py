"""Compiled steps of neurons with biases are those of the torch backend, which is slow."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.activations.biased import with_biases
from featlearn.theory.targets import loss as against
from featlearn.training.backends import WIDE, make_backend
from featlearn.training.backends.biased_kernels import FAMILIES
from featlearn.training.backends.layout import BIASED, BIASED_POLYNOMIAL
from featlearn.training.problem import Problem, Scaled
from featlearn.training.stages import ALL_LAYERS, ByLayer, Layer, Schedule
from featlearn.training.state import State
from tests.training.batches import assert_same_state, batch, fused, stages

KINDS = (("relu", 0), ("abs", 0), ("leaky_relu", 0), ("erf", 0), ("relu", 2), ("abs", 2))
METHODS = ("gd", "momentum", "adam")


def given(name: str, runs: int = 2, m: int = 9, d: int = 5, teachers: int = 3, drop: int = 0) -> tuple[Problem, State]:
    """A batch whose rows have d weights and a bias."""
    problem, state = batch(runs, m, d + 1, teachers, name=name, drop=drop)
    return replace(problem, activation=with_biases(problem.activation)), state


def hard(name: str, drop: int = 0) -> tuple[Problem, State]:
    """One run of rows that vanish, that are biases alone, that are nearly so, and that are parallel to one another."""
    problem, state = given(name, 1, 21, 5, drop=drop)
    w = state.first_layer[0]
    w[0] = 0.0
    w[1, :-1], w[2, :-1] = 0.0, 1e-9
    w[3, -1], w[4, -1], w[5, -1] = 1e4, -1e4, 0.0
    w[6], w[7], w[8], w[9] = w[10], -w[10], 3 * w[10], w[10]
    w[9, -1] += 1e-9
    w[11], w[12] = problem.teacher_first_layer[0, 0], 1e-12
    w[13, :-1], w[14, -1] = w[10, :-1] * (1 + 1e-15), 40 * np.linalg.norm(w[14, :-1])
    return problem, state


def assert_close(ours: State, theirs: State, within: float = 1e-12) -> None:
    """That states agree, relative to the largest of each array."""
    assert ours.finite().all()
    assert ours.memory.keys() == theirs.memory.keys()
    pairs = [(ours.first_layer, theirs.first_layer), (ours.second_layer, theirs.second_layer)]
    for one, other in [*pairs, *((ours.memory[name], theirs.memory[name]) for name in ours.memory)]:
        np.testing.assert_allclose(one, other, rtol=0, atol=within * np.max(np.abs(other)))


@pytest.mark.parametrize(("name", "drop"), KINDS)
@pytest.mark.parametrize("make", [given, hard])
def test_losses_and_gradients_are_those_of_numpy(make: Any, name: str, drop: int) -> None:
    problem, state = make(name, drop=drop)
    weights = problem.in_loss(state.second_layer, state.first_layer)
    loss, slope = fused().loss_and_gradient(problem, state)
    truth, floor = against.loss_float64(problem.activation, *weights)
    assert (np.abs(loss - truth) <= floor + 1e-14 * truth).all()
    for ours, theirs in zip(slope, against.gradient(problem.activation, *weights), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13 * max(1.0, np.max(np.abs(theirs))))


@pytest.mark.parametrize(("name", "drop"), KINDS)
@pytest.mark.parametrize("method", METHODS)
def test_hundreds_of_steps_are_those_of_the_torch_backend(method: str, name: str, drop: int) -> None:
    problem, state = given(name, drop=drop)
    plan = stages(2, method, ALL_LAYERS, eta=0.002)
    theirs = make_backend("torch", "cpu", "float64").advance(problem, plan, state, 0, 300)
    assert_close(fused().advance(problem, plan, state, 0, 300), theirs)


@pytest.mark.parametrize(("name", "drop"), KINDS)
def test_hard_rows_take_the_steps_of_the_torch_backend(name: str, drop: int) -> None:
    problem, state = hard(name, drop)
    if name == "abs":
        state.first_layer[0, 0] = 0.1  # at (0, 0) rounding errors alone choose where an even neuron goes
    eta = 0.01 if name == "erf" else 1e-10  # biases of 1e4 are steep
    plan = stages(1, "gd", ALL_LAYERS, eta=eta)
    theirs = make_backend("torch", "cpu", "float64").advance(problem, plan, state, 0, 50)
    assert_close(fused().advance(problem, plan, state, 0, 50), theirs)


LAYERED = ByLayer.of(Schedule(0.005), Schedule(0.01, 0.5, 7), Schedule(0.02, 0.9, 3))


@pytest.mark.parametrize(
    "changes",
    [
        {"train": ("biases",)},
        {"train": ("first_layer",)},
        {"train": ("second_layer", "biases")},
        {"step_size": LAYERED, "weight_decay": LAYERED},
        {"constraint": "unit_rows"},
        {"loss": "correlation"},
    ],
)
@pytest.mark.parametrize(("method", "drop"), [("gd", 0), ("adam", 0), ("adam", 2)])
def test_stages_of_every_kind_are_those_of_the_torch_backend(method: str, drop: int, changes: dict[str, Any]) -> None:
    problem, state = given("relu", teachers=4, drop=drop)
    plan = [replace(its, **changes) for its in stages(2, method, ALL_LAYERS, eta=0.002)]
    theirs = make_backend("torch", "cpu", "float64").advance(problem, plan, state, 0, 60)
    ours = fused().advance(problem, plan, state, 0, 60)
    assert_close(ours, theirs)
    layers: dict[Layer, np.ndarray] = {"first_layer": ours.first_layer[..., :-1], "biases": ours.first_layer[..., -1]}
    before = {"first_layer": state.first_layer[..., :-1], "biases": state.first_layer[..., -1]}
    for layer in set(layers) - set(plan[0].train):
        assert (layers[layer] == before[layer]).all()


def test_scaled_students_and_neurons_that_coincide_take_the_steps_of_the_torch_backend() -> None:
    problem, state = given("abs")
    scaled = Scaled(np.array([2.0, 0.5]), state.second_layer, state.first_layer, lazy=np.array([2.0, 0.5]))
    counted = np.arange(18.0).reshape(2, 9) % 3 + 1
    plan = stages(2, "gd", ALL_LAYERS, eta=0.002)
    for changes in ({"scaled": scaled}, {"multiplicity": counted}):
        changed = replace(problem, **changes)
        theirs = make_backend("torch", "cpu", "float64").advance(changed, plan, state, 0, 40)
        ours = fused().advance(changed, plan, state, 0, 40)
        np.testing.assert_allclose(ours.first_layer, theirs.first_layer, rtol=0, atol=1e-12)
        np.testing.assert_allclose(ours.second_layer, theirs.second_layer, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("name", "m"), [("relu", 9), ("erf", 9), ("relu", WIDE + 3)])
def test_bits_depend_neither_on_company_nor_on_how_steps_are_cut(name: str, m: int) -> None:
    problem, state = given(name, 3, m, 4)
    plan, backend = stages(3, "adam", ALL_LAYERS, eta=0.002), fused()
    together = backend.advance(problem, plan, state, 0, 9)
    for run in range(3):
        assert_same_state(
            backend.advance(problem.take([run]), [plan[run]], state.take([run]), 0, 9), together.take([run])
        )
    cut = backend.advance(problem, plan, backend.advance(problem, plan, state, 0, 2), 2, 7)
    assert_same_state(cut, together)


def test_wide_runs_have_the_gradient_of_numpy() -> None:
    problem, state = given("leaky_relu", 1, 2 * WIDE + 5, 3, teachers=11)
    weights = problem.in_loss(state.second_layer, state.first_layer)
    slope = fused().loss_and_gradient(problem, state)[1]
    for ours, theirs in zip(slope, against.gradient(problem.activation, *weights), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


def test_nan_stays_visible() -> None:
    problem, state = given("relu", 1)
    assert not fused().advance(problem, stages(1, "gd", ALL_LAYERS, eta=1e200), state, 0, 3).finite().any()


def test_what_has_a_family_is_said_by_the_record() -> None:
    assert sorted(FAMILIES) == [family for family in BIASED if family != BIASED_POLYNOMIAL]
    names = ("relu", "abs", "leaky_relu", "erf", "linear", "quadratic", "polynomial", "tanh")
    every = [(name, drop) for name in names for drop in range(5)]
    compiled = {(name, drop) for name, drop in every if with_biases(activation(name, drop)).compiled is not None}
    lines = {(name, drop) for name in ("relu", "abs", "leaky_relu") for drop in (0, 2)}
    degrees = {"linear": 1, "quadratic": 2, "polynomial": 3}
    assert compiled == {*lines, ("erf", 0), *((name, drop) for name, drop in every if drop <= degrees.get(name, -1))}
