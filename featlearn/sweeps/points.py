"""Compute the points of a sweep. A point that fails does not affect the others."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from featlearn.config.build import ScaleTooLarge
from featlearn.config.model import Config
from featlearn.runs.batch import Experiment, groups_of, run_group
from featlearn.runs.directory import RunDirectory
from featlearn.runs.open_files import most_open_runs
from featlearn.runs.places import check_own, discard, run_inside
from featlearn.runs.recorder import Ending, Recorder
from featlearn.runs.records import PointResult, RunInfo
from featlearn.runs.threads import one_blas_thread
from featlearn.runs.train import first_info
from featlearn.storage.digests import InvalidFile
from featlearn.storage.errors import RunError
from featlearn.training.column import Row
from featlearn.training.events import Event, Logged
from featlearn.training.networks import InfeasibleTeacher

_WRITERS = 8  # runs whose files are begun or finished at the same time
_LOCK_SECONDS = 10.0  # how long the worker of a killed process may still hold the lock of a run
CHECKPOINT_SECONDS = 10.0  # between two checkpoints of each run of a batch


@dataclass(frozen=True)
class Job:
    """A point of a sweep to compute; ``again``: what an earlier attempt left is thrown away."""

    id: str
    config: Config
    again: bool = False


def failure(job: Job, message: str, trace: str | None = None) -> PointResult:
    """The result of a job that could not be computed."""
    return PointResult(id=job.id, config_hash=job.config.digest(), status="failed", message=message, traceback=trace)


def compute(
    jobs: Sequence[Job],
    runs: Path | None,
    interrupted: Callable[[], bool] = lambda: False,
    watch: Callable[[Event], None] = lambda event: None,
) -> Iterator[PointResult]:
    """The result of each job as it ends; jobs that an interruption cut off have none.

    When a batch raises an exception, its members are run one by one, so that only the one that raises fails, with its
    traceback.

    Args:
        runs: where their run directories are made, or found and resumed; None keeps nothing but the results.
        interrupted, watch: see ``recorder.follow``.
    Raises:
        OSError: when the run directories cannot be written.
    """
    if runs is not None:
        RunDirectory.clear(runs)
    with one_blas_thread():
        left = list(jobs)
        while left and not interrupted():
            most = len(left) if runs is None else most_open_runs()
            now, left = left[:most], left[most:]
            yield from _compute_at_once(now, runs, interrupted, watch)


def _compute_at_once(
    jobs: Sequence[Job], runs: Path | None, interrupted: Callable[[], bool], watch: Callable[[Event], None]
) -> Iterator[PointResult]:
    """As ``compute``, with all run directories open at once."""
    attempts: list[Future[_Attempt | PointResult]] = []
    try:
        with _writers(runs) as pool:
            attempts = [pool.submit(_attempt, job, runs) for job in jobs]
        ready = [found for attempt in attempts if isinstance(found := attempt.result(), _Attempt)]
        yield from (found for attempt in attempts if isinstance(found := attempt.result(), PointResult))
        for members in groups_of([attempt.experiment for attempt in ready]):
            if not interrupted():
                yield from _run_together([ready[i] for i in members], runs, interrupted, watch)
    finally:
        for attempt in attempts:
            if attempt.exception() is None and isinstance(found := attempt.result(), _Attempt):
                found.keeper.release()


def _writers(runs: Path | None) -> ThreadPoolExecutor:
    """Threads in which files of several runs are written: most of that time is waiting for the disk."""
    return ThreadPoolExecutor(1 if runs is None else _WRITERS)


@dataclass
class _SummaryKeeper:
    """Keeps the result of a point without a run directory."""

    job: Job
    pool: ThreadPoolExecutor | None = None  # nothing is to be written
    began: float = field(default_factory=time.perf_counter)
    final: Row | None = None
    loss_floor: float = 0.0
    result: PointResult | None = None
    is_finished = True

    def take(self, event: Event) -> None:
        if isinstance(event, Logged):
            self.final = event.row | {"seconds": time.perf_counter() - self.began}
            if np.isfinite(event.loss_floor):
                self.loss_floor = event.loss_floor

    def finish(self, status: Ending, message: str | None = None, trace: str | None = None) -> None:
        if status != "interrupted":
            self.result = PointResult(
                id=self.job.id,
                config_hash=self.job.config.digest(),
                status=status,
                final=self.final,
                loss_floor=None if self.job.config.teacher is None else self.loss_floor,
                seconds=time.perf_counter() - self.began,
                message=message,
                traceback=trace,
            )

    def release(self) -> None:
        pass


class _DirectoryKeeper(Recorder):
    """Keeps the run directory of a point; its last files are written in a thread of their own."""

    point = ""
    pool: ThreadPoolExecutor | None = None
    _ending: Future[None] | None = None

    def finish(self, status: Ending, message: str | None = None, trace: str | None = None) -> None:
        assert self.pool is not None
        self._ending = self.pool.submit(super().finish, status, message, trace)

    @property
    def is_finished(self) -> bool:
        """Whether ``result`` is there without waiting."""
        return self._ending is None or self._ending.done()

    @property
    def result(self) -> PointResult | None:
        """Waits until the run is finished. Raises OSError when its files could not be written."""
        if self._ending is not None:
            self._ending.result()
        return PointResult.of_info(self.point, self.info)

    def release(self) -> None:
        if self._ending is not None:
            wait([self._ending])
        self.run.release()


@dataclass(frozen=True)
class _Attempt:
    """A job that is ready to run, and what keeps its results."""

    job: Job
    experiment: Experiment
    keeper: _SummaryKeeper | _DirectoryKeeper


def _run_together(
    batch: list[_Attempt], runs: Path | None, interrupted: Callable[[], bool], watch: Callable[[Event], None]
) -> Iterator[PointResult]:
    keepers = [attempt.keeper for attempt in batch]
    ending: list[int] = []
    left = list(range(len(batch)))
    with _writers(runs) as pool:
        for keeper in keepers:
            keeper.pool = pool
        try:
            for i in run_group(
                [attempt.experiment for attempt in batch],
                keepers,
                interrupted=interrupted,
                watch=watch,
                every_row=runs is not None,
            ):
                left.remove(i)
                ending.append(i)
                while ending and keepers[ending[0]].is_finished:
                    yield from _ended(keepers[ending.pop(0)])
        except OSError:
            raise
        except Exception as error:
            if len(batch) == 1:
                message, trace = f"{type(error).__name__}: {error}", traceback.format_exc()
                keepers[0].finish("failed", message, trace)
                yield failure(batch[0].job, message, trace)
                return
            for i in left:
                if not interrupted():
                    keepers[i].release()
                    yield from _compute_at_once([batch[i].job], runs, interrupted, watch)
        for i in ending:
            yield from _ended(keepers[i])


def _ended(keeper: _SummaryKeeper | _DirectoryKeeper) -> Iterator[PointResult]:
    """The result of a run that has ended, if it has one; its directory is released."""
    result = keeper.result
    keeper.release()
    if result is not None:
        yield result


def _attempt(job: Job, runs: Path | None) -> _Attempt | PointResult:
    """A job that is ready to run, or the result that it has already, or why it cannot run."""
    try:
        experiment = Experiment.of(job.config)
        if runs is None:
            return _Attempt(job, experiment, _SummaryKeeper(job))
        return _in_directory(job, experiment, run_inside(runs, job.id))
    except (InfeasibleTeacher, InvalidFile, ScaleTooLarge, RunError) as error:
        return failure(job, str(error))
    except OSError:
        raise
    except Exception as error:
        return failure(job, f"{type(error).__name__}: {error}", traceback.format_exc())


def _in_directory(job: Job, experiment: Experiment, run: RunDirectory) -> _Attempt | PointResult:
    if run.path.exists():
        check_own(run, job.config)
        try:
            there = _what_is_there(job, experiment, run)
        except BaseException:
            run.release()
            raise
        if isinstance(there, _Attempt):
            return there
        run.release()
        if there is not None:
            return there
        discard(run)
    info = first_info(job.config, experiment.backend)
    run = RunDirectory.create_at(run.path, job.config, info)
    return _Attempt(job, experiment, _keeper(job, experiment, run, info))


def _what_is_there(job: Job, experiment: Experiment, run: RunDirectory) -> _Attempt | PointResult | None:
    """The result of a run that has ended, or where one goes on; None for one that is to begin again."""
    if not run.info_file.is_file():
        return None
    run.lock(_LOCK_SECONDS)
    info = None if job.again or not run.metrics_file.is_file() else run.info_of(job.config)
    if info is None:
        return None
    if (result := PointResult.of_info(job.id, info)) is not None:
        return result
    keeper = _keeper(job, experiment, run, info)
    try:
        return _Attempt(job, replace(experiment, start=keeper.restore(experiment.start)), keeper)
    except RunError:  # its files are broken
        return None


def _keeper(job: Job, experiment: Experiment, run: RunDirectory, info: RunInfo) -> _DirectoryKeeper:
    keeper = _DirectoryKeeper(
        run,
        experiment.problem,
        experiment.plan,
        info,
        CHECKPOINT_SECONDS,
        floors=job.config.log.floors,
        curvature=job.config.log.curvature,
    )
    keeper.point = job.id
    return keeper
