"""Sweeps begin, share their directory, and are refused when their file has changed."""

from pathlib import Path

import pytest

from featlearn.config.yaml_source import ConfigError
from featlearn.storage.errors import RunError
from featlearn.sweeps.begin import check_same, join
from featlearn.sweeps.directory import Shard
from featlearn.sweeps.load import load_sweep
from tests.sweeps.small import new_sweep, run, sweep_file


def test_a_sweep_in_which_nothing_can_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="rank: 4 is too much"):
        new_sweep(tmp_path, "grid:\n  teacher.rank: [4, 5]")
    assert not list((tmp_path / "runs").glob("*"))


def test_a_changed_sweep_file_is_refused_with_the_difference(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "seeds: 2")
    run(directory)
    check_same(directory, load_sweep(sweep_file(tmp_path, "# another comment\nseeds: 2")))
    with pytest.raises(RunError) as caught:
        check_same(directory, load_sweep(sweep_file(tmp_path, "seeds: 3")))
    assert "\n-seeds: 2\n+seeds: 3" in str(caught.value)
    directory.sweep_file.write_text(directory.sweep_file.read_text().replace("seeds: 2", "seeds: 5"))
    with pytest.raises(RunError, match="has changed") as caught:
        run(directory)
    assert "\n-seeds: 2\n+seeds: 5" in str(caught.value)


def test_shares_meet_go_on_and_begin_anew(tmp_path: Path) -> None:
    asked, runs_dir = load_sweep(sweep_file(tmp_path, "seeds: 4")), tmp_path / "runs"
    first = join(asked, runs_dir, Shard(1, 2))
    first.lock(Shard(1, 2))
    first.release()  # it began, and was killed
    assert join(asked, runs_dir, Shard(1, 2)).path == first.path
    run(first, Shard(1, 2))
    assert join(asked, runs_dir, Shard(2, 2)).path == first.path
    assert join(asked, runs_dir, Shard(1, 3)).path != first.path
    assert join(asked, runs_dir, Shard(1, 2)).path != first.path  # done: the same command begins a new sweep


def test_a_broken_sweep_beside_it_does_not_keep_shares_from_meeting(tmp_path: Path) -> None:
    asked, runs_dir = load_sweep(sweep_file(tmp_path, "seeds: 4")), tmp_path / "runs"
    first = join(asked, runs_dir, Shard(1, 2))
    broken = runs_dir / "20990101-000000-broken-000000"
    broken.mkdir()
    (broken / "sweep.json").write_text("{")
    assert join(asked, runs_dir, Shard(2, 2)).path == first.path
