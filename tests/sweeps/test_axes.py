"""The values of axes: rounded where a key takes whole numbers, none of them twice, each valid by itself."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from featlearn.config.yaml_source import ConfigError
from featlearn.sweeps.load import load_sweep
from tests.sweeps.small import complaints, settings, sweep_file


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("{range: [2, 8, 2]}", [2, 4, 6]),
        ("{linear: [10, 40, 4]}", [10, 20, 30, 40]),
        ("{linear: [10.0, 40.0, 4]}", [10, 20, 30, 40]),
        ("{log: [10, 1000, 5]}", [10, 32, 100, 316, 1000]),  # 31.6 and 316.2: a width is a whole number
        ("{log: [2, 4, 9]}", [2, 3, 4]),  # rounded, without doubles
    ],
)
def test_whole_number_keys_get_whole_numbers(values: str, expected: list[int], tmp_path: Path) -> None:
    found = [s["student.width"] for s in settings(tmp_path, f"grid:\n  student.width: {values}")]
    assert found == expected
    assert all(type(value) is int for value in found)


def test_what_is_rounded_is_not_what_the_file_says(tmp_path: Path) -> None:
    sweep = load_sweep(sweep_file(tmp_path, "grid:\n  student.width: {log: [2, 4, 9]}"))
    assert sweep.axes == [{"student.width": [2, 3, 4]}]
    assert len(sweep.config.axes()[0]["student.width"]) == 9


def test_values_of_other_keys_stay_as_they_are(tmp_path: Path) -> None:
    text = "grid:\n  stages.local.weight_decay: {log: [1, 4, 3]}\n  stages.local.step_size: [0.1, 1]"
    axes = load_sweep(sweep_file(tmp_path, text)).axes
    assert axes[0]["stages.local.weight_decay"] == pytest.approx([1, 2, 4])
    assert axes[1] == {"stages.local.step_size": [0.1, 1]}


# --- the same value twice -----------------------------------------------------------------------

REPEATED = [
    ("grid:\n  stages.local.weight_decay: [0.1, 0.2, 1e-1]", "10:41", "0.1 is the same number as 0.1 before it"),
    ("grid:\n  stages.local.weight_decay: [1, 1.0]", "10:34", "1.0 is the same number as 1 before it"),
    ("grid:\n  stages.local.weight_decay: [0.0, -0.0]", "10:36", "-0.0 is the same number as 0.0 before it"),
    ("grid:\n  stages.local.method: [gd, adam, gd]", "10:35", "'gd' is the same value as 'gd' before it"),
    ("grid:\n  student.output_scale: [null, 2, null]", "10:35", "null is the same value as null before it"),
    ("grid:\n  student: [{width: 8}, {width: 8.0}]", "10:25", "{'width': 8.0} is the same value as {'width': 8}"),
    ("grid:\n  stages.local.weight_decay: {log: [0.1, 0.1, 3]}", "10:30", "are both 0.1"),
    ("grid:\n  stages.local.weight_decay: {linear: [0, 5e-324, 3]}", "10:30", "are both 0.0"),
    ("grid:\n  student.width: {log: [8, 8, 3]}", "10:18", "are both 8"),
    (
        "zip:\n- {student.width: [8, 10, 8.0], teacher.rank: [2, 2, 2]}",
        "10:3",
        "values 1 and 3 of this group are the same (student.width 8.0, teacher.rank 2)",
    ),
    (
        "zip:\n- {student.width: {log: [2, 4, 9]}}",
        "10:3",
        "values 1 and 2 of this group are the same (student.width 2)",
    ),
]


@pytest.mark.parametrize(("text", "place", "told"), REPEATED)
def test_a_point_that_would_be_computed_twice_is_told(text: str, place: str, told: str, tmp_path: Path) -> None:
    (found,) = complaints(tmp_path, text)
    assert found.startswith(f"sweep.yaml:{place}: ")
    assert told in found


@pytest.mark.parametrize(
    "text",
    [
        "zip:\n- {teacher.input_dim: [8, 16, 32], teacher.rank: [2, 2, 3]}",
        "grid:\n  stages.local.weight_decay: {log: [0.1, 0.1, 1]}",
        "grid:\n  stages.local.then: [[], [balance], [normalize_rows], [balance, normalize_rows]]",
        "grid:\n  log.gap: [true, false]",
    ],
)
def test_values_that_differ_are_no_repetition(text: str, tmp_path: Path) -> None:
    assert settings(tmp_path, text)


# --- values that no configuration can have ------------------------------------------------------

HUGE = "1" * 400


@pytest.mark.parametrize(
    ("axis", "told"),
    [
        (f"stages.local.weight_decay: [{HUGE}]", "10:31: stages.local.weight_decay: is too large for a number"),
        (f"stages.local.weight_decay: [1, -{HUGE}]", "10:34: stages.local.weight_decay: is too large for a number"),
        (f"student.width: [{HUGE}]", "10:19: student.width: is too large for a number"),
        (f"seed: [3, {HUGE}]", "10:13: seed: is too large for a number"),
        (f"seed: {{range: [0, {HUGE}]}}", "10:21: grid.seed.range[1]: is too large for a number"),
        ("seed: {range: [0, 1000000000000000000000000000000]}", "10:17: grid.seed.range: has more than 1000000 values"),
        ("stages.local.weight_decay: {linear: [-1.7e308, 1.7e308, 3]}", "linear: leads to values that are too large"),
    ],
)
def test_numbers_that_are_too_large_are_told(axis: str, told: str, tmp_path: Path) -> None:
    (found,) = complaints(tmp_path, f"grid:\n  {axis}")
    assert told in found


PLACES = [
    # in a value that is a mapping or a list
    ("student: [{width: 8}, {widht: 8}]", "10:26: student.widht: unknown key; did you mean 'width'?"),
    ("stages.local.weight_decay: [0.1, {start: 1, factor: x, every: 5}]", "10:55: stages.local.weight_decay.factor:"),
    ("stages.local.weight_decay: [0.1, {start: 1, factor: 2}]", "10:36: stages.local.weight_decay.every: missing"),
    ("stages.local.then: [[balance], [balanse]]", "10:35: stages.local.then[0]: 'balanse' is not allowed"),
    # at the key of the axis
    ("student.widht: [8, 9]", "10:3: student.widht: unknown key; did you mean 'width'?"),
    # in a mapping that the base does not have
    ("student.init.angle: [10]", "10:24: student.init: has no `kind`, which says what it is"),
    # at the last value of a rule, which stands where the axis does
    ("student.width: {linear: [8, -8, 3]}", "10:18: student.width: must be at least 1, got -8"),
    # elsewhere, because of a value
    ("data.kind: [population, online]", "10:27: data.batch_size: missing"),
]


@pytest.mark.parametrize(("axis", "told"), PLACES)
def test_a_wrong_value_is_told_with_its_place(axis: str, told: str, tmp_path: Path) -> None:
    (found,) = complaints(tmp_path, f"grid:\n  {axis}")
    assert found.removeprefix("sweep.yaml:").startswith(told)


def test_the_first_value_of_another_axis_is_told_once(tmp_path: Path) -> None:
    text = "grid:\n  student.width: [x, 8, 10]\n  teacher.rank: [y, 2, 3]\n  stages.local.steps: [5, z]"
    found = complaints(tmp_path, text)
    assert [line.split(": ")[0] for line in found] == ["sweep.yaml:10:19", "sweep.yaml:11:18", "sweep.yaml:12:27"]


# --- many values --------------------------------------------------------------------------------

MANY: dict[str, Callable[[int], str]] = {
    "valid": lambda i: f"{1e-6 * (i + 1):.9g}",
    "wrong": lambda i: f"{-1e-6 * (i + 1):.9g}",
    "wrong mappings": lambda i: f"{{start: -{i + 1}, factor: 1, every: 5}}",
    "repeated": lambda i: "0.5",
}


@pytest.mark.slow
@pytest.mark.parametrize("value", MANY.values(), ids=MANY)
def test_many_values_take_time_in_proportion(value: Callable[[int], str], tmp_path: Path) -> None:
    """Not, as a copy or a scan of the document for each would, in proportion to the square of their number."""

    def seconds(count: int) -> float:
        values = ", ".join(map(value, range(count)))
        file = sweep_file(tmp_path, f"grid:\n  stages.local.weight_decay: [{values}]")
        began, told = time.process_time(), 0
        try:
            load_sweep(file)
        except ConfigError as error:
            told = len(error.complaints)
        taken = time.process_time() - began
        assert told in (0, count - 1, count)
        return taken

    seconds(10)
    assert seconds(4000) < 32 * seconds(500) < 32  # eight times as many; the square would be 64 times


def test_parameters_that_an_activation_does_not_have_are_refused_at_once(tmp_path: Path) -> None:
    text = "grid:\n  activation.name: [leaky_relu, tanh]\n  activation.negative_slope: [0.1, 0.2]"
    (told,) = complaints(tmp_path, text)
    assert "activation.negative_slope: is for leaky_relu, and the activation is tanh; leave it out" in told
    fits = "zip:\n- activation: [{name: leaky_relu, negative_slope: 0.2}, {name: tanh}]"
    assert len(settings(tmp_path, fits)) == 2
