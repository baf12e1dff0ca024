"""Sweep files: the points that they make, and every complaint about one, with its place."""

from pathlib import Path

import pytest

from featlearn.config.yaml_source import ConfigError
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.sweep import Sweep
from tests.places import ROOT
from tests.sweeps.small import complaints, sweep_file

BROKEN = [
    ("grid:\n  student.widht: [8]", "sweep.yaml:10:3: student.widht: unknown key; did you mean 'width'?"),
    (
        "grid:\n  student.width: [8, 'x']",
        "sweep.yaml:10:22: student.width: expected a whole number, got the text 'x'",
    ),
    ("grid:\n  student.width: [8, -1]", "sweep.yaml:10:22: student.width: must be at least 1"),
    (
        "grid:\n  student.width: {log: [0, 9, 3]}",
        "sweep.yaml:10:25: grid.student.width.log[0]: must be greater than 0",
    ),
    ("grid:\n  student.width: {log: [1, 9]}", "sweep.yaml:10:24: grid.student.width.log: must be at least 3 long"),
    (
        "grid:\n  student.width: {lgo: [1, 9, 3]}",
        "sweep.yaml:10:19: grid.student.width.lgo: unknown key; did you mean 'log'?",
    ),
    (
        "grid:\n  student.width: {log: [1, 9, 2.5]}",
        "sweep.yaml:10:31: grid.student.width.log[2]: must be a whole number",
    ),
    ("grid:\n  student.width: {range: [5, 5]}", "sweep.yaml:10:26: grid.student.width.range: is empty"),
    ("grid:\n  student.width: {range: [5, 9, 0]}", "sweep.yaml:10:33: grid.student.width.range[2]: must not be 0"),
    (
        "grid:\n  student.width: {log: [1, 9, 3], linear: [1, 9, 3]}",
        "grid.student.width: expected one of linear, log, range",
    ),
    ("grid:\n  student.width: []", "sweep.yaml:10:18: grid.student.width: must be at least 1 long"),
    ("grid:\n  student.width: 8", "sweep.yaml:10:18: grid.student.width: expected a list, got the number 8"),
    (
        "grid:\n  stages.locl.steps: [5]",
        "sweep.yaml:10:3: grid.stages.locl.steps: there is no stage 'locl'; did you mean 'local'?",
    ),
    ("grid:\n  seed: [1]\nseeds: 3", "sweep.yaml:10:9: grid.seed: varies what seeds varies too"),
    (
        "grid:\n  student: [{width: 8}]\n  student.width: [8]",
        "sweep.yaml:11:18: grid.student.width: varies what 'student' varies too",
    ),
    (
        "zip:\n- {student.width: [8, 10], teacher.rank: [2]}",
        "zip[0]: goes in step, so its axes must be equally long: student.width has 2",
    ),
    ("seeds: 0", "sweep.yaml:9:8: seeds: must be at least 1"),
    ("seeds: -3", "sweep.yaml:9:8: seeds: must be at least 1"),
    ("seeds: true", "sweep.yaml:9:8: seeds:"),
    ("seeds: [1, 1]", "sweep.yaml:9:8: seeds: names the same seed twice"),
    ("seeds: {linear: [0, 1, 2]}", "sweep.yaml:9:8: seeds: seeds are whole numbers"),
    ("seeds: {range: [-2, 2]}", "sweep.yaml:9:8: seeds: a seed is at least 0"),
    ("stor: full\nseeds: 2", "sweep.yaml:9:1: stor: unknown key; did you mean 'store'?"),
    ("store: half\nseeds: 2", "sweep.yaml:9:8: store: 'half' is not allowed; one of: full, summary"),
    ("store: full", "has neither grid, zip, seeds nor find: there is nothing to vary"),
    ("seeds: 2\nseeds: 3", "sweep.yaml:10:1: seeds: duplicate key"),
    ("grid:\n  a..b: [1]", "sweep.yaml:10:3: grid.a..b: is not a key of a configuration"),
    ("grid:\n  stages.local.method: [flo]", "'flo' is not allowed; did you mean 'flow'?"),
    (
        "seeds: 1000\ngrid:\n  stages.local.weight_decay: {linear: [0, 1, 5000]}",
        "makes 5000000 points; at most 1000000",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "complaint"), BROKEN)
def test_a_broken_sweep_file_is_told_with_its_place(text: str, complaint: str, tmp_path: Path) -> None:
    found = complaints(tmp_path, text)
    assert len(found) == 1, found
    assert complaint in found[0]


def test_every_complaint_comes_at_once(tmp_path: Path) -> None:
    text = "grid:\n  student.widht: [8, 9]\n  teacher.min_angle: [10, x, true]\n  teacher.rank: {log: [1, 5, 2]}"
    found = complaints(tmp_path, text)
    assert [c.split(": ")[0] for c in found] == ["sweep.yaml:10:3", "sweep.yaml:11:27", "sweep.yaml:11:30"]


def test_the_base_is_checked_in_its_own_place(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("teacher: {width: 3, input_dim: 4}\nstudent: {widht: 4}\nstages: {}\n")
    path = tmp_path / "s.yaml"
    path.write_text("base: base.yaml\nseeds: 2\n")
    with pytest.raises(ConfigError) as caught:
        load_sweep(path)
    assert {str(c).split(": ")[0].removeprefix(f"{tmp_path}/") for c in caught.value.complaints} == {
        "base.yaml:2:11",
        "base.yaml:3:9",
    }
    path.write_text("base: nowhere.yaml\nseeds: 2\n")
    with pytest.raises(ConfigError, match=r"s.yaml:1:7: base: .*nowhere.yaml no such file"):
        load_sweep(path)
    path.write_text('base: "no\\0where.yaml"\nseeds: 2\n')
    with pytest.raises(ConfigError, match=r"s.yaml:1:7: base: .*where.yaml no such file"):
        load_sweep(path)


def test_a_run_and_a_sweep_are_not_confused(tmp_path: Path) -> None:
    from featlearn.config.load import load_config

    with pytest.raises(ConfigError, match="featlearn train"):
        load_sweep(ROOT / "configs" / "quickstart.yaml")
    with pytest.raises(ConfigError, match="featlearn sweep"):
        load_config(sweep_file(tmp_path, "seeds: 2"))


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("**/sweeps/*.yaml")), ids=lambda p: p.stem)
def test_the_sweeps_that_come_along_are_whole(path: Path) -> None:
    sweep: Sweep = load_sweep(path)
    assert sweep.config.name == path.stem
    assert [p.infeasible for p in sweep.points() if p.infeasible is not None] == []
