"""Second derivatives by the weights of a run are those of its loss, whatever the student and the inputs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.activations.biased import with_biases
from featlearn.training.backends import make_backend
from featlearn.training.covariance import Root
from featlearn.training.objective import Objective
from featlearn.training.problem import Scaled
from featlearn.training.stages import ALL_LAYERS, LAYERS, Layer
from tests.training.examples import random_problem
from tests.training.sampled import problem_on


@pytest.mark.parametrize("kind", ["spike", "diagonal", "scaled", "mean field", "of relu"])
def test_covariances_factors_and_other_teachers_are_part_of_the_hessian(kind: str) -> None:
    problem, state = random_problem(name="erf", m=4)
    direction = np.eye(5)[None, 0]
    changes: dict[str, dict[str, Any]] = {
        "spike": {"root": Root.of_spike(np.array([3.0]), direction)},
        "diagonal": {"root": Root.of_diagonal(np.array([[4.0, 2.0, 1.0, 0.5, 0.25]]))},
        "scaled": {"scaled": Scaled(np.array([3.0]), state.second_layer[:, :2], state.first_layer[:, :2])},
        "of relu": {
            "root": Root.of_spike(np.array([3.0]), direction),
            "function": activation("relu", 2),
            "scaled": Scaled(np.array([0.5]), state.second_layer[:, :2], state.first_layer[:, :2]),
        },
        "mean field": {"scaled": Scaled(np.array([0.25]), state.second_layer[:, :0], state.first_layer[:, :0])},
    }
    problem = replace(problem, **changes[kind])
    objective = Objective(make_backend("torch", "cpu", "float64"), problem, state, LAYERS)
    x, step = objective.start(), 1e-5
    found = objective.second_order(x)
    np.testing.assert_allclose(found.gradient(), objective.loss_and_gradient(x)[1], rtol=0, atol=1e-13)
    for column, e in zip(found.matrix().T, np.eye(len(x)), strict=True):
        ends = [objective.loss_and_gradient(x + sign * step * e)[1] for sign in (1, -1)]
        np.testing.assert_allclose(found.product(e), (ends[0] - ends[1]) / (2 * step), rtol=0, atol=1e-8)
        np.testing.assert_allclose(found.product(e), column, rtol=0, atol=1e-13)


@pytest.mark.parametrize("train", [("first_layer",), ("second_layer",), LAYERS])
def test_a_neuron_that_stands_for_several_has_the_change_of_one(train: tuple[Layer, ...]) -> None:
    problem, state = random_problem(m=3)
    problem = replace(problem, multiplicity=np.array([[1.0, 2.0, 5.0]]))
    objective = Objective(make_backend("torch", "cpu", "float64"), problem, state, train)
    x, step = objective.start(), 1e-5
    found = objective.second_order(x)
    np.testing.assert_allclose(found.gradient(), objective.loss_and_gradient(x)[1], rtol=0, atol=1e-13)
    products = [found.product(e) for e in np.eye(len(x))]
    for product, e in zip(products, np.eye(len(x)), strict=True):
        ends = [objective.loss_and_gradient(x + sign * step * e)[1] for sign in (1, -1)]
        np.testing.assert_allclose(product, (ends[0] - ends[1]) / (2 * step), rtol=0, atol=1e-8)
    weighted = np.array([[objective.product(product, e) for e in np.eye(len(x))] for product in products])
    np.testing.assert_allclose(weighted, weighted.T, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("name", "drop"), [("relu", 0), ("tanh", 2)])
def test_on_samples_it_is_that_of_the_sample(name: str, drop: int) -> None:
    problem, state = problem_on("empirical", name, drop)
    added = Scaled(np.array([0.5]), state.second_layer[:, :0], state.first_layer[:, :0])
    problem = replace(problem, multiplicity=np.array([[1.0, 2.0, 5.0, 1.0, 1.0, 1.0]]), scaled=added)
    objective = Objective(make_backend("torch", "cpu", "float64"), problem, state, LAYERS)
    x, step = objective.start(), 1e-6
    found = objective.second_order(x)
    np.testing.assert_allclose(found.gradient(), objective.loss_and_gradient(x)[1], rtol=0, atol=1e-13)
    for e in np.eye(len(x))[::5]:
        ends = [objective.loss_and_gradient(x + sign * step * e)[1] for sign in (1, -1)]
        np.testing.assert_allclose(found.product(e), (ends[0] - ends[1]) / (2 * step), rtol=0, atol=1e-7)


@pytest.mark.parametrize("train", [("first_layer", "biases"), ("biases",), ALL_LAYERS])
@pytest.mark.parametrize("name", ["relu", "erf", "tanh"])
def test_biases_are_layers_of_the_vector(name: str, train: tuple[Layer, ...]) -> None:
    problem, state = random_problem(name=name, m=3)
    problem = replace(problem, activation=with_biases(activation(name, 0)))  # whose last coordinate is a bias
    objective = Objective(make_backend("torch", "cpu", "float64"), problem, state, train)
    x, step = objective.start(), 1e-5
    found = objective.second_order(x)
    np.testing.assert_allclose(found.gradient(), objective.loss_and_gradient(x)[1], rtol=0, atol=1e-13)
    for column, e in zip(found.matrix().T, np.eye(len(x)), strict=True):
        ends = [objective.loss_and_gradient(x + sign * step * e)[1] for sign in (1, -1)]
        np.testing.assert_allclose(found.product(e), (ends[0] - ends[1]) / (2 * step), rtol=0, atol=1e-8)
        np.testing.assert_allclose(found.product(e), column, rtol=0, atol=1e-13)
