"""Points that are tried again, because their worker process died or because their chunk raised an exception.

A chunk that did not come to its end is divided into its points. Each is computed again as a chunk of its own, beside
other chunks. When the worker of such a point dies, the point is suspected to be the cause: it is tried again while
nothing else is computed, when it has the memory of the machine for itself and no other point can be lost with it.
"""

from __future__ import annotations

from collections import Counter, deque

from featlearn.runs.records import PointResult
from featlearn.sweeps.chunks import Chunk
from featlearn.sweeps.points import failure

MOST_DEATHS = 3  # a point whose worker has died so often has failed


class Retries:
    """Chunks to compute again, and how often the worker of each point has died."""

    def __init__(self) -> None:
        self._single: deque[Chunk] = deque()
        self._suspect: deque[Chunk] = deque()
        self._deaths: Counter[str] = Counter()

    def next(self, in_flight: int) -> Chunk | None:
        """The chunk to compute next, beside so many others."""
        if self._single:
            return self._single.popleft()
        if self._suspect and in_flight == 0:
            return self._suspect.popleft()
        return None

    def after_death(self, chunk: Chunk, ended: set[str]) -> list[PointResult]:
        """The worker of a chunk died. Returns the results of points that fail by it; the others are tried again.

        Args:
            ended: the points that have a result.
        """
        failed = []
        for single in chunk.singles(ended):
            [job] = single.jobs
            self._deaths[job.id] += 1
            if self._deaths[job.id] >= MOST_DEATHS:
                count = f"died {MOST_DEATHS} times while it computed this point"
                failed.append(failure(job, f"the worker process {count} (killed, or out of memory)"))
            elif len(chunk.jobs) == 1:
                self._suspect.append(single)
            else:
                self._single.append(single)
        return failed

    def after_error(self, chunk: Chunk, ended: set[str], error: BaseException, trace: str | None) -> list[PointResult]:
        """A chunk raised an exception. Returns and takes the same as ``after_death``."""
        singles = chunk.singles(ended)
        if len(chunk.jobs) == 1:
            return [failure(single.jobs[0], f"{type(error).__name__}: {error}", trace) for single in singles]
        self._single.extend(singles)
        return []
