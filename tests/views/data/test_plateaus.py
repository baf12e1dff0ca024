"""Plateaus are where little is lost of much for long, however the log is spaced."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.views.data.plateaus import as_floats, plateaus_of
from tests.views.data.made_up import log_spaced, made_up

EMPIRICAL, ONLINE = "data: {kind: empirical}", "data: {kind: online}"


def sigmoid(steps: np.ndarray, at: float, width: float) -> np.ndarray:
    """From 1 to 0, about a step."""
    return np.asarray(1 / (1 + np.exp(np.clip((steps - at) / width, -500, 500))))


def found(place: Path, steps: np.ndarray, left: np.ndarray, gap: bool = True, **more: Any) -> list[tuple[int, ...]]:
    """The steps of plateaus: first, last and fallen, -1 where nothing ends it."""
    table = {"step": steps, "weight_decay": np.full(len(steps), 0.01), "loss": left + 0.01, "objective": left + 0.1}
    data = made_up(place, table | ({"gap": left} if gap else {}) | more)
    assert all(plateau.column == ("gap" if gap else "loss") for plateau in plateaus_of(data))
    ends = [(p.first, p.last, p.fallen) for p in plateaus_of(data)]
    return [tuple(-1 if row is None else int(steps[row]) for row in rows) for rows in ends]


@pytest.mark.parametrize("gap", [True, False])
@pytest.mark.parametrize("scale", [1.0, 1e-6])
@pytest.mark.parametrize("spacing", ["log", "linear"])
def test_a_rest_before_a_fall_is_one(tmp_path: Path, gap: bool, scale: float, spacing: str) -> None:
    steps = log_spaced(100_000, 300) if spacing == "log" else np.linspace(0, 100_000, 500).astype(int)
    left = scale * sigmoid(steps, 50_000, 2000)
    table = {"objective": left + 0.1 * scale, "loss": left + 0.01 * scale}
    [(first, last, fallen)] = found(tmp_path, steps, left, gap, **table)
    assert first == 0
    assert 40_000 < last < 46_000  # 5 % are lost at 44 100
    assert last < fallen < 50_000  # a quarter at 47 800


@pytest.mark.parametrize("spacing", ["log", "linear"])
@pytest.mark.parametrize("gap", [True, False])
@pytest.mark.parametrize("kind", ["exponential", "power", "slow power", "line"])
def test_a_steady_descent_has_none(tmp_path: Path, kind: str, gap: bool, spacing: str) -> None:
    steps = log_spaced(100_000, 300) if spacing == "log" else np.linspace(0, 100_000, 500).astype(int)
    forms = {
        "exponential": np.exp(-steps / 20_000),
        "power": 1 / (1 + steps / 50.0),
        "slow power": (1 + steps / 50.0) ** -0.3,
        "line": 1 - steps / 110_000,
    }
    assert found(tmp_path, steps, forms[kind], gap) == []


def test_a_rest_as_short_as_the_fall_is_none(tmp_path: Path) -> None:
    steps = np.arange(0, 1000, 5)
    rests = [np.interp(steps, [0, rest, rest + 400], [1.0, 0.99, 0.0]) for rest in (150, 300)]
    assert found(tmp_path, steps, rests[0]) == []
    assert [ends[0] for ends in found(tmp_path, steps, rests[1])] == [0]


@pytest.mark.parametrize(("share", "is_one"), [(0.02, True), (0.005, False)])
def test_with_a_gap_it_needs_no_end_where_the_gap_is_a_large_part(tmp_path: Path, share: float, is_one: bool) -> None:
    steps = log_spaced(10_000, 100)
    gap = np.full(len(steps), share)
    assert found(tmp_path, steps, gap, objective=np.ones(len(steps))) == ([(0, 10_000, -1)] if is_one else [])


def test_without_a_gap_a_rest_that_nothing_ends_may_be_the_end(tmp_path: Path) -> None:
    steps = log_spaced(10_000, 100)
    assert found(tmp_path, steps, np.full(len(steps), 0.5), gap=False) == []


@pytest.mark.parametrize(("last", "is_one"), [(1200, False), (1500, True)])
def test_what_nothing_ends_is_a_quarter_of_its_stage(tmp_path: Path, last: int, is_one: bool) -> None:
    steps = np.arange(0, last + 1, 10)
    gap = np.where(steps < 1000, np.exp(-steps / 100), np.exp(-10) + 0.5)
    assert [ends[0] >= 1000 for ends in found(tmp_path, steps, gap)] == ([True] if is_one else [])


@pytest.mark.parametrize(("begin", "is_one"), [(700, False), (550, True)])
def test_a_short_rest_late_in_a_long_stage_is_none(tmp_path: Path, begin: int, is_one: bool) -> None:
    steps = np.arange(0, 1000, 5)
    gap = np.interp(steps, [0, begin, 850, 900, 1000], [100, 10, 9.9, 0.1, 0.01])
    assert [ends[0] >= begin - 50 for ends in found(tmp_path, steps, gap)] == ([True] if is_one else [])


def test_a_gap_that_only_a_smaller_decay_makes_larger_is_one_plateau(tmp_path: Path) -> None:
    steps = log_spaced(50_000, 300)
    decays = 0.01 * 0.5 ** (steps // 8000)
    left = np.where(steps < 8000, 1e-16, 0.1 * 2.0 ** (steps // 8000)) * sigmoid(steps, 30_000, 300)
    [(first, last, _)] = found(tmp_path, steps, left, weight_decay=decays)
    assert 8000 <= first < 8500
    assert 27_000 < last < 30_000


@pytest.mark.parametrize(("slope", "is_one"), [(1e-4, True), (0.03, False)])
def test_where_steps_go_to_and_fro_nothing_rests(tmp_path: Path, slope: float, is_one: bool) -> None:
    steps = log_spaced(10_000, 100)
    more: dict[str, Any] = {"grad_norm": np.full(len(steps), slope), "step_size": np.full(len(steps), 0.1)}
    assert bool(found(tmp_path, steps, np.full(len(steps), 0.1), **more)) is is_one


def test_the_noise_of_batches_does_not_end_it(tmp_path: Path) -> None:
    steps = log_spaced(100_000, 300)
    noise = 1 + 0.05 * np.random.default_rng(0).standard_normal(len(steps))
    noise *= np.where((steps > 5000) & (steps < 6000), 0.6, 1.0)  # down, and up again
    [(first, last, _)] = found(tmp_path, steps, noise * sigmoid(steps, 50_000, 1000), gap=False)
    assert first < 1000
    assert last > 40_000


def test_on_a_sample_it_is_the_training_loss_that_counts(tmp_path: Path) -> None:
    steps = log_spaced(10_000, 100)
    table = {"step": steps, "gap": np.full(len(steps), 0.5), "objective": np.ones(len(steps))}
    table |= {"loss": np.full(len(steps), 0.5), "train_loss": 0.01 + sigmoid(steps, 5000, 100)}
    [plateau] = plateaus_of(made_up(tmp_path, table, EMPIRICAL))
    assert plateau.column == "train_loss"
    assert list(plateaus_of(made_up(tmp_path, table, ONLINE))) == []  # there it is the loss, and that of a batch noise


def test_nothing_is_made_of_numbers_that_are_none(tmp_path: Path) -> None:
    steps = np.arange(60)
    gap = np.full(60, 0.1)
    gap[30] = np.nan
    gap[50:] = [np.inf, -1.0, 0.0, 1e300, -1e300, 0.1, 0.1, np.nan, np.inf, 0.1]
    assert all(last < 30 or first > 30 for first, last, _ in found(tmp_path, steps, gap))
    assert found(tmp_path, np.array([0]), np.ones(1)) == []
    assert found(tmp_path, steps, np.zeros(60)) == []


def test_of_very_many_rows_some_are_looked_at(tmp_path: Path) -> None:
    steps = np.arange(20_000)
    [(first, last, _)] = found(tmp_path, steps, sigmoid(steps, 10_000, 100))
    assert first == 0
    assert 9500 < last < 9800


def test_a_column_becomes_floats_whatever_it_holds() -> None:
    column = np.array([1, 2.5, None, "x", np.inf, 10**30, True], dtype=object)
    np.testing.assert_array_equal(as_floats(column), [1, 2.5, np.nan, np.nan, np.nan, 1e30, 1.0])
