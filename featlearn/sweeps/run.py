"""Run the points of a sweep. A failed point or a killed process never affects other points."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from featlearn.runs.environment import environment, warn_of
from featlearn.runs.interruption import interruptible
from featlearn.runs.records import PointResult
from featlearn.storage.errors import RunError, reason
from featlearn.sweeps.begin import check_same, refuse_shares, resume_command
from featlearn.sweeps.chunks import Chunk, chunks_of, compute_chunk
from featlearn.sweeps.costs import Cost, Costs, cores
from featlearn.sweeps.directory import WHOLE, Shard, SweepDirectory
from featlearn.sweeps.executors import Executor, Outcome
from featlearn.sweeps.load import stored_sweep
from featlearn.sweeps.plan import estimate
from featlearn.sweeps.points import Job, compute
from featlearn.sweeps.records import Entry
from featlearn.sweeps.retries import Retries
from featlearn.sweeps.search.edges import Searches
from featlearn.sweeps.shape import Shape
from featlearn.sweeps.state import SweepResult, SweepState, Watcher
from featlearn.training.events import Event

_CHUNKS_PER_WORKER = 4  # at least, so that workers end at about the same time
_WAIT_SECONDS = 0.2  # the time to wait for news of an executor
_TICK_SECONDS = 0.1  # between two calls of a watcher while a chunk is computed
_TABLE_SECONDS = 30.0  # between two writings of results.csv


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
        directory: see ``begin.begin`` and ``begin.join``.
        executor: makes the engine, once it is known that there is something to do.
        shard: the share of the points that this process computes.
        retry_failed: points that failed or diverged are computed again.
        fail_fast: stop at the first point that fails or diverges.
        watch: called now and then, and after every point.
        go_on: what to type to resume, for a sweep that is part of something larger.
    Raises:
        RunError: when the directory is in use, broken, of another version, or cannot be written.
        ConfigError: when its sweep file was damaged.
    """
    directory.lock(shard)
    try:
        with interruptible() as interrupted:
            run = _Run(directory, shard, watch, interrupted, retry_failed=retry_failed, fail_fast=fail_fast)
            return run.run(executor)
    except OSError as error:
        text = f"{directory.path} cannot be written: {reason(error)}"
        raise RunError(f"{text}; go on with: {go_on or resume_command(directory, shard)}") from None
    finally:
        directory.release()


class _Results:
    """The results of a sweep: those of earlier processes, and those of this one, written down as they come."""

    def __init__(self, directory: SweepDirectory, shard: Shard) -> None:
        self.entries = directory.read_manifest()
        self.by_id = directory.read_results()
        self._hashes = {entry.id: entry.config_hash for entry in self.entries}
        self.new: set[str] = set()  # the points that this process has ended
        self._directory, self._shard = directory, shard
        self._axes = directory.read_info().axes
        self._environment: str | None = None  # None is the one that began the sweep
        self._last_table = time.perf_counter()

    def extend(self, entries: list[Entry]) -> None:
        """Points that were added."""
        self.entries += entries
        self._hashes |= {entry.id: entry.config_hash for entry in entries}

    def enter(self) -> None:
        """Begin to compute: the results that come are those of the environment of now and here."""
        name, changed = self._directory.enter(environment())
        self._environment = None if name == "e1" else name
        warn_of(changed, self._directory.path, self._directory.info_file)

    def add(self, result: PointResult) -> None:
        """Append a result to the journal, under the hash that the manifest has of its configuration."""
        before = self.by_id.get(result.id)
        attempt = 1 if before is None else before.attempt + 1
        known = {"config_hash": self._hashes[result.id], "environment": self._environment}
        result = result.changed(attempt=attempt, **known)
        self._directory.append_result(result)
        self.by_id[result.id] = result
        self.new.add(result.id)

    def write_table(self) -> None:
        with self._directory.writing_results():
            if self._shard.count > 1:
                self.by_id |= self._directory.read_results()  # what the other shares have done since
            self._directory.write_results(self._axes, self.entries, self.by_id)
        self._last_table = time.perf_counter()

    def write_table_now_and_then(self) -> None:
        if time.perf_counter() - self._last_table > _TABLE_SECONDS:
            self.write_table()


class _Run:
    """The work of one process on a sweep, or on a share of it."""

    def __init__(
        self,
        directory: SweepDirectory,
        shard: Shard,
        watch: Watcher,
        interrupted: Callable[[], bool],
        *,
        retry_failed: bool,
        fail_fast: bool,
    ) -> None:
        self.directory, self.watch, self.interrupted, self.fail_fast = directory, watch, interrupted, fail_fast
        self.sweep = stored_sweep(directory)
        check_same(directory, self.sweep)
        self.results = _Results(directory, shard)
        entries = self.results.entries
        if len(entries) != len(self.sweep):
            told = f"{directory.manifest_file} has {len(entries)} points, {directory.sweep_file} makes"
            raise RunError(f"{told} {len(self.sweep)}: one of them was changed since the sweep was begun")
        refuse_shares(self.sweep, shard)
        self.searches = None if self.sweep.config.find is None else Searches(self.sweep)
        self.costs: Costs | None = None
        if self.sweep.config.store == "full":
            directory.check_runs()
        mine = {place: entry for place, entry in enumerate(entries) if shard.holds(place)}
        self.todo = {place: entry for place, entry in mine.items() if not self._has_ended(entry, retry_failed)}
        self.state = SweepState(directory, len(mine))
        for place in mine.keys() - self.todo.keys():
            self.state.count(self.results.by_id[entries[place].id])
        if self.searches is not None:
            self.state.edges = self.searches.edges(entries, self.results.by_id)
        self.retries = Retries()
        self.has_failed = False
        self.last_tick = time.perf_counter()

    def _has_ended(self, entry: Entry, retry_failed: bool) -> bool:
        """Whether a point is not to be computed: it has a result, of this configuration."""
        result = self.results.by_id.get(entry.id)
        if result is None or result.config_hash != entry.config_hash:
            return False
        return not self._has_failed(result) or not retry_failed

    def _has_failed(self, result: PointResult) -> bool:
        """Whether a result is none to build on; for a search one that diverged is."""
        return result.status == "failed" or (result.status == "diverged" and self.searches is None)

    def stopping(self) -> bool:
        return self.interrupted() or (self.fail_fast and self.has_failed)

    def run(self, make_executor: Callable[[], Executor]) -> SweepResult:
        self.watch(self.state)
        with ExitStack() as stack:
            executor: Executor | None = None
            while self.todo or self._searches_on():
                if executor is None:
                    self.results.enter()
                self._take_infeasible()
                if executor is None:
                    executor = make_executor()
                    stack.callback(executor.close)
                    executor.check(self.directory.info_file if self.sweep.config.store == "full" else None)
                self._work(executor)
                if self.state.ended < self.state.total:
                    break
                self.todo = {}
        self.results.write_table()
        if self.state.ended == self.state.total and not self.directory.read_info().searching:
            return SweepResult("done", self.state)
        return SweepResult("interrupted" if self.interrupted() else "stopped", self.state)

    def _searches_on(self) -> bool:
        """Add the points that a sweep that searches asks for next; whether there are any."""
        if self.searches is None or self.stopping():
            return False
        self.state.edges = self.searches.edges(self.results.entries, self.results.by_id)
        asked = self.searches.next(self.state.edges)
        self.directory.write_edges([edge.plain() for edge in self.state.edges])
        known = len(self.sweep)
        self.sweep = replace(self.sweep, asked=(*self.sweep.settings(), *asked))
        points = [point for _, point in self.sweep.points_at(set(range(known, len(self.sweep))))]
        self.directory.extend(points, searching=bool(asked))
        self.results.extend(added := self.directory.read_manifest()[known:])
        self.todo = dict(enumerate(added, start=known))
        self.state.total += len(added)
        self.watch(self.state)
        return bool(asked)

    def _take_infeasible(self) -> None:
        for entry in self.todo.values():
            if entry.problem is not None and not self.stopping():
                self._take(_not_run(entry, entry.problem))

    def _work(self, executor: Executor) -> None:
        places = [place for place, entry in self.todo.items() if entry.problem is None]
        costs = self._estimated(places)
        if executor.local:  # one chunk at a time, on all cores; it sees at once when it is to stop
            work, cores_of_chunk, most = self._compute_here, cores(), len(places)
        else:
            work, cores_of_chunk = compute_chunk, 1
            most = -(-len(places) // (_CHUNKS_PER_WORKER * executor.capacity()))
        runs = self.directory.runs if self.sweep.config.store == "full" else None
        chunks = chunks_of(self._jobs(places), runs, costs, cores=cores_of_chunk, most=most)
        while not self.stopping():
            while executor.in_flight() < executor.capacity():
                chunk = next(chunks, None) or self.retries.next(executor.in_flight())
                if chunk is None:
                    break
                executor.submit(work, chunk)
                self.state.running += len(chunk.jobs)
            if not executor.in_flight():
                return
            for outcome in executor.outcomes(_WAIT_SECONDS):
                self._handle(outcome)
            self.watch(self.state)
            self.results.write_table_now_and_then()

    def _estimated(self, places: list[int]) -> Costs:
        """What points cost, by what was measured at those of the first round."""
        if self.costs is None:
            estimated = estimate(self.sweep, places)
            self.costs, total = estimated.costs, estimated.total
        else:
            configs = [point.config for _, point in self.sweep.points_at(set(places)) if point.config is not None]
            total = sum(map(self.costs.cost, configs), Cost())
        self.state.work += total.on(1)
        return self.costs

    def _jobs(self, places: list[int]) -> Iterator[Job]:
        """The points to compute, with their configurations; one that has none any more fails."""
        for place, point in self.sweep.points_at(set(places)):
            entry = self.results.entries[place]
            if point.config is None:  # a weight file has gone since
                self._take(_not_run(entry, point.infeasible))
                continue
            if point.config_hash != entry.config_hash and not point.config.answers_to(entry.config_hash):
                made = self.directory.read_info().versions.get("featlearn")
                raise RunError(
                    f"{self.directory.path}: point {entry.id} has another configuration than its manifest says; "
                    f"the sweep was begun by featlearn {made} or its files were changed: start a new one"
                )
            before = self.results.by_id.get(entry.id)
            again = before is not None and before.config_hash == entry.config_hash
            yield Job(entry.id, point.config, again)

    def _handle(self, outcome: Outcome) -> None:
        chunk: Chunk = outcome.task
        for result in outcome.results:
            self._take(result)
            self.state.running -= 1
            self.state.work_done += chunk.work / len(chunk.jobs)
        if not outcome.ended:
            return
        if isinstance(outcome.error, OSError):
            raise outcome.error
        ended = self.results.new
        self.state.running -= len(chunk.singles(ended))
        self.state.fraction = 0.0
        failed: list[PointResult] = []  # and none of what an interruption left
        if outcome.lost:
            failed = self.retries.after_death(chunk, ended)
        elif outcome.error is not None:
            failed = self.retries.after_error(chunk, ended, outcome.error, outcome.trace)
        for result in failed:
            self._take(result)

    def _take(self, result: PointResult) -> None:
        """Write down a result, and tell of it."""
        self.results.add(result)
        self.state.count(result)
        self.state.computed += 1
        self.has_failed = self.has_failed or self._has_failed(result)
        self.watch(self.state)

    def _compute_here(self, chunk: Chunk) -> Iterator[PointResult]:
        """See ``compute_chunk``; it ends early when the sweep is to stop, and tells how far it is."""
        return compute(chunk.jobs, chunk.runs, interrupted=self.stopping, watch=partial(self._tick, chunk))

    def _tick(self, chunk: Chunk, event: Event) -> None:
        """Tell how far a chunk is, now and then."""
        now = time.perf_counter()
        if now - self.last_tick < _TICK_SECONDS:
            return
        self.last_tick = now
        left = len(chunk.singles(self.results.new)) / len(chunk.jobs)
        self.state.fraction = left * chunk.work * event.position.step / max(1, Shape.of(chunk.jobs[0].config).steps)
        self.watch(self.state)


def _not_run(entry: Entry, infeasible: str | None) -> PointResult:
    """The result of a point that has no configuration."""
    return PointResult(id=entry.id, config_hash=entry.config_hash, status="failed", message=infeasible)
