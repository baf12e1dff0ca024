"""Sums of neurons as targets: with the student's own activation they are the teachers of theory.population."""

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import activation
from tests.theory.targets.examples import ROWS, TEACHER_A, TEACHER_W, neurons


@pytest.mark.parametrize("name", ["relu", "abs", "erf", "quadratic"])
@pytest.mark.parametrize("drop", [0, 2, 4])
def test_moments_with_the_own_activation_are_half_the_gradient_that_the_teacher_makes(name: str, drop: int) -> None:
    target, act = neurons(name, drop), activation(name, drop)
    a, w = np.ones((1, len(ROWS))), ROWS[None]
    nothing = np.zeros((1, 0)), np.zeros((1, 0, 4))
    with_it, without = (population.gradient(act, a, w, *teacher) for teacher in (target.neurons, nothing))
    found = target.moments(act, w)
    np.testing.assert_allclose(-2 * found.value, with_it.second_layer - without.second_layer, rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(-2 * found.by_row, with_it.first_layer - without.first_layer, rtol=1e-9, atol=1e-8)
    np.testing.assert_array_equal(target.squared_norm(), population.squared_norm(act, *target.neurons))


def test_neurons_are_there_to_be_aligned_with() -> None:
    target = neurons("relu")
    np.testing.assert_array_equal(target.neurons[0][0], TEACHER_A)
    np.testing.assert_array_equal(target.directions[0], TEACHER_W)


def test_values_are_those_of_the_network() -> None:
    x = np.random.default_rng(0).standard_normal((1, 5, 4))
    expected = sum(a * np.maximum(x[0] @ w, 0.0) for a, w in zip(TEACHER_A, TEACHER_W, strict=True))
    np.testing.assert_allclose(neurons("relu").values(x)[0], expected, rtol=1e-15)
    squared = sum(a * ((x[0] @ w) ** 2 - w @ w) for a, w in zip(TEACHER_A, TEACHER_W, strict=True))
    np.testing.assert_allclose(neurons("quadratic", 2).values(x)[0], squared, rtol=1e-13, atol=1e-14)
