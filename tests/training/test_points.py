"""A point of an objective has its value and slopes."""

import numpy as np
import pytest

from featlearn.training.backends import make_backend
from featlearn.training.methods.points import decays_at, point
from featlearn.training.objective import Objective
from featlearn.training.stages import LAYERS, ByLayer, Schedule, Stage
from tests.training.examples import random_problem


def test_a_point_has_the_objective_and_both_gradients() -> None:
    problem, state = random_problem()
    objective = Objective(make_backend("torch", "cpu", "float64"), problem, state, LAYERS)
    x = objective.start()
    loss, slope = objective.loss_and_gradient(x)
    here = point(objective, x, 0.3)
    assert here.value == pytest.approx(loss + 0.15 * x @ x, rel=1e-14)
    np.testing.assert_array_equal(here.loss_slope, slope)
    np.testing.assert_allclose(here.slope, slope + 0.3 * x, rtol=1e-14)
    assert here.finite()
    assert not point(objective, 1e200 * x, 0.3).finite()


def test_decays_are_those_of_both_layers_at_a_step() -> None:
    decay = ByLayer.of(Schedule(0.5, 0.5, 2), Schedule(0.1))
    stage = Stage(name="s", train=LAYERS, weight_decay=decay)
    assert decays_at(stage, 3) == (0.25, 0.1)
