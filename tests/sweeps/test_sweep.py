"""Sweeps end as they should, whatever engine computes them and whatever dies on the way."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from featlearn.config.yaml_source import ConfigError
from featlearn.runs import batch
from featlearn.runs.directory import RunDirectory, RunError
from featlearn.runs.metrics import load_metrics
from featlearn.runs.train import train
from featlearn.sweeps.begin import begin, check_same, join
from featlearn.sweeps.directory import WHOLE, Shard, SweepDirectory
from featlearn.sweeps.executors import DaskExecutor, Executor, Outcome, SerialExecutor, Work
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.points import Job, PointResult
from featlearn.sweeps.results import load_results
from featlearn.sweeps.run import run_sweep
from featlearn.sweeps.state import SweepState
from tests.places import ROOT
from tests.sweeps.small import BASE, MIXED, new_sweep, run, sweep_file, table


def journal(directory: SweepDirectory) -> list[dict[str, Any]]:
    files = sorted(directory.path.glob("journal*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def metrics(run: RunDirectory) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in run.read_metrics()]


# --- results ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> SweepDirectory:
    """A sweep with points that get done, that diverge and that cannot be, computed in this process."""
    directory = new_sweep(tmp_path_factory.mktemp("mixed"))
    result = run(directory)
    assert result.status == "done"
    return directory


def test_every_point_ends_as_it_should(mixed: SweepDirectory) -> None:
    rows = table(mixed)
    assert [row["id"] for row in rows] == [f"{i:04}" for i in range(24)]
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
        together = RunDirectory(mixed.runs / f"{place:04}")
        assert metrics(alone.run) == metrics(together)
        for name in ("checkpoint_file", "snapshots_file"):
            ours, theirs = (run.read_arrays(getattr(run, name)) for run in (together, alone.run))
            assert all(ours[key].tobytes() == theirs[key].tobytes() for key in theirs if key != "progress")
        assert together.config_file.read_bytes() == alone.run.config_file.read_bytes()
        assert together.read_info().config_hash == alone.info.config_hash


def test_a_summary_has_the_same_results_and_no_runs(mixed: SweepDirectory, tmp_path: Path) -> None:
    short = new_sweep(tmp_path, MIXED + "store: summary\n")
    run(short)
    assert table(short) == table(mixed)
    assert not short.runs.exists()


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


def test_the_reader_returns_the_numbers_bit_for_bit(mixed: SweepDirectory) -> None:
    columns, again = load_results(mixed.path), load_results(mixed.results_file)
    assert list(columns) == list(again)
    assert list(columns)[:5] == ["id", "student.width", "stages.local.step_size", "teacher.rank", "seed"]
    for name in columns:
        assert columns[name].dtype == again[name].dtype, name
        if columns[name].dtype == object:
            assert [v or None for v in columns[name]] == [v or None for v in again[name]], name
        else:
            assert columns[name].tobytes() == again[name].tobytes(), name
    assert columns["student.width"].dtype == np.int64
    final = {line["id"]: line["final"]["loss"] for line in journal(mixed) if line.get("final")}
    for point, loss in zip(columns["id"], columns["loss"], strict=True):
        assert np.isnan(loss) if final.get(point) is None else loss == final[point]
    rows = load_metrics(mixed.runs / "0000")
    assert rows["loss"].tolist() == [row["loss"] for row in RunDirectory(mixed.runs / "0000").read_metrics()]


def test_the_readers_leave_out_a_torn_last_line(mixed: SweepDirectory, tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    file.write_bytes((mixed.runs / "0000" / "metrics.jsonl").read_bytes()[:-30])
    assert len(load_metrics(file)["loss"]) == len(load_metrics(mixed.runs / "0000")["loss"]) - 1
    torn = tmp_path / "results.csv"
    torn.write_bytes(mixed.results_file.read_bytes()[:-80])
    assert len(load_results(torn)["loss"]) == 23
    with pytest.raises(RunError, match="nowhere"):
        load_results(tmp_path / "nowhere.csv")


# --- what may go wrong --------------------------------------------------------------------------


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


def test_fail_fast_stops_and_what_is_left_can_be_resumed(tmp_path: Path, mixed: SweepDirectory) -> None:
    text = MIXED.replace("teacher.rank: [2, 4]", "teacher.rank: [2]")
    directory = new_sweep(tmp_path, text)
    stopped = run(directory, fail_fast=True)
    assert stopped.status == "stopped"
    assert stopped.state.ended < 12
    assert run(directory).status == "done"
    assert [row["status"] for row in table(directory)].count("diverged") == 6


def test_an_experiment_that_raises_ends_alone_with_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = new_sweep(tmp_path, "seeds: 4")
    real = batch.follow

    def raising(problem: Any, plans: Any, backend: Any, start: Any, keepers: Any, **options: Any) -> Iterator[int]:
        for i, keeper in enumerate(keepers):
            if keeper.run.path.name == "0002":
                real_take = keeper.take

                def take(event: Any, real_take: Any = real_take) -> None:
                    if event.position.step > 5:
                        raise ZeroDivisionError("on purpose")
                    real_take(event)

                keepers[i].take = take
        yield from real(problem, plans, backend, start, keepers, **options)

    monkeypatch.setattr(batch, "follow", raising)
    result = run(directory)
    assert result.state.counts == {"done": 3, "failed": 1}
    [failed] = [line for line in journal(directory) if line["status"] == "failed"]
    assert failed["id"] == "0002"
    assert failed["message"] == "ZeroDivisionError: on purpose"
    assert "Traceback" in failed["traceback"]
    assert RunDirectory(directory.runs / "0002").read_info().traceback == failed["traceback"]
    monkeypatch.undo()
    assert run(directory, retry_failed=True).state.counts == {"done": 4}


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


def test_a_run_that_a_dying_worker_still_holds_is_waited_for(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "seeds: 2")
    run(directory)
    before = table(directory)
    directory.journal_file(WHOLE).unlink()
    held = RunDirectory(directory.runs / "0001")
    held.lock()
    timer = threading.Timer(0.5, held.release)
    timer.start()
    assert run(directory).state.counts == {"done": 2}
    timer.join()
    assert table(directory) == before


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


def test_a_run_that_was_done_but_not_written_down_is_not_computed_again(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "seeds: 3")
    run(directory)
    before, times = table(directory), {p: p.stat().st_mtime_ns for p in directory.runs.rglob("*")}
    directory.journal_file(WHOLE).unlink()
    run(directory)
    assert table(directory) == before
    assert {p: p.stat().st_mtime_ns for p in directory.runs.rglob("*")} == times


def test_broken_run_directories_are_made_anew(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "seeds: 4")
    run(directory)
    before = table(directory)
    directory.journal_file(WHOLE).unlink()
    (directory.runs / "0000" / "run.json").write_text("{")
    (directory.runs / "0003" / "metrics.jsonl").unlink()
    (directory.runs / "0001" / "run.json").unlink()
    info = directory.runs / "0002" / "run.json"
    info.write_text(info.read_text().replace('"done"', '"running"'))
    (directory.runs / "0002" / "checkpoint.npz").write_bytes(b"PK")
    assert run(directory).state.counts == {"done": 4}
    assert table(directory) == before


def test_an_interrupted_sweep_goes_on_within_its_runs(tmp_path: Path) -> None:
    text = "grid:\n  stages.local.steps: [400_000]\nseeds: 3".replace("_", "")
    directory = new_sweep(tmp_path, text)

    def interrupt(state: SweepState) -> None:
        if state.fraction > 0:
            os.kill(os.getpid(), signal.SIGINT)

    interrupted = run(directory, watch=interrupt)
    assert interrupted.status == "interrupted"
    assert interrupted.state.ended == 0
    infos = [RunDirectory(directory.runs / f"000{i}").read_info() for i in range(3)]
    assert [info.status for info in infos] == ["interrupted"] * 3
    assert run(directory).state.counts == {"done": 3}
    assert [RunDirectory(directory.runs / f"000{i}").read_info().resumed for i in range(3)] == [1] * 3
    point = next(load_sweep(directory.sweep_file).points())
    assert point.config is not None
    alone = train(point.config, tmp_path / "alone")
    assert metrics(alone.run) == metrics(RunDirectory(directory.runs / "0000"))


def test_a_full_disk_stops_the_sweep_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = new_sweep(tmp_path, "seeds: 3\nstore: summary")

    def full(result: PointResult) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(directory, "append_result", full)
    with pytest.raises(RunError, match=r"cannot be written: No space left on device; go on with: featlearn sweep"):
        run(directory)
    monkeypatch.undo()
    assert run(directory).status == "done"


# --- engines ------------------------------------------------------------------------------------


def square(task: int) -> Iterable[int]:
    """The same five tasks for every engine: one raises, one kills its process where it has one of its own."""
    if task == 3:
        raise ValueError("three")
    if task == 4 and "distributed.worker" in sys.modules and os.getpid() != int(os.environ["TEST_PROCESS"]):
        os.kill(os.getpid(), signal.SIGKILL)
    yield task * task


@pytest.mark.parametrize("engine", [SerialExecutor, partial(DaskExecutor, 2)], ids=["serial", "dask"])
def test_every_engine_tells_of_results_errors_and_losses(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_PROCESS", str(os.getpid()))
    executor: Executor = engine()
    found: dict[int, list[Outcome]] = {}
    try:
        todo = [0, 1, 2, 3, 4]
        while todo or executor.in_flight():
            while todo and executor.in_flight() < executor.capacity():
                executor.submit(square, todo.pop(0))
            for outcome in executor.outcomes(1.0):
                found.setdefault(outcome.task, []).append(outcome)
    finally:
        executor.close()
    assert [sum(outcome.ended for outcome in found[task]) for task in range(5)] == [1] * 5
    assert [[r for o in found[task] for r in o.results] for task in range(3)] == [[0], [1], [4]]
    assert [type(outcome.error) for outcome in found[3]] == [ValueError]
    assert "three" in (found[3][0].trace or "")
    assert found[4][-1].lost is (not executor.local)


class _Deadly:
    """Work that kills its process at some points, as often as it is tried or only the first time."""

    def __init__(self, work: Work, points: tuple[str, ...], marks: Path | None) -> None:
        self.work, self.points, self.marks = work, points, marks

    def __call__(self, chunk: Any) -> Iterator[Any]:
        job: Job
        for job in chunk.jobs:
            mark = None if self.marks is None else self.marks / job.id
            if job.id in self.points and (mark is None or not mark.exists()):
                if mark is not None:
                    mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        yield from self.work(chunk)


class _DeadlyExecutor(DaskExecutor):
    points: tuple[str, ...] = ()
    marks: Path | None = None

    def submit(self, work: Work, task: Any) -> None:
        super().submit(_Deadly(work, self.points, self.marks), task)


def _run_deadly(directory: SweepDirectory, points: tuple[str, ...], marks: Path | None = None) -> Any:
    def engine() -> Executor:
        executor = _DeadlyExecutor(2)
        executor.points, executor.marks = points, marks
        return executor

    return run_sweep(directory, engine)


def test_workers_that_are_killed_once_cost_nothing(tmp_path: Path) -> None:
    (tmp_path / "marks").mkdir()
    directory = new_sweep(tmp_path, "seeds: 20")
    assert _run_deadly(directory, ("0003", "0011"), tmp_path / "marks").state.counts == {"done": 20}
    assert Counter(line["id"] for line in journal(directory)).most_common(1)[0][1] == 1


def test_a_point_that_always_kills_its_worker_fails_alone(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "seeds: 20")
    assert _run_deadly(directory, ("0003", "0011")).state.counts == {"done": 18, "failed": 2}
    failed = [row for row in table(directory) if row["status"] == "failed"]
    assert [row["id"] for row in failed] == ["0003", "0011"]
    assert all("worker process died 3 times" in row["message"] for row in failed)


def test_a_scheduler_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from featlearn.sweeps import executors

    monkeypatch.setattr(executors, "_CONNECT_SECONDS", 1)
    with pytest.raises(RunError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        DaskExecutor(scheduler="tcp://127.0.0.1:1")


# --- kill -9 of the process itself --------------------------------------------------------------


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
    assert Counter(line["id"] for line in journal(directory)) == {f"{i:04}": 1 for i in range(12)}
    for i in range(12):
        ours, theirs = (RunDirectory(d.runs / f"{i:04}") for d in (directory, whole))
        assert metrics(ours) == metrics(theirs)
        weights = (r.read_arrays(r.checkpoint_file)["first_layer"].tobytes() for r in (ours, theirs))
        assert len(set(weights)) == 1


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
