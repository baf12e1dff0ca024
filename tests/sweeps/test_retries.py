"""Points whose worker process dies are tried again, and fail alone."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from featlearn.sweeps.chunks import Chunk
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.executors import DaskExecutor, Executor, Work
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.points import Job
from featlearn.sweeps.retries import MOST_DEATHS, Retries
from featlearn.sweeps.run import run_sweep
from tests.sweeps.small import journal, new_sweep, sweep_file, table


@pytest.fixture
def chunk(tmp_path: Path) -> Chunk:
    """Four points."""
    points = load_sweep(sweep_file(tmp_path, "seeds: 4")).points()
    jobs = tuple(Job(point.id, point.config) for point in points if point.config is not None)
    return Chunk(jobs, None, 4.0)


def names(chunk: Chunk | None) -> list[str] | None:
    return None if chunk is None else [job.id for job in chunk.jobs]


def test_a_chunk_whose_worker_dies_is_tried_point_by_point_beside_others(chunk: Chunk) -> None:
    retries = Retries()
    assert retries.next(0) is None
    assert retries.after_death(chunk, {"p0001"}) == []
    assert [names(retries.next(5)) for _ in range(4)] == [["p0000"], ["p0002"], ["p0003"], None]


def test_a_point_whose_worker_dies_is_tried_again_alone_and_then_fails(chunk: Chunk) -> None:
    retries = Retries()
    retries.after_death(chunk, {"p0001", "p0002", "p0003"})
    single = retries.next(3)
    assert single is not None
    assert names(single) == ["p0000"]
    assert retries.after_death(single, set()) == []
    assert retries.next(1) is None, "nothing else may be computed beside it"
    suspect = retries.next(0)
    assert suspect is not None
    assert names(suspect) == ["p0000"]
    (failed,) = retries.after_death(suspect, set())
    assert (failed.id, failed.status) == ("p0000", "failed")
    assert failed.message is not None
    assert f"died {MOST_DEATHS} times" in failed.message
    assert retries.next(0) is None


def test_a_point_that_ended_before_its_worker_died_is_not_tried_again(chunk: Chunk) -> None:
    retries = Retries()
    assert retries.after_death(chunk, {job.id for job in chunk.jobs}) == []
    assert retries.next(0) is None


def test_a_chunk_that_raises_is_tried_point_by_point_and_a_point_that_raises_fails(chunk: Chunk) -> None:
    retries = Retries()
    assert retries.after_error(chunk, {"p0000", "p0001"}, ValueError("why"), "trace") == []
    single = retries.next(7)
    assert single is not None
    assert names(single) == ["p0002"]
    (failed,) = retries.after_error(single, set(), ValueError("why"), "trace")
    assert (failed.id, failed.status, failed.message, failed.traceback) == (
        "p0002",
        "failed",
        "ValueError: why",
        "trace",
    )
    assert names(retries.next(7)) == ["p0003"]
    assert retries.next(0) is None


# --- with workers that die ----------------------------------------------------------------------


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


@pytest.mark.slow
def test_workers_that_are_killed_once_cost_nothing(tmp_path: Path) -> None:
    (tmp_path / "marks").mkdir()
    directory = new_sweep(tmp_path, "seeds: 20")
    assert _run_deadly(directory, ("p0003", "p0011"), tmp_path / "marks").state.counts == {"done": 20}
    assert Counter(line["id"] for line in journal(directory)).most_common(1)[0][1] == 1


@pytest.mark.slow
def test_a_point_that_always_kills_its_worker_fails_alone(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "seeds: 20")
    assert _run_deadly(directory, ("p0003", "p0011")).state.counts == {"done": 18, "failed": 2}
    failed = [row for row in table(directory) if row["status"] == "failed"]
    assert [row["id"] for row in failed] == ["p0003", "p0011"]
    assert all("worker process died 3 times" in row["message"] for row in failed)
