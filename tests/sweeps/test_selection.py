"""Keys, orders and differing settings of lines."""

from pathlib import Path
from typing import Any

import pytest

from featlearn.claims.listing import Line
from featlearn.storage.errors import WrongChoice
from featlearn.sweeps.selection import Keys, differing, is_setting_too, ordered, value_of, written

SETTINGS = {
    "name": "quickstart",
    "seed": 0,
    "teacher.width": 3,
    "student.width": 100,
    "data.kind": "population",
    "stages.main.train": ["first_layer"],
    "stages.main.weight_decay.start": 0.01,
    "stages.main.nesterov": False,
    "stages.other.steps": 1,
}


def line(name: str, final: dict[str, Any] | None = None, tags: tuple[str, ...] = (), **settings: Any) -> Line:
    about = {"name": "quickstart", "status": "done", "created": "2026-11-28T10:00:00", "final": final}
    known = SETTINGS | {key.replace("__", "."): value for key, value in settings.items()}
    return Line(Path(name), "run", about, known, list(tags), "a note", None, alive=False)


A = line("a", {"loss": 1e-7, "recovered": 3, "gap": None}, ("paper", "wide"))
B = line("b", {"loss": 1e-3, "recovered": 2, "gap": 1e-4}, seed=1, student__width=200)
SWEEP = Line(Path("s"), "sweep", {"name": "decay", "status": "done", "best_loss": 1e-9}, {}, [], "", None, alive=False)
LINES = [A, B, SWEEP]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("student.width", "student.width"),
        ("nesterov", "stages.main.nesterov"),
        ("m", "student.width"),
        ("λ", "stages.main.weight_decay"),
        ("lambda", "stages.main.weight_decay"),
        ("steps", "stages.other.steps"),
        ("mean angle", "mean_angle"),
    ],
)
def test_a_key_is_found_by_its_end_its_heading_and_by_what_people_call_it(name: str, key: str) -> None:
    assert Keys([*LINES, line("c", {"mean_angle": 1.0})]).complete(name) == key


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("studnt.width", "did you mean student.width"),
        ("weight_decy", "weight_decay"),
        ("width", "more than one key; which of these: teacher.width, student.width"),
        ("d", "no run here has a key 'd'; a key is one of name, .*, a result as loss or a setting as student.width"),
    ],
)
def test_a_wrong_key_says_what_would_be_right(name: str, told: str) -> None:
    with pytest.raises(WrongChoice, match=told):
        Keys(LINES).complete(name)


def test_lines_are_ordered_by_a_key_and_those_without_it_come_last() -> None:
    keys = Keys(LINES)
    assert [found.name for found in ordered(LINES, "loss", keys)] == ["s", "a", "b"]
    assert [found.name for found in ordered(LINES, "-loss", keys)] == ["b", "a", "s"]
    assert [found.name for found in ordered(LINES, "-student.width", keys)] == ["b", "a", "s"]
    with pytest.raises(WrongChoice):
        ordered(LINES, "nothing", keys)


def test_what_a_configuration_does_not_say_is_the_usual() -> None:
    spiked = line("c", inputs__covariance__spike__strength=4)
    scaled = line("d", student__scaling="ntk", inputs__covariance="variances")
    keys = Keys([A, spiked, scaled, SWEEP])
    assert keys.complete("covariance") == "inputs.covariance"
    assert [value_of(each, "inputs.covariance") for each in keys.lines] == ["identity", None, "variances", None]
    assert [value_of(each, keys.complete("scaling")) for each in keys.lines] == ["standard", "standard", "ntk", None]


def test_the_settings_that_differ_are_found_and_those_of_all_come_first() -> None:
    assert differing(LINES) == ["seed", "student.width"]
    lazy = line("c", student__output_scale=2.0)
    assert differing([lazy, A, B]) == ["seed", "student.width", "student.output_scale"]
    assert differing([A, SWEEP]) == []


def test_a_schedule_is_one_setting_also_beside_a_number() -> None:
    more: dict[str, Any] = {"stages__main__weight_decay__factor": 0.5, "stages__main__weight_decay__every": 9}
    scheduled, constant = line("c", **more), line("d")
    del constant.settings["stages.main.weight_decay.start"]
    constant.settings["stages.main.weight_decay"] = 0.3
    assert differing([scheduled, constant]) == ["stages.main.weight_decay"]
    values = [written(one, "stages.main.weight_decay") for one in (scheduled, constant)]
    assert values == ["0.01 × 0.5 every 9", 0.3]
    assert [value_of(one, "stages.main.weight_decay") for one in (scheduled, constant)] == [0.01, 0.3]


def test_what_is_called_as_a_setting_of_a_stage_is_known() -> None:
    assert is_setting_too(LINES, "weight_decay")
    assert is_setting_too(LINES, "steps")
    assert not is_setting_too(LINES, "loss")
    assert not is_setting_too(LINES, "decay")
