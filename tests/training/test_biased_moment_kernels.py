"""Compiled steps of neurons with biases to polynomial targets are those of the torch backend."""

from dataclasses import replace

import numpy as np
import pytest

from featlearn.theory.activations.biased import with_biases
from featlearn.theory.targets import loss as against
from featlearn.training.backends import make_backend
from featlearn.training.problem import Problem
from featlearn.training.stages import ALL_LAYERS
from featlearn.training.state import State
from tests.training.batches import assert_same_state, fused, stages
from tests.training.test_biased_kernels import assert_close
from tests.training.test_targets import made

KINDS = (("relu", 0), ("abs", 0), ("leaky_relu", 2), ("erf", 0), ("relu", 2), ("quadratic", 0), ("polynomial", 1))


def learning(kind: str, name: str, drop: int, m: int = 9) -> tuple[Problem, State]:
    """Two runs whose rows have weights and a bias; one is 0, and one a bias alone."""
    problem, state = made(kind, name, drop, d=6, m=m, runs=2)
    directions = problem.teacher_first_layer.copy()
    directions[..., -1] = 0.0
    state.first_layer[0, 1] = 0.0
    state.first_layer[1, 2, :-1] = 0.0
    state.first_layer[0, 3, -1] = 30.0
    return replace(problem, activation=with_biases(problem.activation), teacher_first_layer=directions), state


@pytest.mark.parametrize("kind", ["staircase", "He3", "even"])
@pytest.mark.parametrize(("name", "drop"), KINDS)
def test_losses_and_gradients_are_those_of_numpy(name: str, drop: int, kind: str) -> None:
    problem, state = learning(kind, name, drop)
    weights = problem.in_loss(state.second_layer, state.first_layer)
    loss, slope = fused().loss_and_gradient(problem, state)
    truth, floor = against.loss_float64(problem.activation, *weights)
    assert (np.abs(loss - truth) <= floor).all()
    for ours, theirs in zip(slope, against.gradient(problem.activation, *weights), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13 * max(1.0, np.max(np.abs(theirs))))


@pytest.mark.parametrize("kind", ["staircase", "even"])
@pytest.mark.parametrize(("name", "drop"), KINDS)
def test_hundreds_of_steps_are_those_of_the_torch_backend(name: str, drop: int, kind: str) -> None:
    problem, state = learning(kind, name, drop)
    state.first_layer[0, 1] = 0.1  # of an even neuron at (0, 0) rounding errors alone choose where it goes
    plan = stages(2, "adam", ALL_LAYERS, eta=0.001)
    theirs = make_backend("torch", "cpu", "float64").advance(problem, plan, state, 0, 200)
    ours = fused().advance(problem, plan, state, 0, 200)
    assert_close(ours, theirs)
    cut = fused().advance(problem, plan, fused().advance(problem, plan, state, 0, 30), 30, 170)
    assert_same_state(cut, ours)
    alone = fused().advance(problem.take([1]), plan[1:], state.take([1]), 0, 200)
    assert_same_state(alone, ours.take([1]))
