"""Values of step sizes and weight decays: for both layers or for each, as they are written and as stages take them."""

from typing import Any

import pytest
from pydantic import ValidationError

from featlearn.config.stages import StageConfig
from featlearn.training.stages import ByLayer, Curve, Schedule


def stage(**changes: Any) -> StageConfig:
    plain = {"train": ["first_layer", "second_layer"], "steps": 5, "step_size": 0.1}
    return StageConfig.model_validate(plain | changes)


def test_each_layer_may_have_any_schedule() -> None:
    made = stage(
        step_size={"first_layer": {"linear": [0.1, 0.0]}, "second_layer": 0.5},
        weight_decay={"first_layer": {"start": 0.1, "factor": 0.5, "every": 2}, "second_layer": {"power": [1.0, 2.0]}},
    ).stage("go")
    assert made.step_size == ByLayer.of(Curve(0.1, kind="linear", end=0.0, steps=5), Schedule(0.5))
    assert made.weight_decay == ByLayer.of(Schedule(0.1, 0.5, 2), Curve(1.0, kind="power", end=2.0, steps=5))


@pytest.mark.parametrize(
    "value",
    [
        {"first_layer": 0.1},
        {"second_layer": 0.1},
        {"first_layer": 0.1, "second_layer": -0.1},
        {"first_layer": 0.1, "second_layer": {"first_layer": 0.1, "second_layer": 0.1}},
        {"first_layer": 0.1, "second_layer": {"cosine": [1.0]}},
        {"first_layer": 0.1, "second_layer": 0.1, "start": 0.1},
    ],
)
@pytest.mark.parametrize("key", ["step_size", "weight_decay"])
def test_both_layers_are_named_each_with_a_value(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        stage(**{key: value})
