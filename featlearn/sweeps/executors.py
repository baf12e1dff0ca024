"""Engines that work on tasks, all behind one interface: in this process, or on a Dask cluster.

An engine keeps no state that matters: what has ended is on disk, and what a dead worker took with it is asked for
again. Distinct outcomes of a task reach the caller: its results, an exception that it raised, or the loss of the
process that worked on it.
"""

from __future__ import annotations

import queue
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from featlearn.runs.environment import versions
from featlearn.storage.errors import RunError
from featlearn.sweeps.local_cluster import local_cluster

Work = Callable[[Any], Iterable[Any]]  # from a task to its results
_CONNECT_SECONDS = 15


@dataclass(frozen=True)
class Outcome:
    """News of a task.

    Attributes:
        results: those that are new.
        ended: nothing more will come of this task.
        error, trace: what it raised; results before that may be missing.
        lost: its process died.
    """

    task: Any
    results: list[Any] = field(default_factory=list)
    ended: bool = True
    error: BaseException | None = None
    trace: str | None = None
    lost: bool = False


class Executor(Protocol):
    """What a sweep asks of an engine."""

    local: bool  # the work runs in this process, and may hold what cannot be sent to another

    def check(self, path: Path | None) -> None:
        """Refuse workers that would compute something else, or do not see a path that the work needs.

        Raises:
            RunError: saying which.
        """
        ...

    def capacity(self) -> int:
        """How many tasks are worth having in flight."""
        ...

    def in_flight(self) -> int:
        """How many tasks were submitted and have not ended."""
        ...

    def submit(self, work: Work, task: Any) -> None:
        """Let ``work(task)`` be done; ``work`` and ``task`` can be pickled unless the engine is local."""
        ...

    def outcomes(self, wait: float) -> Iterator[Outcome]:
        """What is new; waits for at most ``wait`` seconds when nothing is."""
        ...

    def close(self) -> None:
        """Give everything up, tasks in flight included."""
        ...


class SerialExecutor:
    """One task after the other in this process, its results as they come."""

    local = True

    def __init__(self) -> None:
        self._tasks: deque[tuple[Work, Any]] = deque()

    def check(self, path: Path | None) -> None:
        pass

    def capacity(self) -> int:
        return 1

    def in_flight(self) -> int:
        return len(self._tasks)

    def submit(self, work: Work, task: Any) -> None:
        self._tasks.append((work, task))

    def outcomes(self, wait: float) -> Iterator[Outcome]:
        if not self._tasks:
            return
        work, task = self._tasks[0]
        try:
            for result in work(task):
                yield Outcome(task, [result], ended=False)
            outcome = Outcome(task)
        except Exception as error:
            outcome = Outcome(task, error=error, trace=traceback.format_exc())
        self._tasks.popleft()
        yield outcome

    def close(self) -> None:
        self._tasks.clear()


class DaskExecutor:
    """Tasks on the workers of a Dask cluster, one thread each: a local one of ``jobs`` processes, or a running one.

    At most one task per worker is in flight, so that a worker that dies takes one task with it.

    Raises:
        RunError: when no scheduler answers, no worker can be started, or Dask cannot be loaded.
    """

    local = False

    def __init__(self, jobs: int | None = None, scheduler: str | None = None) -> None:
        try:
            from distributed import Client
        except (RuntimeError, ValueError) as error:  # Dask reads the user's files and variables as it is imported
            raise RunError(f"Dask does not accept its settings on this machine: {error}") from None

        self._futures: dict[Any, Any] = {}
        self._ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with ExitStack() as stack:
            if scheduler is None:
                assert jobs is not None
                cluster = stack.enter_context(local_cluster(jobs))
                self._client = stack.enter_context(Client(cluster))
            else:
                self._client = stack.enter_context(_connected(scheduler))
            self._stack = stack.pop_all()

    def check(self, path: Path | None) -> None:
        ours = versions()["featlearn"]
        for worker, (theirs, sees) in self._client.run(_examine, path).items():
            if theirs != ours:
                raise RunError(f"the worker {worker} has featlearn {theirs}, this is {ours}")
            if not sees:
                raise RunError(f"the worker {worker} does not see {path}: share that folder, or use store: summary")

    def capacity(self) -> int:
        try:
            return max(1, len(self._client.scheduler_info(n_workers=-1)["workers"]))
        except (OSError, TimeoutError) as error:
            text = "the Dask scheduler does not answer any more; what has ended is kept: go on with --resume"
            raise RunError(f"{text} ({error})") from None

    def in_flight(self) -> int:
        return len(self._futures)

    def submit(self, work: Work, task: Any) -> None:
        future = self._client.submit(_listed, work, task, pure=False)
        self._futures[future] = task
        future.add_done_callback(self._ended.put)

    def outcomes(self, wait: float) -> Iterator[Outcome]:
        from distributed.scheduler import KilledWorker

        while self._futures:
            try:
                future = self._ended.get(timeout=wait)
            except queue.Empty:
                return
            task, wait = self._futures.pop(future), 0.0
            if future.status == "finished":
                results, error, trace = future.result()
                yield Outcome(task, results, error=error, trace=trace)
            else:
                error = future.exception() if future.status == "error" else None
                lost = error is None or isinstance(error, KilledWorker)
                yield Outcome(task, error=error, trace=None if error is None else str(error), lost=lost)
            future.release()

    def close(self) -> None:
        for future in self._futures:
            future.cancel()
        self._futures.clear()
        self._stack.close()


def make_executor(jobs: int | None = None, scheduler: str | None = None) -> Executor:
    """This process alone; or ``jobs`` workers on this machine, or those of a running Dask cluster.

    Raises:
        RunError: as ``DaskExecutor``.
    """
    return SerialExecutor() if jobs is None and scheduler is None else DaskExecutor(jobs, scheduler)


@contextmanager
def _connected(scheduler: str) -> Iterator[Any]:
    """A client of a running cluster; RunError when no scheduler answers."""
    import dask
    from distributed import Client

    with dask.config.set({"distributed.comm.timeouts.connect": f"{_CONNECT_SECONDS}s"}):
        try:
            client = Client(scheduler, timeout=_CONNECT_SECONDS)
        except (OSError, ValueError, RuntimeError, TypeError) as error:  # the latter two: encryption that is not set up
            raise RunError(f"no Dask scheduler answers at {scheduler}: {error}") from None
        with client:
            yield client


def _examine(path: Path | None) -> tuple[str | None, bool]:
    """On a worker: its version, and whether it sees a path."""
    return versions()["featlearn"], path is None or path.exists()


def _listed(work: Work, task: Any) -> tuple[list[Any], BaseException | None, str | None]:
    """On a worker: all results of a task, and what it raised."""
    results = []
    try:
        for result in work(task):
            results.append(result)
    except Exception as error:
        return results, error, traceback.format_exc()
    return results, None, None
