"""What the models allow at a path."""

import pytest

from featlearn.config.fields import models_at, takes_whole_numbers
from featlearn.config.model import Config
from featlearn.config.schedules import CurveSchedule, GeometricSchedule, LayerSchedules
from featlearn.config.stages import StageConfig


@pytest.mark.parametrize(
    ("path", "whole"),
    [
        ("seed", True),
        ("student.width", True),
        ("teacher.input_dim", True),
        ("stages.local.steps", True),
        ("stages.local.weight_decay.every", True),
        ("log.snapshots", True),
        ("data.samples", True),
        ("stages.local.step_size.first_layer.every", True),
        ("stages.local.step_size.first_layer", False),
        ("stages.local.weight_decay", False),
        ("stages.local.weight_decay.start", False),
        ("teacher.min_angle", False),
        ("student.init.angle", False),
        ("log.gap", False),
        ("name", False),
        ("student", False),
        ("nothing.like.it", False),
    ],
)
def test_which_keys_take_whole_numbers(path: str, whole: bool) -> None:
    assert takes_whole_numbers(tuple(path.split(".")), Config) is whole


def test_which_sections_are_at_a_path() -> None:
    assert models_at((), Config) == [Config]
    assert models_at(("stages", "any_name"), Config) == [StageConfig]
    assert models_at(("stages", "any_name", "weight_decay"), Config) == [
        GeometricSchedule,
        CurveSchedule,
        LayerSchedules,
    ]
    inside = ("stages", "any_name", "weight_decay", "first_layer")
    assert models_at(inside, Config) == [GeometricSchedule, CurveSchedule]
    assert len(models_at(("student", "init"), Config)) > 1
    assert models_at(("student", "width"), Config) == []
