"""Schedules and log rows: the values that steps use, and which steps are seen."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featlearn.training.stages import (
    LAYERS,
    ByLayer,
    Curve,
    Schedule,
    Stage,
    rows_of_stages,
    snapshot_steps,
    value_of_each,
)

PROPERTY = settings(max_examples=300, derandomize=True, deadline=None, database=None)


def test_a_schedule_multiplies_by_its_factor_every_so_many_steps() -> None:
    values = Schedule(0.02, 0.5, 4000).at(np.array([0, 3999, 4000, 7999, 8000, 31999]))
    np.testing.assert_array_equal(values, 0.02 * np.array([1, 1, 0.5, 0.5, 0.25, 0.5**7]))
    np.testing.assert_allclose(Schedule(0.3, 0.1, 1).at(np.arange(3)), [0.3, 0.03, 0.003], rtol=1e-15)


@pytest.mark.parametrize("factor", [0.1, 0.5, 0.7, 1.01])
def test_the_value_of_a_step_has_the_same_bits_however_it_is_asked_for(factor: float) -> None:
    # a chunk of the loop asks for an array, the metrics row for one number: the row shows what the step used, and a run
    # cut elsewhere takes the same steps
    schedule, steps = Schedule(0.3, factor, 3), np.arange(200)
    together = schedule.at(steps)
    for piece in (1, 7, 16):
        pieces = np.concatenate([schedule.at(steps[i : i + piece]) for i in range(0, 200, piece)])
        np.testing.assert_array_equal(pieces, together)
    np.testing.assert_array_equal([schedule.at(np.asarray(t)) for t in steps], together)
    np.testing.assert_array_equal([schedule.at(t) for t in range(200)], together)


def test_layers_may_have_their_own_values() -> None:
    both = ByLayer.of(Schedule(0.2, 0.5, 3), Curve(0.8, kind="linear", end=0.1, steps=9))
    steps = np.arange(9)
    np.testing.assert_array_equal(
        both.by_layer(steps), np.stack([both.first_layer.at(steps), both.second_layer.at(steps)], 1)
    )
    assert [both.in_layer(layer) for layer in LAYERS] == [both.first_layer, both.second_layer]
    mean = np.sqrt(both.by_layer(steps).prod(axis=1))
    np.testing.assert_array_equal(both.at(steps), mean)
    np.testing.assert_array_equal([both.at_step(t) for t in range(9)], mean)
    np.testing.assert_array_equal(both.at(4), mean[4])
    np.testing.assert_array_equal(Schedule(0.3, 0.7, 2).by_layer(steps)[:, 1], Schedule(0.3, 0.7, 2).at(steps))
    same = ByLayer.of(Schedule(0.3), Schedule(0.3))
    assert same.at_step(2) == same.start == 0.3


def test_rows_stand_where_either_layer_changes_its_value() -> None:
    both = ByLayer.of(Schedule(0.2, 0.5, 30), Schedule(0.2, 0.5, 40))
    np.testing.assert_array_equal(both.epoch_ends(100, 10), [30, 40, 60, 80, 90])
    assert both.values_at_rows(100, 50) == 6
    rows = rows_of_stages([Stage(name="s", train=LAYERS, steps=100, step_size=both)], 21)[0]
    assert {30, 40, 60, 80, 90} <= set(rows.tolist())


def test_a_part_of_the_values_of_layers_is_written_as_a_configuration_has_it() -> None:
    both = ByLayer.of(Schedule(0.2, 0.5, 30), Curve(0.4, kind="cosine", end=0.1, steps=9))
    written = "={first_layer: {start: 0.02, factor: 0.5, every: 30}, second_layer: {cosine: [0.04, 0.01]}}"
    assert both.set_to_part(10) == written
    assert ByLayer.of(Schedule(0.2), Schedule(0.3)).set_to_part(10) == "={first_layer: 0.02, second_layer: 0.03}"


def test_a_schedule_is_constant_by_default() -> None:
    np.testing.assert_array_equal(Schedule(0.7).at(np.arange(5)), 0.7)
    assert len(Schedule(0.7).epoch_ends(100, 1000)) == 0


def test_epoch_ends_are_the_changes_strictly_inside_the_stage() -> None:
    assert Schedule(1.0, 0.5, 10).epoch_ends(40, 1000).tolist() == [10, 20, 30]
    assert Schedule(1.0, 0.5, 10).epoch_ends(41, 1000).tolist() == [10, 20, 30, 40]
    assert Schedule(1.0, 0.5, 50).epoch_ends(50, 1000).tolist() == []


_schedules = st.builds(Schedule, st.just(0.1), st.sampled_from([1.0, 0.5]), st.integers(1, 700))
_stages = st.lists(
    st.builds(
        lambda steps, decay, size: Stage(
            name="s", train=("first_layer",), steps=steps, weight_decay=decay, step_size=size
        ),
        st.one_of(st.integers(1, 30), st.integers(1, 50_000)),
        _schedules,
        st.one_of(st.none(), _schedules),
    ),
    min_size=1,
    max_size=5,
)


@PROPERTY
@given(_stages, st.integers(1, 400))
def test_rows_are_sorted_distinct_end_with_the_stage_and_number_at_most_points(
    stages: list[Stage], points: int
) -> None:
    rows = rows_of_stages(stages, points)
    assert len(rows) == len(stages)
    for stage, steps in zip(stages, rows, strict=True):
        assert (np.diff(steps) > 0).all()
        assert steps[0] >= 1
        assert steps[-1] == stage.steps
    total = 1 + sum(len(steps) for steps in rows)  # one is the initial state
    # no more than asked for, unless every stage needs its last; no fewer, unless the steps run out
    assert total == min(max(points, 1 + len(stages)), 1 + sum(stage.steps for stage in stages))


@PROPERTY
@given(_stages, st.integers(1, 400))
def test_changes_of_a_schedule_are_rows_when_they_take_at_most_half(stages: list[Stage], points: int) -> None:
    for stage, steps in zip(stages, rows_of_stages(stages, points), strict=True):
        schedules = [s for s in (stage.weight_decay, stage.step_size) if s is not None]
        wanted = {int(t) for s in schedules for t in s.epoch_ends(stage.steps, 1000)} | {stage.steps}
        if 2 * len(wanted) <= len(steps):
            assert wanted <= set(steps.tolist())


def test_changes_that_would_take_more_than_half_leave_the_rows_log_spaced() -> None:
    constant = Stage(name="s", train=("first_layer",), steps=1000, weight_decay=Schedule(0.1))
    rows = [
        rows_of_stages([stage], 41)[0] for stage in (constant, replace(constant, weight_decay=Schedule(0.1, 0.9, 40)))
    ]
    np.testing.assert_array_equal(rows[0], rows[1])


@PROPERTY
@given(_stages, st.integers(1, 400), st.integers(1, 100))
def test_snapshots_are_some_of_the_rows_and_hold_each_last_one(
    stages: list[Stage], points: int, snapshots: int
) -> None:
    rows = rows_of_stages(stages, points)
    chosen = snapshot_steps(rows, stages, snapshots)
    for steps, some in zip(rows, chosen, strict=True):
        assert set(some.tolist()) <= set(steps.tolist())
        assert (np.diff(some) > 0).all()
        assert some[-1] == steps[-1]
    assert 1 + sum(len(some) for some in chosen) <= max(snapshots, 1 + len(stages))


def test_the_reference_stages_log_their_first_steps_and_every_halving() -> None:
    stages = [
        Stage(name="first_step", train=("first_layer",), step_size=Schedule(1.0), weight_decay=Schedule(1.0)),
        Stage(name="second_layer", train=("second_layer",), method="ridge", weight_decay=Schedule(0.02)),
        Stage(
            name="local",
            train=("first_layer", "second_layer"),
            steps=32000,
            step_size=Schedule(0.2),
            weight_decay=Schedule(0.02, 0.5, 4000),
        ),
    ]
    rows = rows_of_stages(stages, 300)
    assert [len(r) for r in rows] == [1, 1, 297]
    assert rows[2][:5].tolist() == [1, 2, 3, 4, 5]
    assert set(range(4000, 32001, 4000)) <= set(rows[2].tolist())


@pytest.mark.parametrize(("steps", "points"), [(100_000, 50), (1000, 200), (32_000, 300)])
def test_rows_are_log_spaced(steps: int, points: int) -> None:
    stage = Stage(name="s", train=("first_layer",), steps=steps, step_size=Schedule(0.1))
    rows = rows_of_stages([stage], points)[0]
    late = np.log(rows[-points // 3 :])  # the early ones are as dense as integers can be
    gaps = np.diff(late)
    assert gaps.max() < 1.3 * gaps.min()


def test_runs_that_share_a_schedule_are_asked_for_its_values_once() -> None:
    one, other = Schedule.shared(0.5, 0.5, 2), Schedule.shared(0.1)
    assert Schedule.shared(0.5, 0.5, 2) is one
    assert (one, other) == (Schedule(0.5, 0.5, 2), Schedule(0.1))
    asked: list[Schedule] = []

    def value(schedule: Schedule) -> np.ndarray:
        asked.append(schedule)
        return schedule.at(np.arange(3))

    assert value_of_each([one, other, one], value).tolist() == [[0.5, 0.5, 0.25], [0.1] * 3, [0.5, 0.5, 0.25]]
    assert asked == [one, other]
    assert value_of_each([other, one], lambda schedule: schedule.at_step(2)).tolist() == [0.1, 0.25]


@pytest.mark.parametrize(
    ("kind", "formula"),
    [
        ("linear", lambda t: 0.4 + (0.1 - 0.4) * t / 8),
        ("cosine", lambda t: 0.1 + 0.15 * (1 + np.cos(np.pi * t / 8))),
        ("power", lambda t: 0.4 * (t + 1) ** -0.1),
    ],
)
def test_a_curve_is_its_formula_at_every_step_however_it_is_asked(
    kind: Any, formula: Callable[[np.ndarray], np.ndarray]
) -> None:
    curve, steps = Curve(0.4, kind=kind, end=0.1, steps=9), np.arange(9)
    np.testing.assert_allclose(curve.at(steps), formula(steps), rtol=1e-14)
    assert [curve.at_step(t) for t in range(9)] == curve.at(steps).tolist() == [float(curve.at(t)) for t in range(9)]
    assert curve.at(steps[:8].reshape(2, 4)).shape == (2, 4)
    assert curve.at_step(0) == 0.4
    if kind != "power":
        assert curve.at_step(8) == 0.1
    assert Curve(0.4, kind=kind, end=0.1, steps=1).at_step(0) == 0.4
    assert curve != Curve(0.4, kind=kind, end=0.2, steps=9)
