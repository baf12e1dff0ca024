"""Reading configurations: what is accepted, and where and how everything else is refused."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from featlearn.config.build import initial_networks
from featlearn.config.load import load_config
from featlearn.config.yaml_source import ConfigError, parse_document
from featlearn.training.plan import Plan
from tests.config.broken import BROKEN, MINIMAL, Broken, write
from tests.places import CONFIGS


def complaints_of(path: Path, *overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides)
    return [str(c) for c in caught.value.complaints]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_broken_file_is_refused_with_its_place_and_key(case: Broken, tmp_path: Path) -> None:
    path = case.make(tmp_path)
    lines = complaints_of(path)
    for place, key, word in case.expected:
        assert any(line.startswith(f"{path}:{place}: {key}: ") and word in line for line in lines), lines


def test_all_errors_of_a_file_appear_at_once(tmp_path: Path) -> None:
    text = """\
name: 3
seed: true
teacher: {input_dim: 8, width: 3, rank: 2, min_angle: 70, witdh: 1}
student: {width: 5, init: {kind: symmetric}}
stages:
  one: {train: [first_layer], steps: 10, step_size: fast}
  one: {train: [first_layer], steps: 10, step_size: 0.1}
  two: {train: [second_layer], method: ridge, steps: 3, weight_decay: 0.1, stop: {gap: 1}}
log: {points: 1.5}
"""
    lines = complaints_of(write(tmp_path, text))
    keys = [line.split(": ")[1] for line in lines]
    assert keys == [
        "name",
        "seed",
        "teacher.min_angle",
        "teacher.witdh",
        "student.width",
        "stages.one.step_size",
        "stages.one",
        "stages.two.steps",
        "stages.two.stop",
        "log.points",
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1e3", 1e3),
        ("1E5", 1e5),
        ("+.5", 0.5),
        ("2.", 2.0),
        ("1_0", "1_0"),
        ("0x10", "0x10"),
        ("010", 10),
    ],
)
def test_numbers_follow_yaml_1_2(text: str, value: object) -> None:
    read = parse_document(text, "text").data
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "12:30", "2026-11-23"])
def test_words_that_yaml_1_1_takes_for_something_else_stay_text(word: str) -> None:
    assert parse_document(word, "text").data == word


def test_a_whole_float_is_a_count(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, MINIMAL), ["stages.go.steps=1e3"])
    assert config.stages["go"].steps == 1000


def test_reading_back_a_resolved_configuration_changes_nothing(tmp_path: Path) -> None:
    for path in sorted([*CONFIGS.glob("*.yaml"), *CONFIGS.glob("paper/*.yaml")]):
        config = load_config(path)
        again = load_config(write(tmp_path, config.to_yaml()))
        assert again == config
        assert again.digest() == config.digest()


def test_defaults_that_depend_on_other_keys_are_written_out(tmp_path: Path) -> None:
    text = MINIMAL + "  more: {train: [second_layer], method: momentum, steps: 1, step_size: 0.1}\n"
    text += "  last: {train: [second_layer], method: adam, steps: 1, step_size: 0.1}\n"
    config = load_config(write(tmp_path, text))
    assert config.teacher.rank == 2
    assert config.teacher.min_angle == 0.0
    assert config.stages["more"].model_dump()["momentum"] == 0.9
    assert config.stages["last"].model_dump()["betas"] == [0.9, 0.999]


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
        assert config.stages["go"].stage("go").stop == {"loss": 1e-9}

    def test_an_override_can_mend_the_file(self, tmp_path: Path) -> None:
        broken = write(tmp_path, MINIMAL.replace("width: 4", "width: 5"))
        assert load_config(broken, ["student.width=6"]).student.width == 6

    @pytest.mark.parametrize(
        ("override", "expected"),
        [
            ("student.widht=3", ":1:1: student.widht: unknown key; did you mean 'width'?"),
            ("stages.gone.steps=3", ":1:1: stages.gone.steps: there is no stage 'gone'; did you mean 'go'?"),
            ("student.width=abc", ":1:15: student.width: expected a whole number, got the text 'abc'"),
            ("student.width=", ":1:15: student.width: missing"),
            ("seed=true", ":1:6: seed: expected a whole number, got the boolean true"),
            ("seed=.nan", ":1:6: seed: expected a whole number"),
            ("log.points=[1", ":1:14: log.points: not valid YAML"),
            ("seed", ":1:1: seed: is not key.path=value"),
            ("=3", ":1:1: (empty): is not key.path=value"),
            ("seed..x=3", ":1:1: seed..x: is not key.path=value"),
            ("seed.x=3", ":1:1: seed.x: seed is the number 0, so it has no key 'x'"),
            ("student.width=!!python/object:os.system 3", ":1:15: student.width: the tag"),
            ("stages.go.steps=.inf", ":1:17: stages.go.steps: expected a whole number"),
        ],
    )
    def test_errors_follow_the_rules_of_files(self, override: str, expected: str, tmp_path: Path) -> None:
        lines = complaints_of(write(tmp_path, MINIMAL), override)
        assert [line for line in lines if line.startswith(f"--set {override}{expected}")], lines


class TestWeightFiles:
    def test_a_relative_path_starts_at_the_configuration(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "w.npz", first_layer=np.ones((4, 3)), second_layer=np.ones(4))
        text = MINIMAL.replace("{width: 4}", "{init: {kind: file, path: w.npz}}")
        config = load_config(write(tmp_path, text))
        assert config.student.init.kind == "file"
        assert config.student.init.path == str(tmp_path / "w.npz")

        np.savez(tmp_path / "w.npz", first_layer=np.zeros((4, 3)), second_layer=np.ones(4))
        resolved = write(tmp_path, config.to_yaml(), "resolved.yaml")
        assert "has changed since" in complaints_of(resolved)[0]

    def test_damaged_archives_are_named(self, tmp_path: Path) -> None:
        buffer = io.BytesIO()
        np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**6)})
        cases = {"huge.npz": buffer.getvalue(), "text.npz": b"no array at all"}
        for name, content in cases.items():
            with zipfile.ZipFile(tmp_path / name, "w") as archive:
                archive.writestr("first_layer.npy", content)
                archive.writestr("second_layer.npy", content)
        (tmp_path / "loop.npz").symlink_to("loop.npz")
        for name in [*cases, "loop.npz", "/dev/zero", "a\\0b"]:
            text = MINIMAL.replace("{width: 4}", f'{{init: {{kind: file, path: "{name}"}}}}')
            assert "student.init.path: " in complaints_of(write(tmp_path, text))[0], name


@pytest.mark.parametrize(
    "override",
    [
        "student.width=1e9",
        "teacher.input_dim=1e9",
        "teacher.width=1e5",
        "student={width: 100000}",
        'name="\\U00110000"',
        'name="\\UFFFFFFFF"',
    ],
)
def test_absurd_sizes_and_escapes_are_refused_quickly(override: str, tmp_path: Path) -> None:
    lines = complaints_of(write(tmp_path, MINIMAL.replace("input_dim: 3", "input_dim: 1e6")), override)
    assert any("--set" in line or "student.width" in line for line in lines), lines


def test_a_billion_steps_with_a_change_at_each_are_planned_quickly(tmp_path: Path) -> None:
    overrides = ["stages.go.steps=1e9", "stages.go.weight_decay={start: 1, factor: 0.5, every: 1}", "log.points=1e5"]
    config = load_config(write(tmp_path, MINIMAL), overrides)
    (rows,) = Plan.of([config.stages["go"].stage("go")], config.log.points, 10).rows
    assert len(rows) == 99_999
    assert rows[-1] == 1_000_000_000


def test_extreme_directions_are_normalised_all_the_same(tmp_path: Path) -> None:
    text = MINIMAL.replace(
        "{input_dim: 3, width: 2}", "{directions: [[3e-200, 4e-200], [3e200, 4e200]], output_weights: [1, 1]}"
    )
    teacher, _ = initial_networks(load_config(write(tmp_path, text)))
    assert teacher.first_layer == pytest.approx(np.array([[0.6, 0.8], [0.6, 0.8]]), rel=1e-15)
