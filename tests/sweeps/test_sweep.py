"""The points of a sweep: its axes crossed."""

from pathlib import Path

import pytest

from featlearn.sweeps.load import load_sweep
from tests.sweeps.small import settings, sweep_file


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
    assert point.id == "p0003"


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
