"""Which steps of a run are logged, and which plans can go through the loop together."""

import pytest

from featlearn.training.events import Logged, Start
from featlearn.training.plan import Plan
from featlearn.training.stages import Schedule
from tests.training.examples import events_of, random_problem, stage_of


def test_logged_steps_and_snapshots_are_those_of_the_plan() -> None:
    problem, state = random_problem()
    plan = Plan.of([stage_of(steps=30), stage_of(steps=40, name="t")], 20, 6)
    events = [event for event in events_of(problem, [plan], Start(state)) if isinstance(event, Logged)]
    steps = [0, *plan.rows[0].tolist(), *(30 + plan.rows[1]).tolist()]
    assert [event.row["step"] for event in events] == steps
    stored = {0, *plan.snapshots[0].tolist(), *(30 + plan.snapshots[1]).tolist()}
    assert {event.row["step"] for event in events if event.snapshot} == stored
    assert plan.total_steps() == 70


@pytest.mark.parametrize(
    "changes", [{"step_size": Schedule(0.3)}, {"weight_decay": Schedule(0.5)}, {"stop": {"loss": 0.1}}], ids=str
)
def test_sizes_and_thresholds_may_differ_between_the_runs_of_a_batch(changes: dict[str, object]) -> None:
    assert Plan.of([stage_of(**changes)], 2, 2).shape() == Plan.of([stage_of(weight_decay=Schedule(0.1))], 2, 2).shape()


@pytest.mark.parametrize(
    "changes",
    [
        {"train": ("first_layer",)},
        {"method": "gd"},
        {"steps": 61},
        {"parameters": {"momentum": 0.8}},
        {"then": ("balance",)},
        {"constraint": "unit_rows"},
        {"loss": "correlation"},
    ],
    ids=str,
)
def test_all_else_may_not(changes: dict[str, object]) -> None:
    stage: dict[str, object] = {"method": "momentum", "weight_decay": Schedule(0.1)}
    assert Plan.of([stage_of(**stage | changes)], 2, 2).shape() != Plan.of([stage_of(**stage)], 2, 2).shape()


def test_a_default_that_is_written_out_is_no_difference() -> None:
    plans = [Plan.of([stage_of(method="momentum", parameters=p)], 5, 2) for p in ({}, {"momentum": 0.9})]
    assert plans[0].shape() == plans[1].shape()


def test_whether_there_is_a_gap_and_which_rows_are_logged_are_part_of_the_shape() -> None:
    stages = [stage_of()]
    shapes = {Plan.of(stages, 5, 2).shape(), Plan.of(stages, 6, 2).shape(), Plan.of(stages, 5, 2, gap=True).shape()}
    assert len(shapes) == 3
