"""The rules of students with biases."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from featlearn.config.load import load_config
from featlearn.config.yaml_source import ConfigError
from tests.runs.test_with_biases import STUDENT, TEACHER, config_of, stage

AXES = TEACHER | {"directions": "axes"}


@pytest.mark.parametrize(
    ("changes", "where", "says"),
    [
        ({"student": STUDENT | {"biases": {}}}, "student.biases", "missing std or constant"),
        ({"student": STUDENT | {"biases": {"std": 1.0, "constant": 1.0}}}, "student.biases", "one of std and constant"),
        ({"backend": "fused", "activation": {"name": "tanh"}}, "backend", "relu, leaky_relu and abs"),
        ({"backend": "fused", "activation": {"name": "relu", "drop_hermite_below": 1}}, "backend", "use torch"),
        ({"student": {"width": 8}, "teacher": AXES | {"biases": [0.1, 0.2]}}, "teacher.biases", "student.biases"),
        ({"teacher": AXES | {"biases": [0.1]}}, "teacher.biases", "1 entries for 2 directions"),
        ({"teacher": TEACHER | {"biases": [0.1, 0.2]}}, "teacher.biases", "explicit `directions`"),
        ({"teacher": {"input_dim": 5, "polynomial": "x1", "biases": [0.1]}}, "teacher.biases", "polynomial"),
        ({"log": {"floors": True}}, "log.floors", "without biases"),
        (stage(stop={"gap": 1e-3}), "stages.go.stop.gap", "without biases"),
        (stage(stop={"mass_error": 1e-3}), "stages.go.stop.mass_error", "student with biases"),
        ({"student": {"width": 8}}, "stages.go.train", "give student.biases"),
        (
            {"student": {"width": 8}, **stage(train=["first_layer"], then=["redraw_biases"])},
            "stages.go.then",
            "student.biases",
        ),
        (
            {
                "student": {"width": 8},
                **stage(
                    train=["first_layer", "second_layer"],
                    step_size={"first_layer": 1.0, "second_layer": 1.0, "biases": 1.0},
                ),
            },
            "stages.go.step_size.biases",
            "leave it out",
        ),
        (
            {
                "student": {
                    "init": {"kind": "explicit", "first_layer": [[1.0] * 5], "second_layer": [1.0], "biases": [1.0, 2]}
                }
            },
            "student.init.explicit.biases",
            "2 entries for 1 rows",
        ),
        (
            {
                "student": {
                    "init": {"kind": "explicit", "first_layer": [[1.0] * 5], "second_layer": [1.0], "biases": [1.0]},
                    "biases": {"std": 1.0},
                }
            },
            "student.biases",
            "leave one of them out",
        ),
    ],
)
def test_what_is_not_known_with_biases_is_refused(changes: dict[str, Any], where: str, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        config_of(**changes)
    told = {".".join(map(str, error["loc"])): error["msg"] for error in caught.value.errors()}
    assert says in told[where]


@pytest.mark.parametrize("biases", ["{}", "{std: -1.0}", "{std: 1.0, constant: 2.0}", "0.5", "{std: many}"])
def test_wrong_draws_are_one_complaint(biases: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    teacher = "{directions: axes, input_dim: 3, width: 2, output_weights: [1, -1], biases: [0.1, 0.2]}"
    file.write_text(
        f"teacher: {teacher}\nstudent: {{width: 4, biases: {biases}}}\nactivation: {{drop_hermite_below: 0}}\n"
        "stages: {go: {train: [biases], steps: 3, step_size: 0.1, then: [redraw_biases]}}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_config(file, [])
    assert [c.key.split(".")[:2] for c in caught.value.complaints] == [["student", "biases"]]


@pytest.mark.parametrize(
    ("changes", "backend"),
    [
        ({}, "fused"),
        ({"activation": {"name": "abs"}}, "fused"),
        ({"activation": {"name": "polynomial", "coefficients": [0, 1, 1, 1], "drop_hermite_below": 1}}, "fused"),
        ({"activation": {"name": "erf", "drop_hermite_below": 0}}, "fused"),
        ({"activation": {"name": "erf", "drop_hermite_below": 1}}, "torch"),
        ({"activation": {"name": "tanh", "drop_hermite_below": 0}}, "torch"),
        ({"teacher": {"input_dim": 5, "polynomial": "x1"}}, "fused"),
        ({"teacher": {"input_dim": 5, "polynomial": "x1"}, "activation": {"name": "quadratic"}}, "fused"),
        ({"teacher": TEACHER | {"activation": {"name": "abs"}}}, "torch"),
        ({"inputs": {"covariance": [1.0, 2.0, 0.5, 1.0, 3.0]}}, "torch"),
    ],
)
def test_what_is_compiled_is_taken(changes: dict[str, Any], backend: str) -> None:
    assert config_of(**changes).backend == backend
