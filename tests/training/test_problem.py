"""Problems and states of batches: what is put into the loss, what is sampled, and which weights are finite."""

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.theory.tangent_kernel import MOST_PROBE_DIMENSIONS, PROBE_INPUTS, neural_tangent_kernel
from featlearn.theory.targets import loss as against
from featlearn.training.data import Empirical, Online, Sample
from featlearn.training.networks import Network
from featlearn.training.problem import Probe, Problem, Scaled
from featlearn.training.state import State
from tests.training.examples import loss_of, random_problem


def _scaled(problem: Problem, scaled: Scaled) -> Problem:
    return Problem(**vars(problem) | {"scaled": scaled})


def test_of_an_ordinary_network_the_loss_is_that_of_its_weights() -> None:
    problem, state = random_problem(runs=2)
    weights = problem.in_loss(state.second_layer, state.first_layer)
    assert against.loss(problem.activation, *weights)[0] == loss_of(problem, state)
    assert problem.scale.tolist() == [1.0, 1.0]
    assert problem.output_weights(state.second_layer) is state.second_layer


def test_a_scaled_network_matches_the_teacher_and_its_start_together() -> None:
    problem, start = random_problem(runs=2)
    scale = np.array([0.5, 3.0])
    problem = _scaled(problem, Scaled(scale, start.second_layer, start.first_layer))
    at_start = against.loss(problem.activation, *problem.in_loss(start.second_layer, start.first_layer))
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    # where it starts the trained function is zero
    np.testing.assert_allclose(at_start, population.squared_norm(problem.activation, *teacher), rtol=1e-12)
    np.testing.assert_array_equal(problem.output_weights(start.second_layer), scale[:, None] * start.second_layer)


def test_a_scaled_network_that_starts_at_zero_matches_the_teacher_alone() -> None:
    problem, state = random_problem(runs=2)
    nothing = Scaled(np.array([0.5, 3.0]), state.second_layer[:, :0], state.first_layer[:, :0])
    second, first = _scaled(problem, nothing).joined()
    np.testing.assert_array_equal(second, problem.teacher_second_layer)
    np.testing.assert_array_equal(first, problem.teacher_first_layer)


def test_only_empirical_data_are_samples_and_all_are_released() -> None:
    problem, _ = random_problem()
    made: list[int] = []

    def make() -> Sample:
        made.append(1)
        return Sample(np.zeros((2, 5)), np.zeros(2))

    empirical = Problem(**vars(problem) | {"data": (Empirical(make),)})
    online = Online(activation("relu"), Network(np.ones(1), np.eye(5)[:1]), 0, 4, 0.0)
    assert problem.samples() is None
    assert Problem(**vars(problem) | {"data": (online,)}).samples() is None
    for _ in range(2):
        (sample,) = empirical.samples() or []
        sample.sample()
        empirical.release_data()
    assert len(made) == 2


def test_the_probe_is_where_the_kernel_was_at_the_start_and_the_seed_alone_chooses_it() -> None:
    problem, state = random_problem()
    probe, again, other = (
        Probe.of(problem.activation, state.second_layer, state.first_layer, seed) for seed in (3, 3, 4)
    )
    assert probe is not None
    assert again is not None
    assert other is not None
    assert probe.inputs.shape == (1, PROBE_INPUTS, 5)
    np.testing.assert_array_equal(probe.inputs, again.inputs)
    assert not np.array_equal(probe.inputs, other.inputs)
    kernel = neural_tangent_kernel(problem.activation, state.second_layer, state.first_layer, probe.inputs)
    np.testing.assert_array_equal(probe.initial_kernel, kernel)


def test_very_many_dimensions_have_no_probe() -> None:
    second, first = np.zeros((1, 1)), np.zeros((1, 1, MOST_PROBE_DIMENSIONS + 1))
    assert Probe.of(activation("relu"), second, first, 0) is None


@pytest.mark.parametrize("layer", ["second_layer", "first_layer"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_state_tells_which_runs_have_finite_weights(value: float, layer: str) -> None:
    _, state = random_problem(runs=3)
    getattr(state, layer)[1].flat[0] = value
    assert State(state.second_layer, state.first_layer).finite().tolist() == [True, False, True]
