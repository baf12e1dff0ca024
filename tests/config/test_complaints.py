"""From what pydantic finds to complaints: places in the file, words that help, and no fault that hides another."""

from pathlib import Path
from typing import Any

import pytest

from featlearn.config.complaints import did_you_mean, kind_of
from tests.config.broken import MINIMAL, Broken, changed, complaints_of, must_be_refused, write

BROKEN = [
    changed("typo_top", "name: minimal", "nmae: minimal", ("1:1", "nmae", "did you mean 'name'?")),
    changed("typo_teacher", "input_dim", "inputdim", ("3:11", "teacher.inputdim", "did you mean 'input_dim'?")),
    changed(
        "typo_student",
        "{width: 4}",
        "{widht: 4}",
        ("4:11", "student.widht", "'width'"),
        ("4:1", "student.width", "missing"),
    ),
    changed(
        "typo_init",
        "{width: 4}",
        "{width: 4, init: {kind: gaussian, first_std: 1}}",
        ("4:44", "student.init.first_std", "did you mean 'first_layer_std'?"),
        ("4:21", "student.init.first_layer_std", "missing"),
    ),
    changed(
        "typo_kind",
        "{width: 4}",
        "{width: 4, init: {kind: gausian}}",
        ("4:34", "student.init.kind", "did you mean 'gaussian'?"),
    ),
    changed(
        "typo_stage",
        "step_size",
        "stepsize",
        ("6:55", "stages.go.stepsize", "'step_size'"),
        ("6:3", "stages.go.step_size", "missing"),
    ),
    changed(
        "typo_schedule",
        "weight_decay: 0.01",
        "weight_decay: {start: 1, factor: 0.5, evry: 2}",
        ("6:109", "stages.go.weight_decay.evry", "did you mean 'every'?"),
    ),
    changed("typo_value", "first_layer,", "first_layr,", ("6:16", "stages.go.train[0]", "did you mean 'first_layer'?")),
    changed("number_for_text", "minimal", "3", ("1:7", "name", "expected text")),
    changed(
        "text_for_number", "step_size: 0.1", "step_size: fast", ("6:66", "stages.go.step_size", "expected a number")
    ),
    changed("float_for_integer", "seed: 0", "seed: 0.5", ("2:7", "seed", "expected a whole number")),
    changed("boolean_for_integer", "seed: 0", "seed: true", ("2:7", "seed", "boolean true")),
    changed("boolean_for_number", "step_size: 0.1", "step_size: true", ("6:66", "stages.go.step_size", "boolean true")),
    changed("quoted_number", "seed: 0", "seed: '0'", ("2:7", "seed", "the text '0'")),
    changed("list_for_mapping", "{width: 4}", "[4]", ("4:10", "student", "expected a mapping, got a list")),
    changed(
        "mapping_for_list",
        "[first_layer, second_layer]",
        "{first_layer: 1}",
        ("6:15", "stages.go.train", "expected a list"),
    ),
    changed("null_for_mapping", "{width: 4}", "", ("4:9", "student", "expected a mapping, got nothing")),
    changed("nan", "step_size: 0.1", "step_size: .nan", ("6:66", "stages.go.step_size", "NaN")),
    changed("infinity", "step_size: 0.1", "step_size: 1e999", ("6:66", "stages.go.step_size", "infinity")),
    changed("stage_name_with_dot", "  go:", "  g.o:", ("6:3", "stages.g.o", "is not a name")),
    changed(
        "no_stages",
        "  go: {train: [first_layer, second_layer], steps: 20, step_size: 0.1, weight_decay: 0.01}",
        "  {}",
        ("6:3", "stages", "at least 1"),
    ),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_typo_or_a_wrong_type_is_told_with_its_place_and_key(case: Broken, tmp_path: Path) -> None:
    must_be_refused(case, tmp_path)


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


def keys_told(directory: Path, old: str, new: str) -> list[str]:
    """The keys that are complained of when one piece of the minimal configuration is replaced, in order."""
    assert MINIMAL.count(old) == 1
    return [line.split(": ")[1] for line in complaints_of(write(directory, MINIMAL.replace(old, new)))]


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        # a key that is wrong in itself hides no rule between the others
        ("{width: 4}", "{width: 5, initt: 3}", ["student.width", "student.initt"]),
        ("width: 2}", "width: 2, rank: 3, rnak: 1}", ["teacher.rank", "teacher.rnak"]),
        ("{width: 4}", "{width: 4, kind: gaussian}", ["student.kind"]),
        ("{width: 4}", "{width: 4, kind: gaussian, std: 1}", ["student.kind", "student.std"]),
        ("steps: 20, step_size: 0.1", "steps: x, method: ridge, step_size: 0.1", None),
        # and no rule is broken by its absence alone
        ("input_dim: 3", "input_dim: three", ["teacher.input_dim"]),
        ("width: 4", "width: four", ["student.width"]),
        ("{input_dim: 3, width: 2}", "{directions: 3}", ["teacher.directions"]),
        ("steps: 20", "steps: many", ["stages.go.steps"]),
        (
            "seed: 0",
            "data: {kind: empirical, samples: 5, batch_size: 6, with_replacement: true}",
            ["data.batch_size"],
        ),
        (
            "seed: 0",
            "backend: fused\ndata: {kind: empirical, samples: 5, batch_size: 6, with_replacement: true}",
            ["backend", "data.batch_size"],
        ),
        ("[first_layer, second_layer]", "[first_layr, second_layer]", ["stages.go.train[0]"]),
        (
            "{input_dim: 3, width: 2}",
            "{directions: [[1, 0, 0], [0, x, 1]], output_weights: [1, 1]}",
            ["teacher.directions[1][1]"],
        ),
    ],
)
def test_nothing_is_hidden_and_nothing_follows(old: str, new: str, keys: list[str] | None, tmp_path: Path) -> None:
    told = keys_told(tmp_path, old, new)
    if keys is None:
        assert {"stages.go.steps", "stages.go.step_size", "stages.go.train"} <= set(told)
        assert len(told) == len(set(told))
    else:
        assert told == keys


def test_the_keys_of_a_kind_that_is_not_known_are_not_judged(tmp_path: Path) -> None:
    new = "{width: 4, init: {first_layer_std: 1}}"
    (line,) = complaints_of(write(tmp_path, MINIMAL.replace("{width: 4}", new)))
    assert line.endswith("student.init: has no `kind`, which says what it is")


def test_a_missing_key_is_described(tmp_path: Path) -> None:
    (line,) = complaints_of(write(tmp_path, MINIMAL.replace("train: [first_layer, second_layer], ", "")))
    assert "stages.go.train: missing (the layers that move: `first_layer`, `second_layer`" in line


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    (line,) = complaints_of(write(tmp_path, MINIMAL.replace("seed: 0", f"seed: {'x' * 5000}")))
    assert line.endswith("x…")
    assert len(line) < 200 + len(str(tmp_path))


def test_an_integer_beyond_the_machine_is_told_as_such(tmp_path: Path) -> None:
    (line,) = complaints_of(write(tmp_path, MINIMAL.replace("steps: 20", f"steps: {10**30}")))
    assert line.partition("stages.go.steps: ")[2].startswith("must be at most")


@pytest.mark.parametrize(
    ("given", "allowed", "hint"),
    [
        ("widht", ["width", "init"], "; did you mean 'width'? one of: width, init"),
        ("zzz", ["width", "init"], "; one of: width, init"),
        ("zzz", [], ""),
    ],
)
def test_a_hint_lists_what_is_allowed_and_names_what_is_close(given: str, allowed: list[str], hint: str) -> None:
    assert did_you_mean(given, allowed, "one of") == hint


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        ({}, "a mapping"),
        ([1], "a list"),
        (True, "the boolean true"),
        ("0", "the text '0'"),
        (0, "the number 0"),
        (0.5, "the number 0.5"),
    ],
)
def test_values_are_named_by_what_they_are(value: Any, words: str) -> None:
    assert kind_of(value) == words
