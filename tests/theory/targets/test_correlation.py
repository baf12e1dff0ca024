"""The correlation of student and target: from the loss and from the sums, against fifty digits."""

from typing import Any

import numpy as np
import pytest

from featlearn.theory.activations import Activation, activation
from featlearn.theory.targets import loss as against
from featlearn.theory.targets.correlation import correlation, from_loss
from featlearn.theory.targets.interface import Target
from tests.theory import exact
from tests.theory.exact import MP, number
from tests.theory.points import generic
from tests.theory.targets.examples import ROWS, every_target, exact_moment, exact_square

TARGETS = every_target()
every_kind = pytest.mark.parametrize("kind", TARGETS)
every_setting = pytest.mark.parametrize(("name", "drop"), [("relu", 0), ("relu", 3), ("abs", 2), ("erf", 0)])
WEIGHTS = np.array([[0.7, -0.4, 0.3, 0.9, -0.6, 0.2, 1.5, 1e-3, 2.0]])


def _exact(act: Activation, a: np.ndarray, w: np.ndarray, target: Target) -> Any:
    rows, name, drop = exact.rows_of(w), act.name, act.drop_hermite_below
    shared = sum(number(x) * exact_moment(name, drop, target, row) for x, row in zip(a, rows, strict=True))
    square = exact.loss_of(exact.remembered_kernel(name, drop), [number(x) for x in a], rows)
    return shared / MP.sqrt(square * exact_square(target))


def _from_loss(act: Activation, a: np.ndarray, w: np.ndarray, target: Target) -> tuple[np.ndarray, np.ndarray]:
    weights = act, a, w, a[:, :0], w[:, :0], target
    residual = 0.5 * np.sum(a * against.gradient(*weights).second_layer, -1)
    return from_loss(against.loss(*weights), residual, target.squared_norm(), against.float64_rounding(*weights))


@every_kind
@every_setting
def test_both_ways_give_the_fifty_digits(name: str, drop: int, kind: str) -> None:
    act, target, w = activation(name, drop), TARGETS[kind], ROWS[None]
    wanted = float(_exact(act, WEIGHTS[0], ROWS, target))
    assert correlation(act, WEIGHTS, w, target, target.squared_norm())[0] == pytest.approx(wanted, abs=1e-12)
    cheap, inexact = _from_loss(act, WEIGHTS, w, target)
    assert inexact[0] or cheap[0] == pytest.approx(wanted, abs=1e-11)


@every_kind
def test_what_lies_beside_the_loss_is_enough_at_usual_points_and_refused_for_small_and_for_large_functions(
    kind: str,
) -> None:
    act, target = activation("relu", 0), TARGETS[kind]
    a, w = generic(3, m=6, d=4)[:2]
    for size, enough in [(1.0, True), (0.1, True), (1e-7, False), (0.0, False), (1e9, False), (1e15, False)]:
        cheap, inexact = _from_loss(act, size * a, w, target)
        assert inexact[0] == (not enough), size
        if enough:
            assert cheap[0] == pytest.approx(float(_exact(act, a[0], w[0], target)), abs=1e-10)


@every_kind
def test_it_knows_neither_the_size_of_the_function_nor_its_company(kind: str) -> None:
    act, target = activation("relu", 0), TARGETS[kind]
    a, w = generic(3, m=6, d=4)[:2]
    whole = correlation(act, a, w, target, target.squared_norm())
    for size in (1e-9, 1e9):
        np.testing.assert_allclose(correlation(act, size * a, w, target, target.squared_norm()), whole, rtol=1e-12)
    np.testing.assert_allclose(correlation(act, -a, w, target, target.squared_norm()), -whole, rtol=1e-14)


def test_the_target_itself_has_correlation_1_and_a_function_that_is_0_has_none() -> None:
    target = TARGETS["relu"]
    act, a, w = activation("relu", 0), target.neurons[0], target.neurons[1]  # type: ignore[index]
    split_a, split_w = np.concatenate([a / 3, 2 * a / 3], -1), np.concatenate([w, w], -2)
    assert correlation(act, split_a, split_w, target, target.squared_norm())[0] == pytest.approx(1, abs=1e-14)
    for gone in (0 * a, np.concatenate([a, -a], -1)):
        rows = w if gone.shape == a.shape else split_w
        assert np.isnan(correlation(act, gone, rows, target, target.squared_norm())[0])
