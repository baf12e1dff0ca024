"""Where a sweep is, for whoever watches it, and how it ended."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from featlearn.runs.records import PointResult
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.search.edges import Edge


@dataclass
class SweepState:
    """Where a sweep is; handed to whoever watches.

    Attributes:
        total: points of the sweep, or of the share that this process works on.
        counts: ended points by status.
        running: points in flight.
        computed: points that this process has computed.
        work, work_done: of this process, in estimated seconds on one core; ``fraction`` is what is done of the points
            in flight, where that is known.
        best_loss: the least final loss.
        edges: where the searches stand, of a sweep that searches.
    """

    directory: SweepDirectory
    total: int
    counts: Counter[str] = field(default_factory=Counter)
    running: int = 0
    computed: int = 0
    work: float = 0.0
    work_done: float = 0.0
    fraction: float = 0.0
    best_loss: float | None = None
    edges: list[Edge] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)

    def count(self, result: PointResult) -> None:
        self.counts[result.status] += 1
        loss = (result.final or {}).get("loss")
        if result.status == "done" and loss is not None:
            self.best_loss = loss if self.best_loss is None else min(loss, self.best_loss)

    @property
    def ended(self) -> int:
        return self.counts.total()

    @property
    def failures(self) -> int:
        """Runs that are not done; in a search, for which those that diverge tell something, those that failed."""
        return self.counts["failed"] if self.edges else self.ended - self.counts["done"]

    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def seconds_left(self) -> float | None:
        """By the pace so far; None where nothing is done yet."""
        done = self.work_done + self.fraction
        return None if done <= 0 else self.seconds() * (self.work - done) / done


Watcher = Callable[[SweepState], None]


@dataclass(frozen=True)
class SweepResult:
    """How a sweep, or one share of it, ended.

    Attributes:
        status: "done" (every point has ended), "interrupted" or "stopped" (by a failure that was to stop it).
        state: where it was then.
    """

    status: str
    state: SweepState

    @property
    def failures(self) -> int:
        return self.state.failures
