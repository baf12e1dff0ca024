"""Neurons that coincide: what counts as one neuron under each symmetry, and what does not."""

import numpy as np
import pytest

from featlearn.theory.activations import Symmetry, activations
from featlearn.training.twins import ROUNDING, twins_of

A = np.array([0.5, -1.0, 0.25])
W = np.array([[1.0, 2.0, -0.5], [0.3, -0.1, 0.0], [-2.0, 1.0, 4.0]])


@pytest.mark.parametrize(
    ("symmetry", "found"),
    [("even", [1, 2, 1, -1, 3, -3]), ("odd", [1, 2, 1, 3, -3, -1]), ("none", [1, 2, 1, 3, 4, 5])],
)
def test_what_counts_as_one_neuron(symmetry: Symmetry, found: list[int]) -> None:
    # (a, w), another one, (a, w), (a, −w), (−a, w) and (−a, −w)
    a = np.array([0.5, -1.0, 0.5, 0.5, -0.5, -0.5])
    w = np.array([W[0], W[1], W[0], -W[0], W[0], -W[0]])
    np.testing.assert_array_equal(twins_of(symmetry, a, w), found)


def test_where_output_weights_do_not_count_rows_decide() -> None:
    w = np.array([W[0], -W[0], W[1], W[0]])
    np.testing.assert_array_equal(twins_of("even", None, w), [1, -1, 2, 1])
    np.testing.assert_array_equal(twins_of("none", None, w), [1, 2, 3, 1])


def test_each_distinct_neuron_may_have_any_number() -> None:
    order = np.array([2, 0, 1, 0, 2, 0])
    np.testing.assert_array_equal(twins_of("none", A[order], W[order]), [1, 2, 3, 2, 1, 2])


@pytest.mark.parametrize("symmetry", ["even", "odd", "none"])
def test_rows_of_zeros_coincide_like_others(symmetry: Symmetry) -> None:
    w = np.zeros((4, 3))
    np.testing.assert_array_equal(np.abs(twins_of(symmetry, np.array([1.0, 2.0, 1.0, 2.0]), w)), [1, 2, 1, 2])


GIVEN = np.concatenate([A, -A]), np.concatenate([W, -W])  # as a symmetric start has them


@pytest.mark.parametrize("scale", [1e-100, 1.0, 1e100])
def test_neurons_given_as_one_up_to_signs_coincide_where_rounding_keeps_them_apart(scale: float) -> None:
    rng = np.random.default_rng(0)
    w = np.concatenate([W, W * (1 + 0.1 * ROUNDING * rng.uniform(-1, 1, W.shape))]) * scale
    a = np.concatenate([A, A * (1 + 0.5 * ROUNDING)])
    np.testing.assert_array_equal(twins_of("even", a, w), np.arange(1, 7))
    np.testing.assert_array_equal(twins_of("even", a, w, GIVEN), [1, 2, 3, 1, 2, 3])
    w[3:] *= 1 + 10 * ROUNDING
    np.testing.assert_array_equal(twins_of("even", a, w, GIVEN), np.arange(1, 7))


@pytest.mark.parametrize("layer", [0, 1])
def test_a_perturbation_that_was_given_stays_however_small(layer: int) -> None:
    given = tuple(x.copy() for x in GIVEN)
    given[layer][3] *= 1 + 2.0**-52
    found = twins_of("even", np.abs(given[0]), given[1], (given[0], given[1]))
    np.testing.assert_array_equal(np.abs(found), [1, 2, 3, 4, 2, 3])
    tiny = np.array([[1.0, 0.0], [1.0, 1e-170], [0.0, 5e-324]])
    np.testing.assert_array_equal(twins_of("none", np.ones(3), tiny), [1, 2, 3])


def test_rows_that_an_operation_made_equal_coincide_though_they_were_given_apart() -> None:
    a, w = np.ones(3), np.array([W[0], W[0], W[1]])
    np.testing.assert_array_equal(twins_of("none", a, w, (a, W)), [1, 1, 2])


def test_weights_that_are_not_finite_coincide_with_none() -> None:
    w = np.array([W[0], W[0], [np.nan] * 3, [np.nan] * 3, [np.inf] * 3, [np.inf] * 3])
    a = np.array([1.0, np.nan, 1.0, 1.0, 1.0, 1.0])
    np.testing.assert_array_equal(twins_of("none", a, w, (np.ones(6), np.ones((6, 3)))), np.arange(1, 7))


def test_many_rows_are_told_apart_as_by_comparing_all_pairs() -> None:
    rng = np.random.default_rng(1)
    rows, signs = rng.integers(0, 40, 300), rng.choice([-1.0, 1.0], 300)
    w, a = rng.standard_normal((40, 5))[rows] * signs[:, None], rng.choice([0.5, -0.5], 300)
    kinds = {(r, x) for r, x in zip(rows, a, strict=True)}
    found = twins_of("even", a, w)
    assert np.max(np.abs(found)) == len(kinds)
    for i, j in rng.integers(0, 300, (2000, 2)):
        assert (abs(found[i]) == abs(found[j])) == (rows[i] == rows[j] and a[i] == a[j])
        if abs(found[i]) == abs(found[j]):
            assert (found[i] == found[j]) == (signs[i] == signs[j])


def test_the_symmetry_of_an_activation_is_that_of_its_function() -> None:
    z, q = np.linspace(-2, 2, 41), 1.7
    for act in activations():
        value, mirrored = act.pointwise(z, q), act.pointwise(-z, q)
        assert np.allclose(mirrored, value, atol=1e-14) == (act.symmetry == "even")
        assert np.allclose(mirrored, -value, atol=1e-14) == (act.symmetry == "odd")
