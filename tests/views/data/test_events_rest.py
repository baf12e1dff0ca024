"""Where a network rests at the best one with fewer directions than the teacher, told of made-up tables."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.views.data.events_rest import rests_with_fewer, why_it_leaves, why_it_rests
from featlearn.views.data.neurons import Neurons
from featlearn.views.data.plateaus import Plateau
from featlearn.views.data.run import RunData
from tests.views.data.made_up import made_up
from tests.views.data.test_events_best import optimum

TABLE = {
    "step": [0, 10, 20, 30, 40],
    "weight_decay": [0.1] * 5,
    "objective": [1.0, 0.8, 0.6, 0.5, 0.5],
    "loss": [0.3, 0.1, 0.2, 0.3, 0.3],
    "gap": [0.5, 0.3, 0.1, 1e-4, 1e-9],
}
TWO = [optimum(0.1, 1, 2)]


def rests(place: Path, changes: dict[str, Any] | None = None, **info: Any) -> list[tuple[int, str]]:
    data = made_up(place, TABLE | (changes or {}), **({"optima": TWO} | info))
    return [(event.step, event.text) for event in rests_with_fewer(data)]


def test_a_rest_with_fewer_directions_is_told_where_the_gap_becomes_tiny(tmp_path: Path) -> None:
    assert rests(tmp_path) == [
        (
            30,
            "The network comes to rest at the best network for λ = 0.1 (gap 0.0001), which has 2 directions where the "
            "teacher has 3, and none nearest to teacher line w*1: at this λ one more would cost more weight decay than "
            "it saves loss, so that since step 10 the loss rises from 0.1 to 0.3 while the objective falls from 0.8 to "
            "0.5.",
        )
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"gap": [0.5, 0.3, 0.1, 6e-4, 6e-4]},  # not tiny: the bound is a thousandth of the objective
        {"gap": [1e-4] * 5},  # it did not become so
        {"gap": [None] * 5},
        {"weight_decay": [0.2] * 5},  # no optimum is known
    ],
)
def test_a_gap_that_is_not_tiny_was_so_before_or_is_not_known_is_no_rest(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    assert rests(tmp_path, changes) == []


def test_an_optimum_with_all_directions_or_none_is_no_such_rest(tmp_path: Path) -> None:
    assert rests(tmp_path, optima=[optimum(0.1, 0, 1, 2)]) == []
    assert rests(tmp_path, optima=[optimum(0.1)]) == []


def test_a_loss_that_does_not_rise_is_not_told_and_the_same_optimum_only_once(tmp_path: Path) -> None:
    changes = {"loss": [0.3, 0.3, 0.3, 0.3, 0.3], "weight_decay": [0.1, 0.1, 0.05, 0.05, 0.05]}
    [(step, text)] = rests(
        tmp_path, changes | {"gap": [0.5, 1e-5, 0.5, 1e-5, 1e-9]}, optima=[optimum(0.1, 1, 2), optimum(0.05, 2, 1)]
    )
    assert step == 10
    assert "rises" not in text


def on_a_plateau(place: Path, masses: list[float]) -> tuple[RunData, Plateau]:
    """Three snapshots on a plateau, with these masses near the first teacher line, and 1 near the others."""
    mass = np.array([[there, 1.0, 1.0] for there in masses])
    angle, teacher = np.ones(mass.shape), np.tile([0, 1, 2], (len(mass), 1))
    near = Neurons(
        np.array([10, 20, 30])[: len(mass)],
        angle,
        mass,
        teacher,
        np.zeros((*mass.shape, 2)),
        np.eye(3)[:, :2],
        3.0,
        True,
    )
    data = made_up(place, TABLE, optima=[optimum(0.1, 0, 1, 2)])
    return replace(data, neurons=near), Plateau(1, 3, 4, "gap")


def test_what_is_missing_on_a_plateau_is_told_and_how_it_grows(tmp_path: Path) -> None:
    at = on_a_plateau(tmp_path, [1e-9, 1e-7, 1e-4])
    assert why_it_rests(*at) == (
        "; that has a neuron of mass 1 nearest to teacher line w*1, where the network's have only 1e-09 (step 10)"
        " and, so small, next to no gradient"
    )
    assert why_it_leaves(*at) == (
        ", for the mass of the neurons nearest to teacher line w*1 has grown all the while, from 1e-09 at step 10 to "
        "0.0001 at step 30, by a factor e every 2 steps on average"
    )


@pytest.mark.parametrize("masses", [[1e-9, 1e-10, 1e-4], [1e-9, 2e-9, 9e-9], [1e-9, 1e-4]])
def test_a_mass_that_does_not_only_grow_is_no_reason(tmp_path: Path, masses: list[float]) -> None:
    at = on_a_plateau(tmp_path, masses)
    assert why_it_leaves(*at) == ""
    assert why_it_rests(*at)


def test_neurons_that_have_a_hundredth_of_the_mass_are_there(tmp_path: Path) -> None:
    at = on_a_plateau(tmp_path, [0.01, 0.1, 1.0])
    assert why_it_rests(*at) == why_it_leaves(*at) == ""
    data, plateau = on_a_plateau(tmp_path, [1e-9, 1e-7, 1e-4])
    assert why_it_rests(data, replace(plateau, column="loss")) == ""
    assert why_it_rests(replace(data, neurons=None), plateau) == ""
