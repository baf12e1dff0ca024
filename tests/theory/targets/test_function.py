"""Which target a function makes of rows."""

import numpy as np

from featlearn.theory.activations import activation
from featlearn.theory.targets.formula import hermite_terms
from featlearn.theory.targets.function import Polynomial, target_of
from featlearn.theory.targets.neurons import NeuronTarget
from featlearn.theory.targets.polynomial import HermiteTarget


def test_an_activation_makes_neurons_and_a_polynomial_needs_no_output_weights() -> None:
    rows, act = np.eye(3)[None, :2], activation("quadratic", 0)
    neurons = target_of(act, np.array([[1.0, -2.0]]), rows)
    assert isinstance(neurons, NeuronTarget)
    assert neurons.activation is act
    polynomial = target_of(Polynomial(hermite_terms("He2(x1) - 2*He2(x2)")), np.zeros((1, 0)), rows)
    assert isinstance(polynomial, HermiteTarget)
    x = np.random.default_rng(0).standard_normal((1, 5, 3))
    np.testing.assert_allclose(polynomial.values(x), neurons.values(x) + 1.0, rtol=1e-12, atol=1e-12)


def test_equal_formulas_are_one_function() -> None:
    assert Polynomial(hermite_terms("He3(x1)")) == Polynomial(hermite_terms("x1**3 - 3*x1"))
    assert len({Polynomial(hermite_terms("He3(x1)")), Polynomial(hermite_terms("x1**3 - 3*x1"))}) == 1
