"""In what two runs differ."""

from pathlib import Path

from featlearn.views.data.differences import differences
from tests.views.examples import new_run, with_info


def test_only_what_differs_is_told(tmp_path: Path) -> None:
    first, second = new_run(tmp_path), new_run(tmp_path, "student.width=22", "student.output_scale=2.0")
    found = differences(first, second)
    assert found["settings"] == {"student.width": (20, 22), "student.output_scale": (None, 2.0)}
    ends = first.read_info().final, second.read_info().final
    assert ends[0] is not None
    assert ends[1] is not None
    assert found["results"]["loss"] == (ends[0]["loss"], ends[1]["loss"])
    assert not {"status", "step", "stage"} & set(found["results"])
    assert found["environment"] == {}


def test_a_run_differs_in_nothing_from_itself(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    assert differences(run, run) == {"settings": {}, "results": {}, "environment": {}}


def test_other_versions_and_machines_are_told(tmp_path: Path) -> None:
    first, second = new_run(tmp_path), new_run(tmp_path)
    with_info(second, versions=second.read_info().versions | {"numpy": "1.0"}, git={"commit": "abc", "dirty": None})
    found = differences(first, second)["environment"]
    assert found["version of numpy"][1] == "1.0"
    assert found["commit"][1] == "abc"
