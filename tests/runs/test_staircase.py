"""A staircase is learned step by step; the same monomial without the steps below it is not, in the same time."""

import numpy as np
import pytest

from featlearn import run_batch
from featlearn.config.load import load_config
from featlearn.theory.activations import activation
from featlearn.theory.degrees import losses_by_degree
from featlearn.theory.targets.formula import hermite_terms
from featlearn.theory.targets.polynomial import HermiteTarget
from tests.places import CONFIGS

STAIRCASE = CONFIGS / "staircase.yaml"
FAR = [  # so many dimensions that the leap counts, and rows of norm 1/2
    "teacher.input_dim=3000",
    "student.width=40",
    "student.init.first_layer_std=0.00913",
    "activation.name=erf",
    "stages.both.steps=2500",
    "log={points: 120, snapshots: 60}",
]


def degrees(formula: str, *overrides: str) -> tuple[np.ndarray, np.ndarray]:
    """The steps of the snapshots and the loss there by degrees."""
    config = load_config(STAIRCASE, [f"teacher.polynomial={formula}", *overrides])
    at = run_batch([config])[0].snapshots
    act = activation(config.activation.name, config.activation.drop_hermite_below)
    target = HermiteTarget(hermite_terms(formula), at.teacher_first_layer[None])
    layers = zip(at.second_layer, at.first_layer, strict=True)
    return at.steps, np.array([losses_by_degree(act, a, w, target, 5) for a, w in layers])


def halved(steps: np.ndarray, losses: np.ndarray) -> float:
    """The first snapshot at which a part of the loss is less than half of what it was."""
    return float(steps[np.argmax(losses < losses[0] / 2)]) if np.any(losses < losses[0] / 2) else np.inf


@pytest.mark.slow
def test_the_steps_of_the_staircase_fall_one_after_another() -> None:
    steps, found = degrees("x1 + x1*x2 + x1*x2*x3*x4", "stages.both.steps=4000")
    first, second, third = (halved(steps, found[:, k]) for k in (1, 2, 4))
    assert 2 * first < second
    assert 5 * second < third < np.inf
    at_second = np.searchsorted(steps, second)
    assert found[at_second, 4] > 0.95
    assert found[at_second, 1] < 0.1


@pytest.mark.slow
def test_a_leap_of_two_is_taken_while_an_isolated_leap_of_three_has_not_begun() -> None:
    steps, stairs = degrees("x1 + x1*x2*x3", *FAR)
    _, alone = degrees("x1*x2*x3", *FAR)
    assert halved(steps, stairs[:, 1]) < 50
    assert stairs[steps < 100, 3].min() > 0.99
    assert stairs[-1, 3] < 0.65
    assert alone[:, 3].min() > 0.99
