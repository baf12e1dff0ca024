"""Loss, gradient and ridge against any target: numbers from elsewhere, many digits, and the teachers as they were."""

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from featlearn.theory import population
from featlearn.theory.activations import Activation, activation
from featlearn.theory.targets import loss as against
from featlearn.theory.targets.formula import Term
from featlearn.theory.targets.interface import Target
from featlearn.theory.targets.neurons import NeuronTarget
from featlearn.theory.targets.polynomial import HermiteTarget
from tests.places import TRUTH
from tests.theory import exact
from tests.theory.exact import number
from tests.theory.points import generic
from tests.theory.targets.examples import SETTINGS, every_target, exact_moment, exact_square
from tests.theory.targets.test_interface import in_torch

CASES = json.loads((TRUTH / "targets.json").read_text())
TARGETS = every_target()
every_kind = pytest.mark.parametrize("kind", TARGETS)


Joined = tuple[Any, Any, Target | None]


def _joined(act: Activation, target: Target) -> Joined:
    """A target as the loss takes it: neurons that join those of the student, and the rest."""
    if isinstance(target, NeuronTarget) and target.activation is act:
        return target.second_layer, target.first_layer, None
    nothing = target.directions[:, :0]
    return nothing[..., 0], nothing, target


def _target(case: dict[str, Any]) -> Target:
    drop, rows = case["drop_hermite_below"], np.array(case["directions"], dtype=float)
    rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
    if "terms" in case:
        terms = tuple(Term(Fraction(str(c)), tuple(degrees)) for c, degrees in case["terms"])
        return HermiteTarget(terms, rows[None])
    act = activation(case.get("teacher_activation", case["activation"]), drop)
    return NeuronTarget(act, np.array([case["output_weights"]]), rows[None])


@pytest.mark.parametrize("case", CASES, ids=[f"{c['activation']}-{c['drop_hermite_below']}" for c in CASES])
def test_losses_are_the_numbers_from_elsewhere(case: dict[str, Any]) -> None:
    act = activation(case["activation"], case["drop_hermite_below"])
    a, w = (np.array([case[layer]], dtype=float) for layer in ("second_layer", "first_layer"))
    assert against.loss(act, a, w, *_joined(act, _target(case)))[0] == pytest.approx(
        float(case["loss"]), rel=1e-12, abs=0
    )


def _exact_loss(act: Activation, a: np.ndarray, w: np.ndarray, target: Target) -> Any:
    """‖f‖² − 2 Σ a_j E[φ̃_j f*] + ‖f*‖² in many digits."""
    rows, name, drop = exact.rows_of(w), act.name, act.drop_hermite_below
    student = exact.loss_of(exact.remembered_kernel(name, drop), [number(x) for x in a], rows)
    shared = sum(number(x) * exact_moment(name, drop, target, row) for x, row in zip(a, rows, strict=True))
    return student - 2 * shared + exact_square(target)


@every_kind
@pytest.mark.parametrize(("name", "drop"), SETTINGS)
def test_loss_is_that_of_many_digits_and_its_error_below_the_floor(name: str, drop: int, kind: str) -> None:
    target, act = TARGETS[kind], activation(name, drop)
    a, w = generic(5, m=3, d=4)[:2]
    truth = _exact_loss(act, a[0], w[0], target)
    found = against.loss(act, a, w, *_joined(act, target))[0]
    assert abs(found - truth) <= max(1e-14 * truth, against.loss_floor(act, a, w, *_joined(act, target))[0])
    assert float(found) == pytest.approx(float(truth), rel=1e-12)


@every_kind
@pytest.mark.parametrize(("name", "drop"), [("relu", 0), ("relu", 4), ("abs", 2), ("erf", 3), ("quadratic", 0)])
def test_gradient_is_the_difference_quotient_of_the_loss(name: str, drop: int, kind: str) -> None:
    target, act = TARGETS[kind], activation(name, drop)
    a, w = generic(6, m=3, d=4)[:2]
    w[0, 0], w[0, 1] = [2.0, 0.0, 0.0, 0.0], [-0.6, -0.8, 0.0, 0.0]  # on an axis, and opposite to a teacher
    slope, step = against.gradient(act, a, w, *_joined(act, target)), 1e-6
    for layer, found in ((a, slope.second_layer), (w, slope.first_layer)):
        for index in np.ndindex(layer.shape):
            here, ends = layer[index], []
            for sign in (1, -1):
                layer[index] = here + sign * step
                ends.append(against.loss(act, a, w, *_joined(act, target))[0])
            layer[index] = here
            assert found[index] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6, abs=1e-6)


@every_kind
def test_torch_has_the_same_gradient(kind: str) -> None:
    act, (a, w) = activation("relu", 0), generic(7, d=4)[:2]
    ours = against.gradient(act, a, w, *_joined(act, TARGETS[kind]))
    *joined, rest = _joined(act, TARGETS[kind])
    second, first, teacher_second, teacher_first = (torch.from_numpy(x.copy()) for x in (a, w, *joined))
    converted = None if rest is None else in_torch(rest)
    theirs = against.gradient(act, second, first, teacher_second, teacher_first, converted, torch)
    for x, y in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(y.numpy(), x, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "drop"), [("relu", 2), ("erf", 0), ("abs", 4)])
def test_teachers_of_the_own_activation_keep_their_bits(name: str, drop: int) -> None:
    act, (a, w, teacher_a, teacher_w) = activation(name, drop), generic(8, runs=2)
    target, decay = NeuronTarget(act, teacher_a, teacher_w), np.array([0.1, 0.0])
    for ours, theirs in zip(
        against.gradient(act, a, w, *_joined(act, target)),
        population.gradient(act, a, w, teacher_a, teacher_w),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)
    weights = a, w, teacher_a, teacher_w
    np.testing.assert_array_equal(against.loss(act, a, w, *_joined(act, target)), population.loss(act, *weights))
    np.testing.assert_array_equal(
        against.loss_floor(act, a, w, *_joined(act, target)), population.loss_floor(act, *weights)
    )
    ridge = population.ridge_second_layer(act, w, teacher_a, teacher_w, decay)
    np.testing.assert_array_equal(against.ridge_second_layer(act, w, *_joined(act, target), decay), ridge)


@every_kind
def test_ridge_is_where_the_gradient_of_the_objective_vanishes(kind: str) -> None:
    act, w, decay = activation("relu", 0), generic(9, m=5, d=4)[1], np.array([0.02])
    a = against.ridge_second_layer(act, w, *_joined(act, TARGETS[kind]), decay)
    slope = against.gradient(act, a, w, *_joined(act, TARGETS[kind])).second_layer + decay[:, None] * a
    np.testing.assert_allclose(slope, 0.0, atol=1e-11)


def test_a_target_that_a_student_can_be_leaves_no_loss() -> None:
    rows = np.eye(4)[None, :2]
    target = TARGETS["quadratic"]
    act = activation("quadratic", 0)
    found = against.loss(act, np.array([[1.25, -0.5]]), target.directions, *_joined(act, target))
    assert found[0] == 0.0
    # z² − 1 = He2: two units of weights ± that differ by a constant cannot be; He2(x1) − He2(x2) can
    act = activation("quadratic", 0)
    difference = HermiteTarget((Term(Fraction(1), (2, 0)), Term(Fraction(-1), (0, 2))), rows)
    a = np.array([[1.0, -1.0]])
    assert (
        against.loss(act, a, rows, *_joined(act, difference))[0]
        <= against.loss_floor(act, a, rows, *_joined(act, difference))[0]
    )
