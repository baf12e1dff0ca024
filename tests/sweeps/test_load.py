"""Sweep files: the points that they make, and every complaint about one, with its place."""

from pathlib import Path
from typing import Any

import pytest

from featlearn.config.yaml_source import ConfigError
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.sweep import Sweep
from tests.places import ROOT
from tests.sweeps.small import sweep_file


def settings(place: Path, text: str) -> list[dict[str, Any]]:
    return list(load_sweep(sweep_file(place, text)).settings())


def complaints(place: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_sweep(sweep_file(place, text))
    return [str(c).removeprefix(f"{place}/") for c in caught.value.complaints]


def test_axes_are_crossed_and_the_last_varies_fastest(tmp_path: Path) -> None:
    found = settings(
        tmp_path, "grid:\n  student.width: [8, 10]\nzip:\n- {teacher.input_dim: [4, 5], teacher.rank: [2, 3]}\nseeds: 2"
    )
    assert [tuple(s.values()) for s in found] == [
        (width, dimension, rank, seed) for width in (8, 10) for dimension, rank in ((4, 2), (5, 3)) for seed in (0, 1)
    ]
    assert list(found[0]) == ["student.width", "teacher.input_dim", "teacher.rank", "seed"]


def test_groups_that_go_in_step_are_crossed_with_each_other(tmp_path: Path) -> None:
    text = "zip:\n- {student.width: [8, 10]}\n- {teacher.input_dim: [4, 5], teacher.rank: [2, 3]}"
    assert len(settings(tmp_path, text)) == 4


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("{linear: [0.1, 0.3, 3]}", [0.1, 0.2, 0.3]),
        ("{log: [0.001, 0.1, 3]}", [0.001, 0.01, 0.1]),
        ("{log: [1e-3, 1e-3, 1]}", [0.001]),
        ("[0.1, 1e-2, 1]", [0.1, 0.01, 1]),
    ],
)
def test_values_of_an_axis(values: str, expected: list[float], tmp_path: Path) -> None:
    found = settings(tmp_path, f"grid:\n  stages.local.weight_decay: {values}")
    assert [s["stages.local.weight_decay"] for s in found] == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("{range: [2, 8, 2]}", [2, 4, 6]),
        ("{linear: [10, 40, 4]}", [10, 20, 30, 40]),
        ("{log: [10, 1000, 5]}", [10, 32, 100, 316, 1000]),  # 31.6 and 316.2: a width is a whole number
        ("{log: [2, 4, 9]}", [2, 3, 4]),  # rounded, without doubles
    ],
)
def test_whole_number_keys_get_whole_numbers(values: str, expected: list[int], tmp_path: Path) -> None:
    found = [s["student.width"] for s in settings(tmp_path, f"grid:\n  student.width: {values}")]
    assert found == expected
    assert all(type(value) is int for value in found)


@pytest.mark.parametrize(
    ("seeds", "expected"), [("3", [0, 1, 2]), ("[5, 3]", [5, 3]), ("{range: [10, 13]}", [10, 11, 12])]
)
def test_seeds(seeds: str, expected: list[int], tmp_path: Path) -> None:
    sweep = load_sweep(sweep_file(tmp_path, f"seeds: {seeds}"))
    assert [p.values["seed"] for p in sweep.points()] == expected
    assert [p.config.seed for p in sweep.points() if p.config is not None] == expected


def test_a_point_is_the_configuration_that_train_would_read(tmp_path: Path) -> None:
    from featlearn.config.load import load_config
    from featlearn.config.yaml_source import dump_yaml

    sweep = load_sweep(sweep_file(tmp_path, "grid:\n  student.width: [8, 10]\nseeds: 2"))
    point = list(sweep.points())[3]
    (tmp_path / "base.yaml").write_text(dump_yaml(sweep.base.data))
    config = load_config(tmp_path / "base.yaml", ["student.width=10", "seed=1"])
    assert point.config == config
    assert point.config_hash == config.digest()
    assert point.id == "0003"


def test_a_point_that_breaks_a_rule_says_so_and_leaves_the_others(tmp_path: Path) -> None:
    points = list(load_sweep(sweep_file(tmp_path, "grid:\n  teacher.rank: [2, 4]")).points())
    assert points[0].infeasible is None
    assert points[1].config is None
    assert points[1].infeasible is not None
    assert points[1].infeasible.startswith("teacher.rank: 4 is too much")


def test_the_stored_sweep_reads_back_as_the_same_points(tmp_path: Path) -> None:
    text = "grid:\n  student.width: {log: [8, 32, 3]}\n  stages.local.weight_decay: {linear: [0.1, 0.3, 3]}\nseeds: 2"
    sweep = load_sweep(sweep_file(tmp_path, text))
    (tmp_path / "elsewhere").mkdir()
    stored = tmp_path / "elsewhere" / "stored.yaml"
    stored.write_text(sweep.to_yaml())
    again = load_sweep(stored)
    assert again.digest() == sweep.digest()
    assert [p.config_hash for p in again.points()] == [p.config_hash for p in sweep.points()]


def test_weight_files_are_found_beside_the_file_that_names_them(tmp_path: Path) -> None:
    import numpy as np

    np.savez(tmp_path / "w.npz", first_layer=np.ones((4, 6)), second_layer=np.ones(4))
    text = "grid:\n  student:\n  - {init: {kind: file, path: w.npz}}\nseeds: 2"
    sweep = load_sweep(sweep_file(tmp_path, text))
    (tmp_path / "elsewhere").mkdir()
    stored = tmp_path / "elsewhere" / "stored.yaml"
    stored.write_text(sweep.to_yaml())
    for found in (sweep, load_sweep(stored)):
        config = next(found.points()).config
        assert config is not None
        assert getattr(config.student.init, "path", None) == str(tmp_path / "w.npz")


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
    ("store: full", "has neither grid, zip nor seeds: there is nothing to vary"),
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
