"""Points of a sweep: computed together, within the limit of open files, and each failing alone."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from featlearn.runs import batch
from featlearn.runs.directory import RunDirectory
from featlearn.sweeps.directory import WHOLE
from tests.places import ROOT
from tests.sweeps.small import BASE, journal, metrics, new_sweep, run, sweep_file, table

SHORT = BASE.replace("steps: 60", "steps: 3").replace("12, snapshots: 3", "2, gap: false, floors: false")

# One chunk, so that the number of runs in it does not depend on how fast this machine is.
LIMITED = """
import resource, sys
from pathlib import Path
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.points import Job, compute
jobs = [Job(point.id, point.config) for point in load_sweep(sys.argv[1]).points()]
runs = Path(sys.argv[2])
runs.mkdir(exist_ok=True)
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
print([result.status for result in compute(jobs, runs)].count("done"))
"""


def done_within_64_files(file: Path, runs: Path) -> int:
    command = [sys.executable, "-c", LIMITED, str(file), str(runs)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.slow
def test_more_runs_than_files_may_be_open_are_computed_and_resumed(tmp_path: Path) -> None:
    file, place = sweep_file(tmp_path, "seeds: 70", SHORT), tmp_path / "runs"
    assert done_within_64_files(file, place) == 70
    runs = [RunDirectory(place / f"p{i:04}") for i in range(70)]
    before = [metrics(one) for one in runs]
    for one in runs:
        one.write_info(one.read_info().changed(status="interrupted"))
    assert done_within_64_files(file, place) == 70
    assert [metrics(one) for one in runs] == before
    assert {one.read_info().resumed for one in runs} == {1}


def test_an_experiment_that_raises_ends_alone_with_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = new_sweep(tmp_path, "seeds: 4")
    real = batch.follow

    def raising(problem: Any, plans: Any, backend: Any, start: Any, keepers: Any, **options: Any) -> Iterator[int]:
        for i, keeper in enumerate(keepers):
            if keeper.run.path.name == "p0002":
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
    assert failed["id"] == "p0002"
    assert failed["message"] == "ZeroDivisionError: on purpose"
    assert "Traceback" in failed["traceback"]
    assert RunDirectory(directory.runs / "p0002").read_info().traceback == failed["traceback"]
    monkeypatch.undo()
    assert run(directory, retry_failed=True).state.counts == {"done": 4}


def test_a_run_that_a_dying_worker_still_holds_is_waited_for(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "seeds: 2")
    run(directory)
    before = table(directory)
    directory.journal_file(WHOLE).unlink()
    held = RunDirectory(directory.runs / "p0001")
    held.lock()
    timer = threading.Timer(0.5, held.release)
    timer.start()
    assert run(directory).state.counts == {"done": 2}
    timer.join()
    assert table(directory) == before


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
    (directory.runs / "p0000" / "run.json").write_text("{")
    (directory.runs / "p0003" / "metrics.jsonl").unlink()
    (directory.runs / "p0001" / "run.json").unlink()
    info = directory.runs / "p0002" / "run.json"
    info.write_text(info.read_text().replace('"done"', '"running"'))
    (directory.runs / "p0002" / "checkpoint.npz").write_bytes(b"PK")
    assert run(directory).state.counts == {"done": 4}
    assert table(directory) == before
