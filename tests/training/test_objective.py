"""The objective of a stage as a function of one vector, on the population and on a sample."""

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.training.backends import make_backend
from featlearn.training.objective import Objective
from featlearn.training.stages import LAYERS, Layer
from featlearn.training.state import State
from tests.training import sampled
from tests.training.examples import loss_of, random_problem
from tests.training.sampled import problem_on

TRAINED: list[tuple[Layer, ...]] = [("first_layer",), ("second_layer",), LAYERS, ("second_layer", "first_layer")]


def _objective(train: tuple[Layer, ...] = LAYERS, name: str = "fused") -> Objective:
    problem, state = random_problem()
    return Objective(make_backend(name, "cpu", "float64"), problem, state, train)


@pytest.mark.parametrize("train", TRAINED)
def test_the_vector_holds_the_trained_layers_and_nothing_else(train: tuple[Layer, ...]) -> None:
    objective = _objective(train)
    x = objective.start()
    assert len(x) == sum(getattr(objective.state, layer).size for layer in train)
    moved = objective.state_at(x + 1.0)
    for layer in LAYERS:
        before = getattr(objective.state, layer)
        np.testing.assert_array_equal(getattr(moved, layer), before + 1.0 if layer in train else before)


@pytest.mark.parametrize("name", ["fused", "torch"])
@pytest.mark.parametrize("train", TRAINED)
def test_loss_and_gradient_are_those_of_the_population(train: tuple[Layer, ...], name: str) -> None:
    objective = _objective(train, name)
    x = objective.start()
    loss, slope = objective.loss_and_gradient(x)
    assert loss == pytest.approx(loss_of(objective.problem, objective.state), rel=1e-12)
    for i in range(len(x)):
        step = np.zeros(len(x))
        step[i] = 1e-6
        ends = [loss_of(objective.problem, objective.state_at(x + sign * step)) for sign in (1, -1)]
        assert slope[i] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-8)


def test_on_a_sample_they_are_those_of_the_sample() -> None:
    problem, state = problem_on("empirical")
    objective = Objective(make_backend("torch", "cpu", "float64"), problem, state, LAYERS)
    loss, slope = objective.loss_and_gradient(objective.start())
    (samples,) = problem.samples() or []
    twin = sampled.gradient(problem.activation, state.second_layer[0], state.first_layer[0], samples.sample())
    assert loss == pytest.approx(float(twin[0]), rel=1e-12)
    np.testing.assert_allclose(slope, np.concatenate([twin[1], twin[2].ravel()]), rtol=1e-10, atol=1e-13)


def test_weights_that_overflow_give_no_number_and_no_warning() -> None:
    objective = _objective()
    loss, slope = objective.loss_and_gradient(1e200 * objective.start())
    assert not np.isfinite(loss)
    assert not np.isfinite(slope).all()


def test_the_precision_of_a_run_is_kept_and_its_rounding_known() -> None:
    problem, state = random_problem()
    single = State(state.second_layer.astype(np.float32), state.first_layer.astype(np.float32))
    objective = Objective(make_backend("fused", "cpu", "float64"), problem, single, LAYERS)
    x = objective.start() * (1 + 1e-9)
    assert objective.state_at(x).first_layer.dtype == np.float32
    np.testing.assert_array_equal(objective.rounded(x), objective.start())
    assert objective.start().dtype == np.float64


def test_the_bounds_on_rounding_hold_next_to_the_teacher() -> None:
    problem, _ = random_problem()
    rng = np.random.default_rng(0)
    state = State(
        problem.teacher_second_layer.copy(), problem.teacher_first_layer + 1e-9 * rng.standard_normal((1, 2, 5))
    )
    objective = Objective(make_backend("fused", "cpu", "float64"), problem, state, LAYERS)
    loss, _ = objective.loss_and_gradient(objective.start())
    arrays = state.second_layer, state.first_layer, problem.teacher_second_layer, problem.teacher_first_layer
    best = population.loss(problem.activation, *arrays)[0]
    bound, _ = objective.rounding(objective.start())
    assert abs(loss - best) <= bound < 1e-13
