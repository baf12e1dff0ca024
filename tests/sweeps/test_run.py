"""Sweeps end as they should, whatever computes them and whatever goes wrong."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import train
from featlearn.storage.errors import RunError
from featlearn.sweeps.begin import begin, join
from featlearn.sweeps.directory import WHOLE, Shard, SweepDirectory
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.points import PointResult
from featlearn.sweeps.results import load_results
from featlearn.sweeps.state import SweepState
from tests.places import ROOT
from tests.sweeps.small import BASE, MIXED, journal, metrics, new_sweep, run, sweep_file, table


def test_every_point_ends_as_it_should(mixed: SweepDirectory) -> None:
    rows = table(mixed)
    assert [row["id"] for row in rows] == [f"p{i:04}" for i in range(24)]
    for row in rows:
        if row["teacher.rank"] == "4":
            assert (row["status"], row["step"]) == ("failed", "")
            assert row["message"].startswith("teacher.rank: 4 is too much")
        elif row["stages.local.step_size"] == "1000":
            assert row["status"] == "diverged"
            assert "try a smaller step" in row["message"]
        else:
            assert (row["status"], row["message"], row["step"]) == ("done", "", "62")
            assert float(row["loss"]) < 0.05


def test_a_point_has_the_bits_of_a_run_of_its_own(mixed: SweepDirectory, tmp_path: Path) -> None:
    for place, point in load_sweep(mixed.sweep_file).points_at({0, 5, 21}):
        if point.config is None:
            continue
        alone = train(point.config, tmp_path)
        together = RunDirectory(mixed.runs / f"p{place:04}")
        assert metrics(alone.run) == metrics(together)
        for name in ("checkpoint_file", "snapshots_file"):
            ours, theirs = (run.read_arrays(getattr(run, name)) for run in (together, alone.run))
            assert all(ours[key].tobytes() == theirs[key].tobytes() for key in theirs if key != "progress")
        assert together.config_file.read_bytes() == alone.run.config_file.read_bytes()
        assert together.read_info().config_hash == alone.info.config_hash


def test_a_sweep_may_vary_what_each_layer_has_of_its_own(tmp_path: Path) -> None:
    base = BASE.replace("step_size: 0.2, weight", "step_size: {first_layer: 0.2, second_layer: 0.1}, weight")
    grid = """\
    grid:
      stages.local.step_size.first_layer: [0.1, 0.3]
      stages.local.weight_decay: [0.01, {first_layer: 0, second_layer: 0.1}]
      stages.local.constraint: [unit_rows]
      stages.local.loss: [squared, correlation]
    """
    directory = new_sweep(tmp_path, grid, base)
    assert run(directory).state.counts["done"] == 8
    for place, point in load_sweep(directory.sweep_file).points_at({2, 7}):
        assert point.config is not None
        alone = train(point.config, tmp_path)
        assert metrics(alone.run) == metrics(RunDirectory(directory.runs / f"p{place:04}"))
    assert len({row["objective"] for row in table(directory)}) == 8


def test_a_summary_has_the_same_results_and_no_runs(mixed: SweepDirectory, tmp_path: Path) -> None:
    short = new_sweep(tmp_path, MIXED + "store: summary\n")
    run(short)
    assert table(short) == table(mixed)
    assert not short.runs.exists()


@pytest.mark.slow
def test_workers_and_shards_give_the_same_table(mixed: SweepDirectory, tmp_path: Path) -> None:
    by_two = new_sweep(tmp_path / "jobs")
    run(by_two, jobs=2)
    assert table(by_two) == table(mixed)
    asked = load_sweep(sweep_file(tmp_path))
    first = join(asked, tmp_path / "shards", Shard(1, 2))
    second = join(asked, tmp_path / "shards", Shard(2, 2))
    assert first.path == second.path
    run(second, Shard(2, 2))
    assert len(table(second)) == 12
    run(first, Shard(1, 2))
    assert table(first) == table(mixed)
    assert {p.name for p in first.path.glob("journal*")} == {"journal-1-of-2.jsonl", "journal-2-of-2.jsonl"}
    assert Counter(line["id"] for line in journal(first)).most_common(1)[0][1] == 1


def test_shares_copied_together_are_merged(mixed: SweepDirectory, tmp_path: Path) -> None:
    asked = load_sweep(sweep_file(tmp_path))
    here, there = (join(asked, tmp_path / name, shard) for name, shard in (("a", Shard(1, 2)), ("b", Shard(2, 2))))
    run(here, Shard(1, 2))
    run(there, Shard(2, 2))
    (there.path / "journal-2-of-2.jsonl").rename(here.path / "journal-2-of-2.jsonl")
    assert run(here).state.computed == 0
    assert table(here) == table(mixed)


def test_failed_points_are_computed_again_when_asked_and_only_they(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path)
    first = run(directory)
    assert first.failures == 18
    before = table(directory)
    assert run(directory).state.computed == 0
    assert run(directory, retry_failed=True).state.computed == 18
    assert table(directory) == before
    times = Counter(line["id"] for line in journal(directory))
    assert {row["id"]: 1 if row["status"] == "done" else 2 for row in before} == times


def test_fail_fast_stops_and_what_is_left_can_be_resumed(tmp_path: Path) -> None:
    text = MIXED.replace("teacher.rank: [2, 4]", "teacher.rank: [2]")
    directory = new_sweep(tmp_path, text)
    stopped = run(directory, fail_fast=True)
    assert stopped.status == "stopped"
    assert stopped.state.ended < 12
    assert run(directory).status == "done"
    assert [row["status"] for row in table(directory)].count("diverged") == 6


def test_a_device_or_a_weight_file_that_is_not_there_fails_its_point_alone(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", first_layer=np.ones((4, 6)), second_layer=np.ones(4))
    text = "grid:\n  student:\n  - {width: 8}\n  - {init: {kind: file, path: w.npz}}\n  device: [cpu, cuda]\n"
    directory = new_sweep(tmp_path, text)
    (tmp_path / "w.npz").unlink()
    result = run(directory)
    messages = [row["message"] for row in table(directory)]
    assert messages[0] == ""
    assert "w.npz: cannot be read" in messages[2]
    if not torch.cuda.is_available():
        assert result.state.counts == {"done": 1, "failed": 3}
        assert "no CUDA device" in messages[1]


@pytest.mark.slow
def test_two_processes_cannot_work_on_one_sweep(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "seeds: 2")
    other = SweepDirectory(directory.path)
    other.lock(WHOLE)
    assert directory.is_locked()
    with pytest.raises(RunError, match="being worked on by another process"):
        run(directory)
    other.release()
    assert not directory.is_locked()
    other.lock(Shard(1, 2))
    with pytest.raises(RunError, match="being worked on by another process"):
        run(directory)
    with pytest.raises(RunError, match="its share 1/2"):
        run(directory, Shard(1, 2))
    run(directory, Shard(2, 2))
    other.release()
    assert run(directory).status == "done"


def test_a_torn_journal_line_costs_one_point(tmp_path: Path, mixed: SweepDirectory) -> None:
    directory = new_sweep(tmp_path)
    run(directory)
    file = directory.journal_file(WHOLE)
    file.write_bytes(file.read_bytes()[:-25])
    result = run(directory)
    assert result.state.computed == 1
    assert table(directory) == table(mixed)
    file.write_bytes(b"{\n" + file.read_bytes())
    with pytest.raises(RunError, match=r"journal.jsonl:1: "):
        run(directory)


@pytest.mark.slow
def test_an_interrupted_sweep_goes_on_within_its_runs(tmp_path: Path) -> None:
    text = "grid:\n  stages.local.steps: [400_000]\nseeds: 3".replace("_", "")
    directory = new_sweep(tmp_path, text)

    def interrupt(state: SweepState) -> None:
        if state.fraction > 0:
            os.kill(os.getpid(), signal.SIGINT)

    interrupted = run(directory, watch=interrupt)
    assert interrupted.status == "interrupted"
    assert interrupted.state.ended == 0
    infos = [RunDirectory(directory.runs / f"p000{i}").read_info() for i in range(3)]
    assert [info.status for info in infos] == ["interrupted"] * 3
    assert run(directory).state.counts == {"done": 3}
    assert [RunDirectory(directory.runs / f"p000{i}").read_info().resumed for i in range(3)] == [1] * 3
    point = next(load_sweep(directory.sweep_file).points())
    assert point.config is not None
    alone = train(point.config, tmp_path / "alone")
    assert metrics(alone.run) == metrics(RunDirectory(directory.runs / "p0000"))


def test_a_full_disk_stops_the_sweep_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = new_sweep(tmp_path, "seeds: 3\nstore: summary")

    def full(result: PointResult) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(directory, "append_result", full)
    with pytest.raises(RunError, match=r"cannot be written: No space left on device; go on with: featlearn sweep"):
        run(directory)
    monkeypatch.undo()
    assert run(directory).status == "done"


@pytest.mark.slow
def test_a_port_that_is_taken_does_not_matter(tmp_path: Path) -> None:
    with socket.socket() as other:
        with suppress(OSError):  # taken already: as good
            other.bind(("127.0.0.1", 8787))
            other.listen()
        assert run(new_sweep(tmp_path, "seeds: 2\nstore: summary\n"), jobs=1).status == "done"


def test_a_manifest_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "seeds: 5\nstore: summary\n")
    content = directory.manifest_file.read_bytes()
    directory.manifest_file.write_bytes(content[: len(content) // 2])
    with pytest.raises(RunError, match="is damaged: it has 2 of 5 points"):
        run(directory)


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--jobs", "2"]], ids=["serial", "jobs"])
def test_kill_9_at_ten_random_instants_changes_no_bit(options: list[str], tmp_path: Path) -> None:
    text = "grid:\n  student.width: {range: [8, 32, 2]}\n  stages.local.steps: [100000]\nstore: full\n"
    file = sweep_file(tmp_path, text, BASE)
    whole = begin(load_sweep(file), tmp_path / "whole")
    run(whole)
    directory = begin(load_sweep(file), tmp_path / "killed")
    command = [sys.executable, "-m", "featlearn", "sweep", "-q", "--resume", str(directory.path), *options]
    rng, kills = np.random.default_rng(len(options)), 0
    for _ in range(10):
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        try:
            _, told = process.communicate(timeout=1.0 + 1.5 * rng.random() + len(options))
            assert process.returncode == 0, told
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
        time.sleep(0.1)
    subprocess.run(command, cwd=ROOT, check=True)
    assert kills >= 1
    assert table(directory) == table(whole)
    assert Counter(line["id"] for line in journal(directory)) == {f"p{i:04}": 1 for i in range(12)}
    for i in range(12):
        ours, theirs = (RunDirectory(d.runs / f"p{i:04}") for d in (directory, whole))
        assert metrics(ours) == metrics(theirs)
        weights = (r.read_arrays(r.checkpoint_file)["first_layer"].tobytes() for r in (ours, theirs))
        assert len(set(weights)) == 1


def test_a_sweep_whose_ids_are_numbers_goes_on_with_them(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "seeds: 3")
    run(directory)
    lines = directory.journal_file(WHOLE).read_text().splitlines()
    directory.journal_file(WHOLE).write_text("".join(f"{line}\n" for line in lines if '"p0001"' not in line))
    shutil.rmtree(directory.run("p0001").path)
    for path in (directory.info_file, directory.manifest_file, directory.journal_file(WHOLE)):
        older = path.read_text().replace('"prefix": "p",', "").replace('"p000', '"000')
        path.write_text(older)
    for point in ("p0000", "p0002"):
        (directory.runs / point).rename(directory.runs / point[1:])
    assert run(directory).state.counts == {"done": 3}
    assert list(load_results(directory.path)["id"]) == ["0000", "0001", "0002"]
    assert list(load_results(directory.results_file)["id"]) == ["0000", "0001", "0002"]
    assert sorted(path.name for path in directory.runs.iterdir()) == ["0000", "0001", "0002"]
