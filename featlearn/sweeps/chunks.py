"""Points in chunks: each is one task of an executor, and goes through the backend together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from featlearn.runs.records import PointResult
from featlearn.sweeps.costs import Costs
from featlearn.sweeps.points import Job, compute
from featlearn.sweeps.shape import Shape

_MOST_SECONDS = 10.0  # the most work in a chunk, which is lost when its process dies
_MOST_JOBS = 256
_MOST_BYTES = 1e9


@dataclass(frozen=True)
class Chunk:
    """Points that are computed together.

    Attributes:
        runs: see ``points.compute``.
        work: estimated seconds of all of them on one core.
    """

    jobs: tuple[Job, ...]
    runs: Path | None
    work: float

    def singles(self, ended: set[str]) -> list[Chunk]:
        """A chunk for each of its points that has not ended."""
        left = [job for job in self.jobs if job.id not in ended]
        return [Chunk((job,), self.runs, self.work / len(self.jobs)) for job in left]


def compute_chunk(chunk: Chunk) -> Iterator[PointResult]:
    """See ``points.compute``."""
    return compute(chunk.jobs, chunk.runs)


def chunks_of(jobs: Iterable[Job], runs: Path | None, costs: Costs, *, cores: int, most: int) -> Iterator[Chunk]:
    """Chunks of jobs of equal shape, each as soon as it is full.

    Args:
        jobs: are taken one by one as chunks are asked for.
        runs: see ``points.compute``.
        cores: that compute one chunk; it has at least so many jobs, where there are so many.
        most: jobs in a chunk.
    """
    open_chunks: dict[Shape, list[Job]] = {}
    for job in jobs:
        shape = Shape.of(job.config)
        seconds, memory = max(costs.cost(job.config).on(cores), 1e-9), shape.bytes(stored=runs is not None)
        limit = max(cores, int(min(_MOST_JOBS, _MOST_SECONDS / seconds, _MOST_BYTES / memory, most)))
        members = open_chunks.setdefault(shape, [])
        members.append(job)
        if len(members) >= limit:
            yield _chunk(open_chunks.pop(shape), runs, costs)
    for members in open_chunks.values():
        yield _chunk(members, runs, costs)


def _chunk(jobs: Sequence[Job], runs: Path | None, costs: Costs) -> Chunk:
    return Chunk(tuple(jobs), runs, sum(costs.seconds(job.config) for job in jobs))
