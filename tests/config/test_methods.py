"""The keys of a stage that belong to methods, and the rules that come with a method, all from the methods' records."""

from pathlib import Path
from typing import Any

import pytest

from featlearn.config.methods import DESCRIPTIONS, keys_of_parameters, violations_of_method
from featlearn.config.schedules import CurveSchedule, LayerSchedules
from featlearn.config.stages import StageConfig
from featlearn.training.methods import METHODS, SteppedByBackend, all_parameters
from featlearn.training.operations import OPERATIONS
from featlearn.training.stages import LAYERS
from tests.config.broken import Broken, changed, must_be_refused

BROKEN = [
    changed(
        "ridge_with_steps",
        "step_size: 0.1",
        "method: ridge",
        ("6:51", "stages.go.steps", "leave it out"),
        ("6:15", "stages.go.train", "second layer alone"),
    ),
    changed(
        "lbfgs_with_step_size", "steps: 20,", "steps: 20, method: lbfgs,", ("6:81", "stages.go.step_size", "by itself")
    ),
    changed("lbfgs_without_steps", "steps: 20, step_size: 0.1", "method: lbfgs", ("6:3", "stages.go.steps", "missing")),
    changed("flow_without_time", "step_size: 0.1", "method: flow", ("6:3", "stages.go.step_size", "missing")),
    changed("typo_method", "step_size: 0.1", "method: flwo", ("6:63", "stages.go.method", "did you mean 'flow'?")),
    changed(
        "momentum_without_method",
        "weight_decay: 0.01",
        "momentum: 0.5",
        ("6:81", "stages.go.momentum", "belongs to method momentum"),
    ),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_method_with_wrong_keys_is_refused_with_its_place_and_key(case: Broken, tmp_path: Path) -> None:
    must_be_refused(case, tmp_path)


def given(**changes: Any) -> dict[str, Any]:
    """The keys of a stage as validation hands them on: None where they are not given."""
    nothing = dict.fromkeys(["steps", "step_size", "stop", "constraint", "loss", *all_parameters()])
    return nothing | {"train": ["second_layer"], "weight_decay": 0.1} | changes


def wrong(method: str, **changes: Any) -> dict[str, str]:
    """What is said of each key."""
    return {str(path[0]): text for path, text in violations_of_method(METHODS[method], given(**changes))}


@pytest.mark.parametrize("method", METHODS)
def test_the_keys_that_a_method_wants_are_enough_and_needed(method: str) -> None:
    record = METHODS[method]
    wanted: dict[str, Any] = {}
    if record.takes_steps:
        wanted["steps"] = 5
        if record.step_size is not None:
            wanted["step_size"] = 0.1
    assert wrong(method, **wanted) == {}
    for key in wanted:
        assert wrong(method, **{**wanted, key: None}) == {key: f"missing; method {method} needs it"}


@pytest.mark.parametrize("parameter", all_parameters())
@pytest.mark.parametrize("method", METHODS)
def test_a_parameter_is_allowed_for_its_own_methods_alone(method: str, parameter: str) -> None:
    own = all_parameters()[parameter] in METHODS[method].parameters
    told = wrong(method, **{parameter: 0.5})
    assert (parameter not in told) == own
    if not own:
        assert f"the method is {method}" in told[parameter]


@pytest.mark.parametrize("method", METHODS)
def test_layers_constraints_and_losses_are_for_the_methods_that_know_them(method: str) -> None:
    record, both = METHODS[method], list(LAYERS)
    by_layer = LayerSchedules(first_layer=0.1, second_layer=0.2)
    assert "weight_decay" not in wrong(method, weight_decay=by_layer)
    curved = LayerSchedules(first_layer=0.1, second_layer=CurveSchedule(linear=[0.2, 0.0]))
    assert ("weight_decay" in wrong(method, weight_decay=curved)) == (not record.takes_steps)
    assert ("step_size" in wrong(method, train=both, step_size=by_layer)) == (not isinstance(record, SteppedByBackend))
    assert "step_size" in wrong(method, train=["first_layer"], step_size=by_layer)
    known = {"gd", "momentum", "adam", "flow"}
    assert ("constraint" in wrong(method, train=both, constraint="unit_rows")) == (method not in known)
    assert "constraint" in wrong(method, train=["second_layer"], constraint="unit_rows")
    assert ("loss" in wrong(method, loss="correlation")) == (method not in known)
    assert "loss" not in wrong(method, loss="squared")


def test_an_exact_step_takes_neither_steps_nor_a_schedule() -> None:
    told = wrong("ridge", steps=3, step_size=0.1, stop={"loss": 1.0}, weight_decay={"start": 1.0})
    assert told.keys() == {"steps", "step_size", "stop", "weight_decay"}
    assert told["weight_decay"].endswith("use a number")


def test_keys_of_parameters_are_optional_and_carry_the_bounds_of_their_records() -> None:
    keys = keys_of_parameters()
    assert keys.keys() == all_parameters().keys()
    properties = StageConfig.model_json_schema()["properties"]
    for name, parameter in all_parameters().items():
        allowed, nothing = properties[name]["anyOf"]
        assert nothing == {"type": "null"}
        if isinstance(parameter.default, tuple):
            assert allowed["minItems"] == allowed["maxItems"] == len(parameter.default)
            allowed = allowed["items"]
        assert allowed["minimum"] == parameter.at_least
        assert allowed.get("exclusiveMaximum", float("inf")) == parameter.below


def test_the_descriptions_speak_of_every_method_and_operation() -> None:
    for name, method in METHODS.items():
        assert f"`{name}` {method.sentence}" in DESCRIPTIONS["method"]
        assert (name in DESCRIPTIONS["steps"].partition("(not for ")[2]) == (not method.takes_steps)
    for name, operation in OPERATIONS.items():
        assert f"`{name}`: {operation.description}" in DESCRIPTIONS["then"]
