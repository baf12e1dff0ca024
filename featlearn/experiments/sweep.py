"""Sweeps: thousands of experiments, each of which ends alone, whatever becomes of the others or of this process."""

from __future__ import annotations

import difflib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from featlearn.experiments import environment
from featlearn.experiments.batch import Job, PointResult, compute
from featlearn.experiments.costs import Costs, Shape, cores
from featlearn.experiments.executors import Executor, Outcome
from featlearn.experiments.interruption import interruptible
from featlearn.experiments.runs import RunError
from featlearn.experiments.sweep_directory import WHOLE, Entry, Shard, SweepDirectory, one_at_a_time
from featlearn.experiments.sweep_file import Point, Sweep, load_sweep
from featlearn.experiments.yaml_source import Complaint, ConfigError, dump_yaml
from featlearn.training.descent import Event

DEATHS = 3  # of its worker, after which a point has failed
_CHUNK_SECONDS = 10.0  # of work that is lost when a process dies
_CHUNK_RUNS = 256
_CHUNK_BYTES = 1e9
_SAMPLE = 300  # points, at most, that the work of all is estimated from
_TICK_SECONDS = 0.1  # between two signs of life
_TABLE_SECONDS = 30.0  # between two writings of results.csv


@dataclass
class SweepState:
    """Where a sweep is; handed to whoever watches.

    Attributes:
        total: points of the sweep, or of the share that this process works on.
        counts: ended points by status.
        running: points in flight.
        computed: points that this process has ended; ``work`` and ``work_done`` are seconds by estimate.
        best_loss: the least final loss.
    """

    directory: SweepDirectory
    total: int
    counts: Counter[str] = field(default_factory=Counter)
    running: int = 0
    computed: int = 0
    work: float = 0.0
    work_done: float = 0.0
    fraction: float = 0.0  # of the work in flight
    best_loss: float | None = None
    began: float = field(default_factory=time.perf_counter)

    def count(self, result: PointResult) -> None:
        self.counts[result.status] += 1
        loss = (result.final or {}).get("loss")
        if result.status == "done" and loss is not None:
            self.best_loss = loss if self.best_loss is None else min(loss, self.best_loss)

    @property
    def ended(self) -> int:
        return self.counts.total()

    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def seconds_left(self) -> float | None:
        """By the pace so far."""
        done = self.work_done + self.fraction
        return None if done <= 0 else self.seconds() * (self.work - done) / done


Watcher = Callable[[SweepState], None]


@dataclass(frozen=True)
class SweepResult:
    """How a sweep, or one share of it, ended.

    Attributes:
        status: "done" (every point has ended), "interrupted" or "stopped" (by a failure that was to stop it).
        state: the last.
    """

    status: str
    state: SweepState

    @property
    def failures(self) -> int:
        return self.state.ended - self.state.counts["done"]


# --- beginning ----------------------------------------------------------------------------------


def begin(sweep: Sweep, runs_dir: Path, shards: int = 1) -> SweepDirectory:
    """Make the directory of a sweep, with all its points in the manifest.

    Raises:
        ConfigError: when no point at all can run.
        RunError: when the directory cannot be made.
    """
    info = {
        "name": sweep.config.name,
        "created": datetime.now().astimezone().isoformat(timespec="seconds"),
        "shards": shards,
        "versions": environment.versions(),
        "machine": environment.machine(),
        "git": environment.git(),
    }
    try:
        return SweepDirectory.create(runs_dir, sweep, _feasible(sweep), info)
    except OSError as error:
        raise RunError(f"cannot make a sweep directory in {runs_dir}: {error.strerror or error}") from None


def _feasible(sweep: Sweep) -> Iterator[Point]:
    """The points; ConfigError at their end when none of them has a configuration."""
    problems: dict[str, None] = {}
    some = False
    for point in sweep.points():
        some = some or point.config is not None
        if not some and point.problem is not None and len(problems) < 20:
            problems.setdefault(point.problem)
        yield point
    if not some:
        raise ConfigError([Complaint(sweep.place, "(every point)", problem) for problem in problems])


def join(sweep: Sweep, runs_dir: Path, shard: Shard) -> SweepDirectory:
    """The directory in which the shares of a sweep meet: the newest where this share is not done, or a new one.

    Shares that were killed go on where they were; one that is done begins the sweep anew.

    Raises:
        As ``begin``.
    """
    with one_at_a_time(runs_dir):
        for directory in reversed(SweepDirectory.all_in(runs_dir)):
            try:
                info = directory.read_info()
            except RunError:  # another sweep's matter
                continue
            if (info["digest"], info.get("shards")) != (sweep.digest(), shard.count):
                continue
            if shard not in directory.shards_begun() or not _is_done(directory, shard):
                return directory
            break
        return begin(sweep, runs_dir, shard.count)


def _is_done(directory: SweepDirectory, shard: Shard) -> bool:
    results = directory.read_results()
    return all(entry.id in results for place, entry in enumerate(directory.read_manifest()) if shard.holds(place))


def check_same(directory: SweepDirectory, sweep: Sweep) -> None:
    """Refuse to go on with a sweep whose file has changed.

    Raises:
        RunError: with the difference.
    """
    info = directory.read_info()
    if sweep.digest() != info["digest"]:
        before, after = (dump_yaml(plain).splitlines() for plain in (info["sweep"], sweep.plain()))
        lines = difflib.unified_diff(before, after, "the sweep as it began", "the sweep file now", lineterm="", n=1)
        text = f"the sweep file has changed since {directory.path} was begun; start a new sweep without --resume"
        raise RunError("\n".join([text, *lines]))


# --- running ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Chunk:
    """Points that go through the backend together; the one task of an executor."""

    jobs: tuple[Job, ...]
    runs: Path | None
    work: float
    suspect: bool = False  # a worker died of it before

    def without(self, ended: set[str]) -> list[_Chunk]:
        """What is left of it, point by point."""
        left = [job for job in self.jobs if job.id not in ended]
        return [_Chunk((job,), self.runs, self.work / len(self.jobs), len(self.jobs) == 1) for job in left]


def _compute(chunk: _Chunk) -> Iterator[PointResult]:
    return compute(chunk.jobs, chunk.runs)


def run_sweep(
    directory: SweepDirectory,
    executor: Callable[[], Executor],
    *,
    shard: Shard = WHOLE,
    retry_failed: bool = False,
    fail_fast: bool = False,
    watch: Watcher = lambda state: None,
    go_on: str | None = None,
) -> SweepResult:
    """Compute the points of a sweep that have not ended yet.

    Args:
        directory: see ``begin`` and ``join``.
        executor: makes the engine, once it is known that there is something to do.
        shard: the share of the points that is this process's.
        retry_failed: points that failed or diverged are computed again.
        fail_fast: stop at the first point that fails or diverges.
        watch: called now and then, and after every point.
        go_on: what to type to go on, for a sweep that is part of something larger.
    Raises:
        RunError: when the directory is in use, broken, of another version, or cannot be written.
        ConfigError: when its sweep file was damaged.
    """
    directory.lock(shard)
    try:
        return _Run(directory, shard, retry_failed, fail_fast, watch).run(executor)
    except OSError as error:
        text = f"{directory.path} cannot be written: {error.strerror or error}"
        raise RunError(f"{text}; go on with: {go_on or resume_command(directory, shard)}") from None
    finally:
        directory.release()


def estimate(sweep: Sweep, places: Sequence[int]) -> tuple[Costs, float]:
    """What the points at some places of a sweep cost, and the seconds of all of them on one core."""
    rng = np.random.default_rng(0)
    sample = places if len(places) <= _SAMPLE else rng.choice(np.array(places), _SAMPLE, replace=False).tolist()
    configs = [point.config for _, point in sweep.points_at(set(sample)) if point.config is not None]
    costs = Costs(configs)
    return costs, len(places) * sum(map(costs.seconds, configs)) / max(1, len(configs))


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep, or a share of it, would do.

    Attributes:
        points: in the share.
        infeasible: how many of them cannot run, by reason.
        seconds: of work, on one core.
    """

    sweep: Sweep
    points: int
    infeasible: dict[str, int]
    seconds: float


def plan(sweep: Sweep, shard: Shard) -> SweepPlan:
    """What a sweep would do, from a short calibration; nothing is written."""
    mine = {place for place in range(len(sweep)) if shard.holds(place)}
    infeasible: Counter[str] = Counter()
    feasible = []
    for place, point in sweep.points_at(mine):
        if point.problem is None:
            feasible.append(place)
        else:
            infeasible[point.problem] += 1
    if not feasible:
        raise ConfigError([Complaint(sweep.place, "(every point)", problem) for problem in infeasible])
    return SweepPlan(sweep, len(mine), dict(infeasible), estimate(sweep, feasible)[1])


def resume_command(directory: SweepDirectory, shard: Shard = WHOLE) -> str:
    """What to type to go on."""
    part = "" if shard.count == 1 else f" --shard {shard.number}/{shard.count}"
    return f"featlearn sweep --resume {directory.path}{part}"


class _Run:
    """One process's work on a sweep."""

    def __init__(
        self, directory: SweepDirectory, shard: Shard, retry_failed: bool, fail_fast: bool, watch: Watcher
    ) -> None:
        self.directory, self.shard, self.fail_fast, self.watch = directory, shard, fail_fast, watch
        self.sweep = load_sweep(directory.sweep_file)
        check_same(directory, self.sweep)
        self.axes = directory.read_info()["axes"]
        self.entries = directory.read_manifest()
        if len(self.entries) != len(self.sweep):
            told = f"{directory.manifest_file} has {len(self.entries)} points, {directory.sweep_file} makes"
            raise RunError(f"{told} {len(self.sweep)}: one of them was changed since the sweep was begun")
        if self.sweep.config.store == "full":
            directory.check_runs()
        self.results = directory.read_results()
        mine = [(place, entry) for place, entry in enumerate(self.entries) if shard.holds(place)]
        self.state = SweepState(directory, len(mine))
        self.todo: dict[int, Entry] = {}
        self.again: set[str] = set()  # points that are computed another time
        self.ended: set[str] = set()  # by this process
        self.deaths: Counter[str] = Counter()
        for place, entry in mine:
            result = self.results.get(entry.id)
            if result is None or result.config_hash != entry.config_hash:
                self.todo[place] = entry
            elif retry_failed and result.status != "done":
                self.todo[place] = entry
                self.again.add(entry.id)
            else:
                self.state.count(result)
        self.singles: deque[_Chunk] = deque()  # of chunks that died
        self.suspects: deque[_Chunk] = deque()  # points that died alone: to be tried with nothing else in flight
        self.stop = False
        self.last_table = self.last_tick = time.perf_counter()

    def run(self, make_executor: Callable[[], Executor]) -> SweepResult:
        status = "done"
        with interruptible() as interrupted:
            self.watch(self.state)
            if self.todo:
                for entry in self.todo.values():
                    if entry.problem is not None and not (self.stop or interrupted()):
                        self._take(PointResult(entry.id, entry.config_hash, "failed", message=entry.problem))
                executor = make_executor()
                try:
                    executor.check(self.directory.info_file if self.sweep.config.store == "full" else None)
                    self._work(executor, interrupted)
                finally:
                    executor.close()
            if self.state.ended < self.state.total:
                status = "interrupted" if interrupted() else "stopped"
            self._write_table()
        return SweepResult(status, self.state)

    def _work(self, executor: Executor, interrupted: Callable[[], bool]) -> None:
        def compute_here(chunk: _Chunk) -> Iterator[PointResult]:
            stop, tick = lambda: interrupted() or self.stop, partial(self._tick, chunk)
            return compute(chunk.jobs, chunk.runs, interrupted=stop, watch=tick)

        work, chunks = (compute_here if executor.local else _compute), self._chunks(executor)
        while not (interrupted() or self.stop):
            while executor.in_flight() < executor.capacity() and (chunk := self._next(chunks, executor)) is not None:
                executor.submit(work, chunk)
                self.state.running += len(chunk.jobs)
            if not executor.in_flight():
                return
            for outcome in executor.outcomes(0.2):
                self._handle(outcome)
                if not executor.local and (self.stop or interrupted()):  # here, the work itself stops in good order
                    break
            self.watch(self.state)
            if time.perf_counter() - self.last_table > _TABLE_SECONDS:
                self._write_table()

    def _next(self, chunks: Iterator[_Chunk], executor: Executor) -> _Chunk | None:
        chunk = next(chunks, None)
        if chunk is None and self.singles:
            chunk = self.singles.popleft()
        if chunk is None and self.suspects and not executor.in_flight():
            chunk = self.suspects.popleft()
        return chunk

    def _handle(self, outcome: Outcome) -> None:
        chunk: _Chunk = outcome.task
        for result in outcome.results:
            self._take(result)
            self.state.running -= 1
            self.state.work_done += chunk.work / len(chunk.jobs)
        if not outcome.ended:
            return
        if isinstance(outcome.error, OSError):
            raise outcome.error
        left = chunk.without(self.ended)
        self.state.running -= len(left)
        self.state.fraction = 0.0
        if outcome.error is None and not outcome.lost:
            return  # what is left was interrupted
        for single in left:
            job = single.jobs[0]
            if outcome.lost:
                self.deaths[job.id] += 1
            if outcome.lost and self.deaths[job.id] < DEATHS:
                (self.suspects if single.suspect else self.singles).append(single)
            elif outcome.lost:
                text = f"the worker process died {DEATHS} times while it computed this point (killed, or out of memory)"
                self._take(PointResult.failure(job, text))
            elif len(chunk.jobs) > 1:
                self.singles.append(single)
            else:
                error = outcome.error
                self._take(PointResult.failure(job, f"{type(error).__name__}: {error}", outcome.trace))

    def _take(self, result: PointResult) -> None:
        """Write a result down."""
        before = self.results.get(result.id)
        result = replace(result, attempt=1 if before is None else before.attempt + 1)
        self.directory.append_result(result)
        self.results[result.id] = result
        self.ended.add(result.id)
        self.state.count(result)
        self.state.computed += 1
        self.stop = self.stop or (self.fail_fast and result.status != "done")
        self.watch(self.state)

    def _tick(self, chunk: _Chunk, event: Event) -> None:
        """A sign of life from within this process."""
        now = time.perf_counter()
        if now - self.last_tick < _TICK_SECONDS:
            return
        self.last_tick = now
        left = sum(job.id not in self.ended for job in chunk.jobs) / len(chunk.jobs)
        self.state.fraction = left * chunk.work * event.position.step / max(1, Shape.of(chunk.jobs[0].config).steps)
        self.watch(self.state)

    def _write_table(self) -> None:
        with self.directory.writing_results():
            if self.shard.count > 1:
                self.results |= self.directory.read_results()  # what the other shares have done since
            self.directory.write_results(self.axes, self.entries, self.results)
        self.last_table = time.perf_counter()

    # --- chunks -----------------------------------------------------------------------------------

    def _jobs(self) -> Iterator[Job]:
        """The points to compute, with their configurations."""
        wanted = {place for place, entry in self.todo.items() if entry.problem is None}
        for place, point in self.sweep.points_at(wanted):
            entry = self.entries[place]
            if point.config is None:  # it had one: a weight file has gone since
                self._take(PointResult(entry.id, entry.config_hash, "failed", message=point.problem))
                continue
            if point.config_hash != entry.config_hash:
                made = self.directory.read_info()["versions"].get("featlearn")
                raise RunError(
                    f"{self.directory.path}: point {entry.id} has another configuration than its manifest says; "
                    f"the sweep was begun by featlearn {made} or its files were changed: start a new one"
                )
            yield Job(entry.id, point.config, again=entry.id in self.again)

    def _chunks(self, executor: Executor) -> Iterator[_Chunk]:
        runs = self.directory.runs if self.sweep.config.store == "full" else None
        left = [place for place, entry in self.todo.items() if entry.problem is None]
        costs, self.state.work = estimate(self.sweep, left)
        share = len(left) if executor.local else -(-len(left) // (4 * executor.capacity()))
        open_chunks: dict[Any, list[Job]] = {}
        for job in self._jobs():
            shape = Shape.of(job.config)
            seconds = costs.seconds(job.config) / (cores() if executor.local else 1)
            most = int(min(_CHUNK_RUNS, _CHUNK_SECONDS / max(seconds, 1e-9), _CHUNK_BYTES / shape.bytes(), share))
            most = max(most, cores() if executor.local else 1)
            group = open_chunks.setdefault(shape, [])
            group.append(job)
            if len(group) >= most:
                yield _chunk(open_chunks.pop(shape), runs, costs)
        for group in open_chunks.values():
            yield _chunk(group, runs, costs)


def _chunk(jobs: Sequence[Job], runs: Path | None, costs: Costs) -> _Chunk:
    return _Chunk(tuple(jobs), runs, sum(costs.seconds(job.config) for job in jobs))
