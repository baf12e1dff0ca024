"""Many experiments at once: those of equal shape share each call of the backend, and none can tell."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from featlearn.experiments.config import Config
from featlearn.experiments.files import InvalidFile
from featlearn.experiments.places import discard, run_inside
from featlearn.experiments.problem import build
from featlearn.experiments.recorder import Keeper, Recorder, follow
from featlearn.experiments.run import backend_of, first_info
from featlearn.experiments.runs import RunDirectory, RunError, RunInfo
from featlearn.training.backends import Backend
from featlearn.training.descent import Event, Logged, Plan, Start
from featlearn.training.measurement import Row
from featlearn.training.networks import InfeasibleTeacher
from featlearn.training.problem import Problem

_LOCK_SECONDS = 10.0  # that another process may hold a run of ours
CHECKPOINT_SECONDS = 10.0  # between two checkpoints of each run of a batch


@dataclass(frozen=True)
class Built:
    """One experiment, ready to run (B = 1)."""

    problem: Problem
    plan: Plan
    start: Start
    backend: Backend

    @classmethod
    def of(cls, config: Config) -> Built:
        """Raises InfeasibleTeacher, InvalidFile, RunError."""
        return cls(*build(config), backend_of(config))

    def group(self) -> Hashable:
        """Equal for two experiments that can go through the descent loop together."""
        state, at_row = self.start.state, self.start.at_row
        shapes = self.problem.teacher_first_layer.shape, state.first_layer.shape, state.first_layer.dtype
        place = self.start.position, self.start.start_loss is None, None if at_row is None else at_row.stage_step
        memory = tuple(state.memory), None if at_row is None else tuple(at_row.state.memory)
        data = None if self.problem.data is None else type(self.problem.data[0])
        scaled = None if self.problem.scaled is None else self.problem.scaled.second_layer.shape
        kind = self.problem.activation, self.backend.name, self.backend.device, data, scaled
        return self.plan.shape(), shapes, place, memory, kind


def _follow(
    built: Sequence[Built],
    keepers: Sequence[Keeper],
    *,
    interrupted: Callable[[], bool] = lambda: False,
    watch: Callable[[Event], None] = lambda event: None,
    every_row: bool = True,
) -> Iterator[int]:
    """Run experiments of one group together; yields which have ended. Their samples are let go in the end."""
    problem, start = Problem.stack([b.problem for b in built]), Start.stack([b.start for b in built])
    plans, backend = [b.plan for b in built], built[0].backend
    try:
        yield from follow(
            problem, plans, backend, start, keepers, interrupted=interrupted, watch=watch, every_row=every_row
        )
    finally:
        problem.release_data()


def _groups(built: Sequence[Built]) -> list[list[int]]:
    groups: dict[Hashable, list[int]] = {}
    for i, one in enumerate(built):
        groups.setdefault(one.group(), []).append(i)
    return list(groups.values())


# --- in memory ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class MemoryRun:
    """What one run of a batch logged, and its final weights (m) and (m, d)."""

    rows: list[Row]
    status: str  # "done" or "diverged"
    second_layer: np.ndarray
    first_layer: np.ndarray


@dataclass
class _Memory:
    """The keeper of a ``MemoryRun``."""

    rows: list[Row] = field(default_factory=list)
    status: str = "running"
    last: Logged | None = None

    def take(self, event: Event) -> None:
        if isinstance(event, Logged):
            self.rows.append(event.row)
            self.last = event

    def finish(self, status: str, message: str | None = None, trace: str | None = None) -> None:
        self.status = status

    def run(self) -> MemoryRun:
        assert self.last is not None
        state = self.last.state
        return MemoryRun(self.rows, self.status, state.second_layer[0], state.first_layer[0])


def run_batch(configs: Sequence[Config]) -> list[MemoryRun]:
    """Run many experiments without writing anything; those of equal shape share each call of the backend.

    Each result is bit for bit the one that its configuration gives alone ("seconds" apart, which stays None).

    Raises:
        networks.InfeasibleTeacher, files.InvalidFile, RunError: as ``train``; nothing has run then.
    """
    with threadpool_limits(1, user_api="blas"):
        built = [Built.of(config) for config in configs]
        kept = [_Memory() for _ in configs]
        for members in _groups(built):
            for _ in _follow([built[i] for i in members], [kept[i] for i in members]):
                pass
    return [memory.run() for memory in kept]


# --- the points of a sweep ----------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """A point of a sweep to compute; ``again``: what an earlier attempt left is thrown away."""

    id: str
    config: Config
    again: bool = False


@dataclass(frozen=True)
class PointResult:
    """How a point ended, as the journal keeps it: ``final`` is its last metrics row."""

    id: str
    config_hash: str
    status: str  # "done", "diverged" or "failed"
    final: Row | None = None
    loss_floor: float | None = None
    seconds: float = 0.0
    message: str | None = None
    traceback: str | None = None
    attempt: int = 1

    @classmethod
    def failure(cls, job: Job, message: str, trace: str | None = None) -> PointResult:
        return cls(job.id, job.config.digest(), "failed", message=message, traceback=trace)

    @classmethod
    def of_info(cls, point: str, info: RunInfo) -> PointResult:
        """What ``run.json`` says of a point that has a run directory."""
        names = ("config_hash", "status", "final", "loss_floor", "seconds", "message", "traceback")
        known: dict[str, Any] = {name: info.get(name) for name in names}
        return cls(point, **known)


def compute(
    jobs: Sequence[Job],
    runs: Path | None,
    interrupted: Callable[[], bool] = lambda: False,
    watch: Callable[[Event], None] = lambda event: None,
) -> Iterator[PointResult]:
    """The result of each job as it ends; jobs that an interruption cut off have none.

    An experiment that raises ends alone, with its traceback: a batch that raises is taken apart and its members run
    one by one.

    Args:
        jobs: the points.
        runs: where their run directories are made, or found and gone on with; None keeps nothing but the results.
        interrupted, watch: see ``recorder.follow``.
    Raises:
        OSError: when the run directories cannot be written.
    """
    with threadpool_limits(1, user_api="blas"):
        ready: list[_Attempt] = []
        for job in jobs:
            attempt = _attempt(job, runs)
            if isinstance(attempt, PointResult):
                yield attempt
            else:
                ready.append(attempt)
        try:
            for members in _groups([a.built for a in ready]):
                if not interrupted():
                    yield from _run_together([ready[i] for i in members], runs, interrupted, watch)
        finally:
            for attempt in ready:
                attempt.keeper.release()


@dataclass
class _Summary:
    """The keeper of a point without a run directory."""

    job: Job
    began: float = field(default_factory=time.perf_counter)
    final: Row | None = None
    loss_floor: float = 0.0
    result: PointResult | None = None

    def take(self, event: Event) -> None:
        if isinstance(event, Logged):
            self.final = event.row | {"seconds": time.perf_counter() - self.began}
            if np.isfinite(event.loss_floor):
                self.loss_floor = event.loss_floor

    def finish(self, status: str, message: str | None = None, trace: str | None = None) -> None:
        if status != "interrupted":
            seconds, digest = time.perf_counter() - self.began, self.job.config.digest()
            ending = status, self.final, self.loss_floor, seconds, message, trace
            self.result = PointResult(self.job.id, digest, *ending)

    def release(self) -> None:
        pass


class _Directory(Recorder):
    """The keeper of a point with a run directory."""

    point = ""

    @property
    def result(self) -> PointResult | None:
        ended = self.info["status"] in ("done", "diverged", "failed")
        return PointResult.of_info(self.point, self.info) if ended else None

    def release(self) -> None:
        self.run.release()


@dataclass(frozen=True)
class _Attempt:
    job: Job
    built: Built
    keeper: _Summary | _Directory


def _run_together(
    batch: list[_Attempt], runs: Path | None, interrupted: Callable[[], bool], watch: Callable[[Event], None]
) -> Iterator[PointResult]:
    keepers = [attempt.keeper for attempt in batch]
    ended: set[int] = set()
    try:
        for i in _follow(
            [attempt.built for attempt in batch],
            keepers,
            interrupted=interrupted,
            watch=watch,
            every_row=runs is not None,
        ):
            ended.add(i)
            result = keepers[i].result
            keepers[i].release()
            if result is not None:
                yield result
    except OSError:
        raise
    except Exception as error:
        if len(batch) == 1:
            keepers[0].finish("failed", f"{type(error).__name__}: {error}", traceback.format_exc())
            yield PointResult.failure(batch[0].job, f"{type(error).__name__}: {error}", traceback.format_exc())
            return
        for i, attempt in enumerate(batch):
            if i not in ended and not interrupted():
                attempt.keeper.release()
                yield from compute([attempt.job], runs, interrupted, watch)


def _attempt(job: Job, runs: Path | None) -> _Attempt | PointResult:
    """A job with its networks and its keeper, or the result that it has already, or why it has none."""
    try:
        built = Built.of(job.config)
        if runs is None:
            return _Attempt(job, built, _Summary(job))
        return _in_directory(job, built, run_inside(runs, job.id))
    except (InfeasibleTeacher, InvalidFile, RunError) as error:
        return PointResult.failure(job, str(error))
    except OSError:
        raise
    except Exception as error:
        return PointResult.failure(job, f"{type(error).__name__}: {error}", traceback.format_exc())


def _in_directory(job: Job, built: Built, run: RunDirectory) -> _Attempt | PointResult:
    there = run.metrics_file.is_file()
    if there:
        _lock_patiently(run)
    info = run.info_of(job.config) if there and not job.again else None
    if info is not None and info["status"] in ("done", "diverged", "failed"):
        run.release()
        return PointResult.of_info(job.id, info)
    if info is not None:
        keeper = _keeper(job, built, run, info)
        try:
            start = keeper.restore(built.start)
            return _Attempt(job, Built(built.problem, built.plan, start, built.backend), keeper)
        except RunError:  # its files are broken: begin again
            pass
    run.release()
    if run.path.exists():
        discard(run, job.config)
    info = first_info(job.config, built.backend)
    run = RunDirectory.create_at(run.path, job.config, info)
    return _Attempt(job, built, _keeper(job, built, run, info))


def _lock_patiently(run: RunDirectory) -> None:
    """Claim a run; the worker of a process that was killed may hold it for a moment longer."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            run.lock()
            return
        except RunError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _keeper(job: Job, built: Built, run: RunDirectory, info: dict[str, Any]) -> _Directory:
    keeper = _Directory(run, built.problem, info, CHECKPOINT_SECONDS, floors=job.config.log.floors)
    keeper.point = job.id
    return keeper
