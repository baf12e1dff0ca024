"""In what two runs differ."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.storage.errors import WrongChoice
from featlearn.sweeps.results import load_results
from featlearn.views.data.differences import differences
from tests.views.examples import SEEDS, new_run, swept, with_info


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


def test_sweeps_are_compared_at_the_values_that_both_have(tmp_path: Path) -> None:
    text = "grid:\n  student.width: [{}, 10]\n  stages.local.step_size: [0.2, {}]\nseeds: 2\nstore: summary\n"
    first = swept(tmp_path / "first", text.format(8, 1000))
    second = swept(tmp_path / "second", text.format(12, 1000).replace("seeds: 2", "seeds: [5, 6, 7]"))
    found = differences(first, second)
    assert found["settings"]["grid.student.width"] == ([8, 10], [12, 10])
    assert found["settings"]["seeds"] == (2, [5, 6, 7])
    assert found["results"]["done at student.width 10, step_size 0.2"] == (2, 3)
    assert not [key for key in found["results"] if "width 8" in key or "width 12," in key or "1000" in key]
    table = load_results(second.path)
    rows = (table["student.width"] == 10) & (table["stages.local.step_size"] == 0.2)
    assert found["results"]["loss at student.width 10, step_size 0.2"][1] == np.median(table["loss"][rows])
    assert found["environment"] == {}
    assert differences(first, first) == {"settings": {}, "results": {}, "environment": {}}


def test_sweeps_without_a_common_axis_are_compared_as_a_whole(tmp_path: Path) -> None:
    first, second = swept(tmp_path / "first", SEEDS), swept(tmp_path / "second", SEEDS.replace("5", "3"))
    found = differences(first, second)
    assert found["results"]["done"] == (5, 3)
    assert found["results"]["loss"][0] == np.median(load_results(first.path)["loss"])


def test_a_run_is_not_compared_with_a_sweep(tmp_path: Path) -> None:
    with pytest.raises(WrongChoice, match=r"is a run and .* a sweep: give two of a kind"):
        differences(new_run(tmp_path), swept(tmp_path, SEEDS))
