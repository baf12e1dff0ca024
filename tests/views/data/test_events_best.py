"""How far a network is from the best one, told of made-up tables."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.views.data.events_best import (
    atoms_gained,
    atoms_lost,
    loss_as_decay_squared,
    plateau_entered,
    plateau_left,
)
from tests.views.data.made_up import log_spaced, made_up


def optimum(weight_decay: float, *teachers: int) -> dict[str, Any]:
    atoms = [{"mass": 1.0, "angle": 1.0, "teacher": k, "combination": [1.0, 0.0]} for k in teachers]
    about = {"lower": 0.0, "upper": 0.0, "certified": True, "largest_certificate": 1.0}
    return about | {"weight_decay": weight_decay, "atoms": atoms}


DECAYS = {"step": [0, 10, 20, 30, 40, 50], "weight_decay": [1.0, 0.1, 0.1, 0.05, 0.02, 0.02]}


def test_atoms_are_gained_and_lost_at_the_last_steps_of_the_decay_before(tmp_path: Path) -> None:
    optima = [optimum(1.0), optimum(0.1, 1), optimum(0.05, 1, 0, 0), optimum(0.02, 0)]
    data = made_up(tmp_path, DECAYS | {"gap": [1.0, 1e-9, 1e-10, 0.02, 0.01, 1e-3]}, optima=optima)
    [gained], [lost] = list(atoms_gained(data)), list(atoms_lost(data))
    assert (gained.step, gained.teacher, gained.mark) == (20, 0, "optimum gains w*1")
    assert gained.text == (
        "From λ = 0.05 on, the best network of any width has a neuron near teacher line w*1 (within 1.0°), where at "
        "λ = 0.1 every neuron was nearer to other lines: with λ the gap to it changes from 1e-10 to 0.02."
    )
    assert (lost.step, lost.teacher, lost.mark) == (30, 1, "optimum loses w*2")
    assert lost.text == (
        "From λ = 0.02 on, every neuron of the best network of any width is nearer to other lines than to "
        "teacher line w*2."
    )


def test_a_gap_that_does_not_double_is_not_told_and_several_lines_are_one_event(tmp_path: Path) -> None:
    optima = [optimum(0.1, 1), optimum(0.05, 0, 1, 2)]
    [gained] = atoms_gained(made_up(tmp_path, DECAYS | {"gap": [1.0, 0.1, 0.1, 0.19, 0.1, 0.1]}, optima=optima))
    assert (gained.teacher, gained.mark) == (None, "optimum gains w*1 and w*3")
    assert gained.text.endswith("w*1 and w*3 (within 1.0°), where at λ = 0.1 every neuron was nearer to other lines.")


def test_only_a_change_within_a_stage_between_known_optima_counts(tmp_path: Path) -> None:
    optima = [optimum(1.0), optimum(0.1, 1), optimum(0.05, 0), optimum(0.02, 0)]
    data = made_up(tmp_path, DECAYS | {"stage": ["a", "a", "a", "b", "b", "b"]}, optima=optima)
    assert [*atoms_gained(data), *atoms_lost(data)] == []
    assert list(atoms_gained(made_up(tmp_path, DECAYS))) == []


def test_a_plateau_is_entered_and_left(tmp_path: Path) -> None:
    steps = log_spaced(100_000, 400)
    fall = 1 / (1 + np.exp(np.clip((steps - 50_000) / 500, -500, 500)))
    table = {
        "step": steps,
        "weight_decay": np.full(len(steps), 0.01),
        "gap": 0.02 * fall,
        "objective": 0.1 + 0.02 * fall,
    }
    table |= {"grad_norm": np.full(len(steps), 1e-9), "mean_angle": 1 + 9 * fall}
    data = made_up(tmp_path, table)
    [entered], [left] = list(plateau_entered(data)), list(plateau_left(data))
    assert entered.step == 0
    assert 45_000 < left.step < 49_000
    assert entered.text.startswith(f"For the next {left.step} steps the network rests on a plateau: ")
    assert "small (norm 1e-09), though the best network's objective is 17% lower (gap 0.02)" in entered.text
    assert left.text.startswith(f"The network leaves its plateau after {left.step} steps: within ")
    assert "the mean angle of the mass to the teacher lines from 10.0° to " in left.text
    still = made_up(tmp_path, table | {"mean_angle": np.full(len(steps), 10.0)})
    assert "mean angle" not in next(plateau_left(still)).text


def test_a_plateau_that_is_not_left_and_one_without_a_gap(tmp_path: Path) -> None:
    steps = np.arange(0, 1000, 10)
    gap = np.where(steps < 200, 1.0 / (steps + 1) ** 2, 0.01)
    data = made_up(tmp_path, {"step": steps, "gap": gap, "objective": 0.1 + gap, "grad_norm": 0 * gap})
    [entered] = plateau_entered(data)
    assert (entered.step, list(plateau_left(data))) == (200, [])
    assert entered.text.startswith("For the last 790 steps of its stage the network rests on a plateau")
    loss = np.where(steps < 800, 0.5, 0.1)
    data = made_up(tmp_path, {"step": steps, "loss": loss, "weight_decay": 0 * loss})
    assert next(plateau_entered(data)).text.endswith(
        "the loss stays near 0.5, and falls by less than 5% of what it loses later."
    )
    assert "within 10 steps more the loss falls from 0.5 to 0.1" in next(plateau_left(data)).text


def test_the_decay_law_is_told_from_its_first_epoch_on(tmp_path: Path) -> None:
    decay = np.repeat(0.01 * 0.5 ** np.arange(6), 10)
    data = made_up(tmp_path, {"step": np.arange(60), "weight_decay": decay, "loss": decay**2})
    [event] = loss_as_decay_squared(data)
    assert event.step == 9
    assert "at the ends of 6 epochs it goes from 0.0001 to 9.77e-08 with λ from 0.01 to 0.000313" in event.text
    assert event.text.endswith("(exponent 2.00), as it does where only what weight decay costs is left of it.")
    table = {"step": np.arange(60), "weight_decay": decay, "loss": decay**2, "gap": 1e-3 * decay**2}
    [event] = loss_as_decay_squared(made_up(tmp_path, table))
    assert "so that only what weight decay costs is left of it" in event.text


@pytest.mark.parametrize("value", [np.nan, None, np.inf, 0.0, -1.0])
def test_nothing_fails_without_values(tmp_path: Path, value: float | None) -> None:
    for count in (1, 5):
        names = ("gap", "objective", "loss", "train_loss", "mean_angle", "grad_norm", "step_size", "weight_decay")
        data = made_up(
            tmp_path, {"step": np.arange(count)} | {name: [value] * count for name in names}, optima=[optimum(1)]
        )
        for find in (plateau_entered, plateau_left, atoms_gained, atoms_lost, loss_as_decay_squared):
            assert list(find(data)) == []
