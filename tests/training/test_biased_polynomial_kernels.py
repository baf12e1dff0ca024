"""Compiled steps of polynomials with biases are those of the torch backend, which is slow."""

import numpy as np
import pytest

from featlearn.theory.targets import loss as against
from featlearn.training.backends import make_backend
from featlearn.training.stages import ALL_LAYERS
from tests.training.batches import assert_same_state, fused, stages
from tests.training.test_biased_kernels import assert_close, given, hard

KINDS = (("linear", 0), ("linear", 1), ("quadratic", 0), ("quadratic", 2), ("polynomial", 0), ("polynomial", 1))
FURTHER = (("polynomial", 2), ("polynomial", 3))


@pytest.mark.parametrize(("name", "drop"), [*KINDS, *FURTHER])
def test_losses_and_gradients_are_those_of_numpy(name: str, drop: int) -> None:
    for problem, state in (given(name, drop=drop), hard(name, drop)):
        weights = problem.in_loss(state.second_layer, state.first_layer)
        loss, slope = fused().loss_and_gradient(problem, state)
        truth, floor = against.loss_float64(problem.activation, *weights)
        assert (np.abs(loss - truth) <= floor + 1e-14 * truth).all()
        for ours, theirs in zip(slope, against.gradient(problem.activation, *weights), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13 * max(1.0, np.max(np.abs(theirs))))


@pytest.mark.parametrize(("name", "drop"), [*KINDS, *FURTHER])
@pytest.mark.parametrize("method", ["gd", "adam"])
def test_hundreds_of_steps_are_those_of_the_torch_backend(method: str, name: str, drop: int) -> None:
    problem, state = given(name, drop=drop)
    plan = stages(2, method, ALL_LAYERS, eta=0.001)
    theirs = make_backend("torch", "cpu", "float64").advance(problem, plan, state, 0, 200)
    ours = fused().advance(problem, plan, state, 0, 200)
    assert_close(ours, theirs)
    cut = fused().advance(problem, plan, fused().advance(problem, plan, state, 0, 30), 30, 170)
    assert_same_state(cut, ours)


def test_looks_on_the_way_bound_their_rounding() -> None:
    problem, state = given("polynomial")
    plan = stages(2, "gd", ALL_LAYERS, eta=0.001)
    seen = fused().advance_looking(problem, plan, state, 0, np.array([5, 9]))[1]
    there = fused().advance(problem, plan, state, 0, 9)
    truth, floor = against.loss_float64(problem.activation, *problem.in_loss(there.second_layer, there.first_layer))
    assert (np.abs(seen.loss[:, 1] - truth) <= floor).all()
    assert (seen.rounding[:, 1] >= floor / 4).all()
