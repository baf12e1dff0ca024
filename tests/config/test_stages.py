"""The stages section: what a stage of a configuration is to the training room."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from featlearn.config.stages import StageConfig, StageName
from featlearn.training.stages import Curve, Schedule, Stage, Threshold
from tests.config.broken import Broken, changed, must_be_refused

BROKEN = [
    changed("negative_step", "step_size: 0.1", "step_size: -1e-3", ("6:66", "stages.go.step_size", "at least 0")),
    changed("zero_steps", "steps: 20", "steps: 0", ("6:51", "stages.go.steps", "at least 1")),
    changed(
        "negative_stop",
        "weight_decay: 0.01",
        "stop: {gap: -1}",
        ("6:83", "stages.go.stop.gap", "at least 0"),
    ),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_broken_stage_is_refused_with_its_place_and_key(case: Broken, tmp_path: Path) -> None:
    must_be_refused(case, tmp_path)


def stage(**changes: Any) -> StageConfig:
    return StageConfig.model_validate({"train": ["second_layer"], "steps": 5, "step_size": 0.1} | changes)


def test_a_stage_is_handed_on_with_every_key() -> None:
    decay = {"start": 0.01, "factor": 0.5, "every": 3}
    config = stage(
        train=["first_layer", "second_layer"],
        method="adam",
        weight_decay=decay,
        betas=[0.8, 0.9],
        constraint="unit_rows",
        loss="correlation",
        then=["normalize_rows"],
        stop={"loss": 1e-3, "grad_norm": 1e-4},
    )
    assert config.stage("go") == Stage(
        name="go",
        train=("first_layer", "second_layer"),
        method="adam",
        steps=5,
        step_size=Schedule(0.1),
        weight_decay=Schedule(0.01, 0.5, 3),
        parameters={"betas": (0.8, 0.9)},
        constraint="unit_rows",
        loss="correlation",
        then=("normalize_rows",),
        stop={"loss": Threshold(1e-3), "grad_norm": Threshold(1e-4)},
    )


def test_a_number_is_a_schedule_that_stays() -> None:
    sizes = stage(step_size=0.25).stage("go").step_size
    assert sizes is not None
    np.testing.assert_array_equal(sizes.at(np.arange(4)), [0.25] * 4)


def test_an_exact_step_is_one_step_without_a_size() -> None:
    solved = StageConfig.model_validate({"train": ["second_layer"], "method": "ridge", "weight_decay": 0.1}).stage("go")
    assert (solved.steps, solved.step_size, solved.stop) == (1, None, {})


def test_parameters_that_are_left_out_are_written_out_for_their_method_alone() -> None:
    assert stage(method="momentum").model_dump()["momentum"] == 0.9
    assert stage(method="adam").model_dump()["betas"] == [0.9, 0.999]
    plain = stage().model_dump()
    assert (plain["momentum"], plain["betas"]) == (None, None)


@pytest.mark.parametrize("key", ["train", "then"])
def test_nothing_is_named_twice(key: str) -> None:
    value = {"train": ["second_layer"] * 2, "then": ["balance"] * 2}[key]
    with pytest.raises(ValidationError, match="names the same thing twice"):
        stage(**{key: value})


@pytest.mark.parametrize(
    "schedule",
    [
        {"start": -0.1, "factor": 0.5, "every": 1},
        {"start": 0.1, "factor": 0.0, "every": 1},
        {"start": 0.1, "factor": 0.5, "every": 0},
        {"start": 0.1, "factor": 0.5},
        [0.1],
        "0.1",
    ],
)
def test_what_is_no_schedule_is_refused(schedule: Any) -> None:
    with pytest.raises(ValidationError, match="step_size"):
        stage(step_size=schedule)


@pytest.mark.parametrize(("name", "fine"), [("go", True), ("_2-b", True), ("2go", False), ("a b", False), ("", False)])
def test_a_stage_has_a_name_that_an_override_can_spell(name: str, fine: bool) -> None:
    names = TypeAdapter[str](StageName)
    if fine:
        assert names.validate_python(name) == name
    else:
        with pytest.raises(ValidationError):
            names.validate_python(name)


def test_a_stage_may_stop_at_any_column_that_is_a_number() -> None:
    found = stage(stop={"aligned_mass": {"above": 0.99}, "mean_angle": {"below": 1.0}, "alive": 3.0}).stage("go").stop
    assert found == {
        "aligned_mass": Threshold(0.99, above=True, strictly=True),
        "mean_angle": Threshold(1.0, strictly=True),
        "alive": Threshold(3.0),
    }
    assert [found["alive"].is_met(value) for value in (2, 3, 4)] == [True, True, False]
    assert [found["mean_angle"].is_met(value) for value in (0.5, 1.0, 2.0)] == [True, False, False]
    assert [found["aligned_mass"].is_met(value) for value in (0.5, 0.99, 1.0)] == [False, False, True]


@pytest.mark.parametrize("beyond", [{}, {"above": 1.0, "below": 2.0}, {"above": -1.0}, {"at": 1.0}, "low"])
def test_a_threshold_has_one_side(beyond: object) -> None:
    with pytest.raises(ValidationError):
        stage(stop={"mean_angle": beyond})


@pytest.mark.parametrize("name", ["step", "stage", "stage_step", "seconds"])
def test_a_stage_does_not_stop_at_what_is_not_computed_from_the_weights(name: str) -> None:
    with pytest.raises(ValidationError):
        stage(stop={name: 1.0})


@pytest.mark.parametrize("kind", ["cosine", "linear", "power"])
def test_a_curve_knows_the_steps_of_its_stage(kind: Any) -> None:
    made = stage(step_size={kind: [0.1, 0.01]}, weight_decay={kind: [0.2, 0.0]}).stage("go")
    assert made.step_size == Curve(0.1, kind=kind, end=0.01, steps=5)
    assert made.weight_decay == Curve(0.2, kind=kind, end=0.0, steps=5)


@pytest.mark.parametrize(
    "schedule",
    [{"cosine": [0.1]}, {"cosine": [0.1, 0.0], "linear": [0.1, 0.0]}, {"power": [0.1, -1.0]}, {"linear": 0.1}],
)
def test_a_curve_is_one_pair_of_numbers(schedule: object) -> None:
    with pytest.raises(ValidationError):
        stage(step_size=schedule)
