"""The configuration as a whole: rules between sections, completeness, and its digest."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.training.methods import METHODS
from tests.config.broken import MINIMAL, Broken, changed, must_be_refused, write
from tests.places import CONFIGS

BROKEN = [
    changed(
        "balance_of_erf",
        "weight_decay: 0.01}",
        "then: [balance]}\nactivation: {name: erf}",
        ("6:77", "stages.go.then", "not homogeneous"),
    ),
    changed(
        "wrong_dimension",
        "{width: 4}",
        "{init: {kind: explicit, first_layer: [[1, 2]], second_layer: [1]}}",
        ("4:47", "student.init.first_layer", "2 entries"),
    ),
    changed("fused_float32", "seed: 0", "backend: fused\nprecision: float32", ("2:10", "backend", "float64")),
    changed("typo_backend", "seed: 0", "backend: fussed", ("2:10", "backend", "did you mean 'fused'?")),
    changed(
        "fused_samples",
        "seed: 0",
        "backend: fused\ndata: {kind: empirical, samples: 10}",
        ("2:10", "backend", "computes on population data"),
    ),
    Broken(
        "online_ridge",
        lambda d: write(
            d,
            MINIMAL.replace("seed: 0", "data: {kind: online, batch_size: 4}")
            + "  solve: {train: [second_layer], method: ridge, weight_decay: 0.1}\n",
        ),
        [("7:42", "stages.solve.method", "needs a fixed loss")],
    ),
    Broken(
        "online_limits",
        lambda d: write(
            d,
            MINIMAL.replace("seed: 0", "data: {kind: online, batch_size: 4}")
            + "  one: {train: [second_layer], method: lbfgs, steps: 5}\n"
            + "  two: {train: [second_layer], method: flow, steps: 5, step_size: 1}\n",
        ),
        [
            ("7:40", "stages.one.method", "lbfgs needs a fixed loss"),
            ("8:40", "stages.two.method", "flow needs a fixed loss"),
        ],
    ),
    changed(
        "too_many_samples",
        "seed: 0",
        "data: {kind: empirical, samples: 1e9}",
        ("2:34", "data.samples", "500000000 numbers"),
    ),
    changed(
        "too_large_a_batch", "seed: 0", "data: {kind: online, batch_size: 1e9}", ("2:34", "data.batch_size", "numbers")
    ),
    changed(
        "fresh_sample_of_the_population",
        "weight_decay: 0.01",
        "weight_decay: 0, sample: fresh",
        ("6:96", "stages.go.sample", "is for a fixed sample, and the data are population"),
    ),
    Broken(
        "fresh_sample_of_a_stream",
        lambda d: write(
            d,
            MINIMAL.replace("seed: 0", "data: {kind: online, batch_size: 4}").replace(
                "steps: 20", "sample: fresh, steps: 20"
            ),
        ),
        [("6:52", "stages.go.sample", "is for a fixed sample, and the data are online")],
    ),
    Broken(
        "fresh_sample_of_ones_own",
        lambda d: write(
            d,
            MINIMAL.replace("seed: 0", "data: {kind: empirical, path: own.csv}").replace(
                "steps: 20", "sample: fresh, steps: 20"
            ),
        ),
        [("6:52", "stages.go.sample", "the data come from `data.path`")],
    ),
    changed(
        "gap_without_decay",
        "weight_decay: 0.01",
        "weight_decay: 0, stop: {gap: 1e-9}",
        ("6:100", "stages.go.stop.gap", "no gap without weight decay"),
    ),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_sections_that_contradict_each_other_are_refused_with_place_and_key(case: Broken, tmp_path: Path) -> None:
    must_be_refused(case, tmp_path)


def minimal(**changes: Any) -> Config:
    return Config.model_validate(yaml.safe_load(MINIMAL) | changes)


def refusal(**changes: Any) -> list[str]:
    """The keys that are complained of."""
    with pytest.raises(ValidationError) as caught:
        minimal(**changes)
    return [".".join(map(str, error["loc"])) for error in caught.value.errors()]


STAGE: dict[str, Any] = {"train": ["second_layer"], "steps": 2, "step_size": 0.1}
HE3 = {"input_dim": 3, "polynomial": "He3(x1)"}
QUADRATIC = {"input_dim": 3, "width": 2, "activation": {"name": "quadratic"}}
NEAR = {"kind": "near_teacher", "angle": 5.0}


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"name": "two\nlines"}, ["name"]),
        ({"name": "\x1b[31mred"}, ["name"]),
        ({"backend": "fused", "device": "cuda"}, ["backend"]),
        (
            {"data": {"kind": "empirical", "samples": 9}, "activation": {"drop_hermite_below": 3}},
            ["activation.drop_hermite_below"],
        ),
        ({"teacher": HE3, "log": {"floors": True}}, ["log.floors"]),
        ({"teacher": HE3, "student": {"width": 4, "init": NEAR}}, ["student.init.kind"]),
        (
            {"teacher": HE3, "stages": {"go": STAGE | {"weight_decay": 0.1, "stop": {"gap": 0.1}}}},
            ["stages.go.stop.gap"],
        ),
        ({"teacher": QUADRATIC, "activation": {"drop_hermite_below": 4}}, ["teacher.activation.name"]),
        ({"teacher": QUADRATIC, "backend": "fused"}, ["backend"]),
        ({"student": {"width": 1, "init": NEAR}}, ["student.width"]),
        ({"teacher": {"input_dim": 1, "width": 2}, "student": {"width": 4, "init": NEAR}}, ["student.init.angle"]),
        ({"teacher": {"input_dim": 10_000_000, "width": 2}, "student": {"width": 100}}, ["student.width"]),
        (
            {"student": {"width": 4, "output_scale": 2.0}, "stages": {"go": STAGE | {"method": "adam"}}},
            ["stages.go.method"],
        ),
        (
            {"stages": {"go": STAGE | {"weight_decay": 0.1, "stop": {"gap": 0.1}}}, "log": {"gap": False}},
            ["stages.go.stop.gap"],
        ),
    ],
)
def test_other_contradictions_are_refused_too(changes: dict[str, Any], keys: list[str]) -> None:
    assert refusal(**changes) == keys


# --- completeness -------------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_validated_configuration_is_complete_and_validates_to_itself(file: Path) -> None:
    config = load_config(file)
    assert "auto" not in (config.backend, config.device)
    for stage in config.stages.values():
        for parameter in METHODS[stage.method].parameters:
            assert getattr(stage, parameter.name) is not None
    teacher = config.teacher  # data of one's own need none
    random = teacher is not None and teacher.directions is None and teacher.polynomial is None
    assert teacher is None or not random or None not in (teacher.rank, teacher.min_angle)
    assert Config.model_validate(config.model_dump()) == config


def test_defaults_that_depend_on_other_keys_are_written_out(tmp_path: Path) -> None:
    text = MINIMAL + "  more: {train: [second_layer], method: momentum, steps: 1, step_size: 0.1}\n"
    text += "  last: {train: [second_layer], method: adam, steps: 1, step_size: 0.1}\n"
    config = load_config(write(tmp_path, text))
    assert config.teacher is not None
    assert config.teacher.rank == 2
    assert config.teacher.min_angle == 0.0
    assert config.stages["more"].model_dump()["momentum"] == 0.9
    assert config.stages["last"].model_dump()["betas"] == [0.9, 0.999]
    for written in ("rank: 2", "min_angle: 0.0", "momentum: 0.9", "betas: [0.9, 0.999]", "backend: fused"):
        assert written in config.to_yaml()


@pytest.mark.parametrize(
    ("changes", "backend", "device"),
    [
        ({}, "fused", "cpu"),
        ({"precision": "float32"}, "torch", "cpu"),
        ({"device": "cuda"}, "torch", "cuda"),
        ({"data": {"kind": "online", "batch_size": 4}}, "torch", "cpu"),
        ({"data": {"kind": "empirical", "samples": 4}}, "torch", "cpu"),
        ({"stages": {"go": STAGE | {"method": "flow"}}}, "fused", "cpu"),
        ({"backend": "torch"}, "torch", "cpu"),
        ({"teacher": HE3}, "fused", "cpu"),
        ({"teacher": QUADRATIC}, "torch", "cpu"),
        ({"activation": {"name": "erf", "drop_hermite_below": 5}}, "fused", "cpu"),
    ],
)
def test_the_backend_and_the_device_are_chosen(changes: dict[str, Any], backend: str, device: str) -> None:
    config = minimal(**changes)
    assert (config.backend, config.device) == (backend, device)


# --- the digest ---------------------------------------------------------------------------------

# What the code of version 0.1.0 (revision 36db460) computes for a run of configs/quickstart.yaml. A run of that version
# can only be resumed, and a point of a sweep only be recognised, while this version computes the same.
QUICKSTART_IN_0_1_0 = "979d5d"


def test_the_digest_is_that_of_version_0_1_0() -> None:
    config = load_config(CONFIGS / "quickstart.yaml")
    assert config.digest() == QUICKSTART_IN_0_1_0
    with_floors = config.model_copy(update={"log": config.log.model_copy(update={"floors": True})})
    assert with_floors.digest() == QUICKSTART_IN_0_1_0
    with_curvature = config.model_copy(update={"log": config.log.model_copy(update={"curvature": True})})
    assert with_curvature.digest() == QUICKSTART_IN_0_1_0


def test_the_digest_depends_on_what_is_said_and_not_on_how() -> None:
    config = minimal()
    written_out = minimal(
        teacher={"width": 2, "input_dim": 3, "rank": 2, "min_angle": 0.0},
        student={"init": {"kind": "symmetric"}, "width": 4},
        backend="fused",
        device="cpu",
    )
    assert written_out == config
    assert written_out.digest() == config.digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"name": "other"},
        {"backend": "torch"},
        {"student": {"width": 6}},
        {"student": {"width": 4, "output_scale": 1.0}},
        {"log": {"points": 299}},
        {"activation": {"name": "erf"}},
        {"stages": {"renamed": yaml.safe_load(MINIMAL)["stages"]["go"]}},
    ],
)
def test_any_change_changes_the_digest(changes: dict[str, Any]) -> None:
    assert minimal(**changes).digest() != minimal().digest()
