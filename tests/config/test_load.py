"""Reading configurations: what is accepted, what overrides may do, and how files are pinned down."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.config.data import EmpiricalData
from featlearn.config.load import load_config, no_such_place
from featlearn.config.yaml_source import ConfigError
from featlearn.storage.errors import Caution
from featlearn.training.plan import Plan
from featlearn.training.stages import Threshold
from tests.config.broken import MINIMAL, Broken, complaints_of, must_be_refused, whole, write
from tests.places import CONFIGS, PAPER

BROKEN = [
    whole("empty", "", ("1:1", "(top level)", "is empty")),
    whole("only_comments", "# nothing\n", ("1:1", "(top level)", "is empty")),
    whole("a_list", "- 1\n- 2\n", ("1:1", "(top level)", "expected a mapping, got a list")),
    whole("a_scalar", "hello", ("1:1", "(top level)", "expected a mapping")),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_what_is_no_mapping_is_refused(case: Broken, tmp_path: Path) -> None:
    must_be_refused(case, tmp_path)


def test_a_sweep_file_is_told_from_a_configuration(tmp_path: Path) -> None:
    (line,) = complaints_of(write(tmp_path, "seeds: 2\nbase: base.yaml\n"))
    assert ":2:1: base: is a key of a sweep file, as `featlearn sweep` takes it" in line


def test_a_teacher_that_is_not_found_is_told_at_its_angle(tmp_path: Path) -> None:
    """Three lines in the plane are 60 degrees apart in one way alone, which no draw hits."""
    path = write(tmp_path, MINIMAL.replace("width: 2}", "width: 3, rank: 2, min_angle: 60}"))
    (line,) = complaints_of(path)
    assert line.startswith(f"{path}:3:55: teacher.min_angle: no 3 lines in 2 dimensions that are 60 degrees apart")


def test_a_whole_float_is_a_count(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, MINIMAL), ["stages.go.steps=1e3"])
    assert config.stages["go"].steps == 1000


def test_reading_back_a_resolved_configuration_changes_nothing(tmp_path: Path) -> None:
    for path in sorted([*CONFIGS.glob("*.yaml"), *PAPER.glob("configs/*.yaml")]):
        config = load_config(path)
        again = load_config(write(tmp_path, config.to_yaml()))
        assert again == config
        assert again.digest() == config.digest()


class TestOverrides:
    def test_replace_add_and_nest(self, tmp_path: Path) -> None:
        overrides = [
            "seed=7",
            "stages.go.weight_decay={start: 1e-2, factor: 0.5, every: 3}",
            "stages.go.weight_decay.every=4",
            "stages.go.stop.loss=1e-9",
        ]
        config = load_config(write(tmp_path, MINIMAL), overrides)
        assert config.seed == 7
        decay = config.stages["go"].stage("go").weight_decay
        assert (decay.start, decay.factor, decay.every) == (0.01, 0.5, 4)
        assert config.stages["go"].stage("go").stop == {"loss": Threshold(1e-9)}

    @pytest.mark.parametrize(
        "value", [7, "a # b: {c}", 1e-300, True, None, ["first_layer"], {"start": 0.1, "factor": 1.0}]
    )
    def test_a_mapping_gives_values_as_they_are(self, value: object, tmp_path: Path) -> None:
        path = write(tmp_path, MINIMAL)
        for key in ("seed", "name", "stages.go.step_size", "stages.go.train"):
            found: list[object] = []
            for overrides in ({key: value}, [f"{key}={json.dumps(value)}"]):
                try:
                    found.append(load_config(path, overrides))
                except ConfigError as error:
                    found.append(str(error))
            assert found[0] == found[1]
        assert load_config(path, {"student.width": 6, "name": "a # b"}).name == "a # b"

    @pytest.mark.parametrize("overrides", ["seed=7", [("seed", 7)], {"seed": {7}}])
    def test_what_is_neither_texts_nor_a_mapping_is_refused(self, overrides: Any, tmp_path: Path) -> None:
        with pytest.raises(TypeError):
            load_config(write(tmp_path, MINIMAL), overrides)

    def test_an_override_can_mend_the_file(self, tmp_path: Path) -> None:
        broken = write(tmp_path, MINIMAL.replace("width: 4", "width: 5"))
        assert load_config(broken, ["student.width=6"]).student.width == 6

    @pytest.mark.parametrize(
        ("override", "expected"),
        [
            ("student.widht=3", ": student.widht: unknown key; did you mean 'width'?"),
            ("stages.gone.steps=3", ": stages.gone.steps: there is no stage 'gone'; did you mean 'go'?"),
            ("student.width=abc", ": student.width: expected a whole number, got the text 'abc'"),
            ("student.width=", ": student.width: missing"),
            ("seed=true", ": seed: expected a whole number, got the boolean true"),
            ("seed=.nan", ": seed: expected a whole number"),
            ("log.points=[1", ": log.points: not valid YAML"),
            ("seed", ": seed: is not key.path=value"),
            ("=3", ": (empty): is not key.path=value"),
            ("seed..x=3", ": seed..x: is not key.path=value"),
            ("seed.x=3", ": seed.x: seed is the number 0, so it has no key 'x'"),
            ("student.width=!!python/object:os.system 3", ": student.width: the tag"),
            ("stages.go.steps=.inf", ": stages.go.steps: expected a whole number"),
        ],
    )
    def test_errors_follow_the_rules_of_files(self, override: str, expected: str, tmp_path: Path) -> None:
        lines = complaints_of(write(tmp_path, MINIMAL), override)
        assert [line for line in lines if line.startswith(f"--set {override}{expected}")], lines


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (("student", "init", "kind"), None),
        (("stages", "go", "steps"), None),
        (("stages", "new"), None),
        (("new", "deep"), None),
        (("stages", "gone", "steps"), "there is no stage 'gone'; did you mean 'go'? the stages are: go"),
        (
            ("student", "width", "x"),
            "student.width is the number 4, so it has no key 'x'; set student.width as a whole",
        ),
        (
            ("stages", "go", "train", "x"),
            "stages.go.train is a list, so it has no key 'x'; set stages.go.train as a whole",
        ),
    ],
)
def test_a_value_can_be_put_where_a_mapping_is_or_nothing(path: tuple[str, ...], problem: str | None) -> None:
    data = {"student": {"width": 4}, "stages": {"go": {"train": ["first_layer"]}}}
    assert no_such_place(data, path) == problem


class TestPinnedFiles:
    TEXT = MINIMAL.replace("{width: 4}", "{init: {kind: file, path: w.npz}}")

    @pytest.fixture(autouse=True)
    def weights(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "w.npz", first_layer=np.ones((4, 3)), second_layer=np.ones(4))

    def test_a_relative_path_starts_at_the_configuration(self, tmp_path: Path) -> None:
        config = load_config(write(tmp_path, self.TEXT))
        assert config.student.init.kind == "file"
        assert config.student.init.path == str(tmp_path / "w.npz")

        np.savez(tmp_path / "w.npz", first_layer=np.zeros((4, 3)), second_layer=np.ones(4))
        resolved = write(tmp_path, config.to_yaml(), "resolved.yaml")
        assert "has changed since" in complaints_of(resolved)[0]

    def test_a_resolved_configuration_can_be_moved(self, tmp_path: Path) -> None:
        config = load_config(write(tmp_path, self.TEXT))
        elsewhere = tmp_path / "else" / "where"
        elsewhere.mkdir(parents=True)
        assert load_config(write(elsewhere, config.to_yaml())) == config

    def test_data_of_ones_own_are_pinned_too(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "own.npz", inputs=np.ones((2, 3)), labels=np.ones(2))
        text = MINIMAL.replace("seed: 0", "data: {kind: empirical, path: own.npz}")
        data = load_config(write(tmp_path, text)).data
        assert isinstance(data, EmpiricalData)
        assert data.path == str(tmp_path / "own.npz")
        assert data.sha256 is not None


@pytest.mark.parametrize(
    "override",
    [
        "student.width=1e9",
        "teacher.input_dim=1e9",
        "teacher.width=1e5",
        "student={width: 100000}",
    ],
)
def test_absurd_sizes_are_refused(override: str, tmp_path: Path) -> None:
    lines = complaints_of(write(tmp_path, MINIMAL.replace("input_dim: 3", "input_dim: 1e6")), override)
    assert any("--set" in line or "student.width" in line for line in lines), lines


def test_a_billion_steps_with_a_change_at_each_are_planned(tmp_path: Path) -> None:
    overrides = ["stages.go.steps=1e9", "stages.go.weight_decay={start: 1, factor: 0.5, every: 1}", "log.points=1e5"]
    config = load_config(write(tmp_path, MINIMAL), overrides)
    (rows,) = Plan.of([config.stages["go"].stage("go")], config.log.points, 10).rows
    assert len(rows) == 99_999
    assert rows[-1] == 1_000_000_000


def test_a_small_output_scale_is_told_from_a_factor_in_front(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL)
    load_config(path, ["student.output_scale=1"])
    with pytest.warns(
        Caution,
        match=r"^--set student.output_scale=0.25: student.output_scale 0.25 is the α .* α² = 0.0625; it is no factor",
    ):
        assert load_config(path, ["student.output_scale=0.25"]).student.output_scale == 0.25


def test_parts_of_a_polynomial_that_no_student_reaches_are_warned_of(tmp_path: Path) -> None:
    path, teacher = write(tmp_path, MINIMAL), "teacher={input_dim: 3, polynomial: x1 + x1*x2 + x1*x2*x3}"
    with pytest.warns(
        Caution,
        match=r"^--set teacher=.*\}: teacher.polynomial has parts of degree 1, 3, which neurons of relu with "
        "drop_hermite_below 2 do not have",
    ):
        load_config(path, [teacher])
    with pytest.warns(Caution, match="parts of degree 2, which neurons of erf"):
        load_config(path, [teacher, "activation={name: erf, drop_hermite_below: 0}"])
    load_config(path, ["teacher={input_dim: 3, polynomial: He3(x1)}", "activation={name: erf}"])
