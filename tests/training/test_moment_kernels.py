"""Polynomial targets in the fused backend: the steps, losses and gradients of the torch backend."""

from dataclasses import replace

import numpy as np
import pytest

from featlearn.training.backends import WIDE, make_backend
from featlearn.training.problem import Scaled
from tests.training.batches import assert_same_state, fused, stages
from tests.training.test_targets import FORMULAS, made

SETTINGS = [("relu", 0), ("relu", 2), ("relu", 4), ("abs", 2), ("erf", 0), ("erf", 3), ("erf", 5), ("quadratic", 0)]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize(("name", "drop"), SETTINGS)
def test_a_thousand_steps_are_those_of_the_torch_backend(name: str, drop: int, formula: str) -> None:
    problem, state = made(formula, name, drop, runs=2, m=9)
    state.first_layer[:, 3], state.first_layer[:, 4] = 0.0, problem.teacher_first_layer[:, 0]
    plan = stages(2, "gd", eta=0.002 if name == "quadratic" else 0.02)
    ours, theirs = fused(), make_backend("torch", "cpu", "float64")
    loss, slope = ours.loss_and_gradient(problem, state)
    truth, other = theirs.loss_and_gradient(problem, state)
    np.testing.assert_allclose(loss, truth, rtol=1e-13)
    np.testing.assert_allclose(slope.second_layer, other.second_layer, rtol=0, atol=1e-12)
    np.testing.assert_allclose(slope.first_layer, other.first_layer, rtol=0, atol=1e-12)
    after, expected = (engine.advance(problem, plan, state, 0, 1000) for engine in (ours, theirs))
    np.testing.assert_allclose(after.first_layer, expected.first_layer, rtol=0, atol=1e-10)
    np.testing.assert_allclose(after.second_layer, expected.second_layer, rtol=0, atol=1e-10)


def test_what_is_subtracted_and_equal_neurons_have_their_moments() -> None:
    problem, state = made("even", "relu", 0, runs=2, m=5)
    started, _ = made("even", "relu", 0, runs=2, m=3)
    scaled = Scaled(np.array([2.0, 0.5]), state.second_layer[:, :3], started.initial_first_layer)
    problem = replace(problem, scaled=scaled, multiplicity=np.array([[1.0, 2, 1, 3, 1]] * 2))
    ours, theirs = fused(), make_backend("torch", "cpu", "float64")
    looks = np.array([1, 7, 40])
    found, expected = (x.advance_looking(problem, stages(2), state, 0, looks) for x in (ours, theirs))
    np.testing.assert_allclose(found[0].first_layer, expected[0].first_layer, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found[1].loss, expected[1].loss, rtol=1e-12)
    assert (found[1].rounding >= expected[1].rounding / 8).all()


def test_bits_depend_neither_on_company_nor_on_threads() -> None:
    problem, state = made("staircase", "relu", 4, runs=3, m=WIDE + 9)
    plan, alone, together = stages(3), fused(), fused()
    alone.threads, together.threads = 1, 2
    whole = alone.advance(problem, plan, state, 0, 9)
    for run in range(3):
        one = together.advance(problem.take([run]), plan[run : run + 1], state.take([run]), 0, 9)
        assert_same_state(one, whole.take([run]))
