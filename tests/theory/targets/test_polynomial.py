"""Polynomial targets: their values, norms, and moments where they are known by hand."""

from math import pi, sqrt

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.targets.polynomial import degrees_beyond
from tests.theory.targets.examples import polynomial

X = np.random.default_rng(0).standard_normal((1, 6, 4))


@pytest.mark.parametrize("formula", ["x1**3 - 3*x1", "He3(x1)"])
def test_values_are_those_of_the_formula(formula: str) -> None:
    x1 = X[0, :, 0]
    np.testing.assert_allclose(polynomial(formula).values(X)[0], x1**3 - 3 * x1, rtol=1e-13)


def test_a_staircase_has_its_values_and_a_norm_of_three() -> None:
    target, (x1, x2, x3) = polynomial("x1 + x1*x2 + x1*x2*x3"), X[0].T[:3]
    np.testing.assert_allclose(target.values(X)[0], x1 + x1 * x2 + x1 * x2 * x3, rtol=1e-13)
    assert target.squared_norm().tolist() == [3.0]
    assert target.mass().tolist() == [3.0]
    assert polynomial("2*He4(x1)").squared_norm().tolist() == [4 * 24.0]
    assert target.neurons is None


@pytest.mark.parametrize(
    ("k", "coefficient"),
    [(0, 1 / sqrt(2 * pi)), (1, 0.5), (2, 1 / sqrt(2 * pi)), (3, 0.0), (4, -1 / sqrt(2 * pi)), (6, 3 / sqrt(2 * pi))],
)
def test_relu_has_its_known_coefficients(k: int, coefficient: float) -> None:
    w = np.array([[[1.2, 0.9, 0.0, 2.0]]])
    norm, cosine = 2.5, 1.2 / 2.5
    found = polynomial(f"He{k}(x1)").moments(activation("relu", 0), w).value[0, 0]
    assert found == pytest.approx(norm * coefficient * cosine**k, rel=1e-14)
    dropped = polynomial(f"He{k}(x1)").moments(activation("relu", 3), w).value[0, 0]
    assert dropped == (found if k >= 3 else 0.0)


def test_rows_of_any_norm_have_finite_moments() -> None:
    w = np.array([1e-150, 1e-80, 1e-20, 1e6, 1e12])[:, None] * np.array([0.6, 0.8, 0.0, 0.0])
    for name in ("relu", "abs", "erf", "quadratic"):
        value, by_row = polynomial("He20(x1) + x1*x2").moments(activation(name, 0), w[None])
        assert np.isfinite(value).all()
        assert np.isfinite(by_row).all()


def test_a_zero_row_keeps_the_derivative_of_its_linear_part() -> None:
    for name, slope in (("erf", sqrt(2 / pi)), ("relu", 0.5), ("abs", 0.0)):
        found = polynomial("2*x2 + He3(x1)").moments(activation(name, 0), np.zeros((1, 1, 4)))
        np.testing.assert_allclose(found.by_row[0, 0], [0.0, 2 * slope, 0.0, 0.0], rtol=1e-15)


def test_a_degree_that_vanishes_at_single_norms_is_there_at_the_others() -> None:
    """z³ − 3z, He3 at rows of norm 1, has μ_1 = 3q − 3."""
    student = activation("polynomial", 0, coefficients=(0.0, -3.0, 0.0, 1.0))
    target = polynomial("x1")
    found = target.moments(student, np.array([[[1.0, 0.0, 0.0, 0.0], [1.2, 0.9, 0.0, 0.0]]]))
    q = 1.2**2 + 0.9**2
    np.testing.assert_allclose(found.value[0], [0.0, (3 * q - 3) * 1.2], rtol=1e-14)
    by_row = [3 * q - 3 + 6 * 1.2 * 1.2, 6 * 1.2 * 0.9]
    np.testing.assert_allclose(found.by_row[0, :, :2], [[6.0, 0.0], by_row], rtol=1e-14)
    assert degrees_beyond(student, target.terms) == []


@pytest.mark.parametrize("size", [1e-8, 1e-4])
def test_short_rows_of_a_series_keep_the_digits_of_their_gradient(size: float) -> None:
    """φ″(0) = ¼ of softplus: E[φ̃(w·x) He_2(x1)] ≈ ¼ w_1², but for a share of ‖w‖²."""
    w = size * np.array([0.6, 0.8, 0.0, 0.0])
    found = polynomial("He2(x1)").moments(activation("softplus", 2), w[None, None])
    np.testing.assert_allclose(found.by_row[0, 0], [0.5 * w[0], 0.0, 0.0, 0.0], rtol=0, atol=1e-15 + size**3)
