"""Sweep directories: the only place that spells the names of their files.

The state of a sweep is what lies here, whatever engine computes it: the manifest says which points there are, and the
journals which have ended. A journal belongs to the process that holds its lock; its lines are flushed one by one, so
that a killed process loses nothing it had written and leaves at most one torn line. ``results.csv`` is the journals
once more, in the manifest's order.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self, TypeVar

from featlearn.runs.directory import RunDirectory
from featlearn.runs.places import run_inside
from featlearn.runs.records import Environment, PointResult, changes
from featlearn.runs.statuses import Ended
from featlearn.storage.cells import cell_of
from featlearn.storage.directory import Directory, Member
from featlearn.storage.drafts import drafted_directory
from featlearn.storage.errors import RunError, reason
from featlearn.storage.locks import PATIENCE, Lock, is_held
from featlearn.storage.logs import Log, read_lines
from featlearn.storage.names import LATEST, stem_of
from featlearn.storage.records import Record
from featlearn.storage.replacement import replace_file, write_file
from featlearn.sweeps.columns import results_columns
from featlearn.sweeps.records import Entry, SweepBrief, SweepInfo
from featlearn.sweeps.sweep import Point, Sweep, is_point_id, point_id
from featlearn.training.columns import COLUMNS

_LOCK_OF_A_SHARE = re.compile(r"\.lock-\d+-of-\d+")
_TURN = 10.0  # seconds for which a share waits until others have looked that nobody works on the whole
_WRITING = 60.0  # seconds for which another process may write the table of results
_BEGINNING = 600.0  # seconds for which another share may look for its sweep, and write the manifest of a new one


@dataclass(frozen=True)
class Shard:
    """Share ``number`` of ``count``, counted from 1."""

    number: int = 1
    count: int = 1

    def holds(self, place: int) -> bool:
        """Whether the point at a place of the manifest belongs to it."""
        return place % self.count == self.number - 1

    @property
    def label(self) -> str:
        """In the names of its files; nothing for the whole."""
        return "" if self.count == 1 else f"-{self.number}-of-{self.count}"


WHOLE = Shard()


class SweepDirectory(Directory[SweepInfo]):
    """One sweep on disk."""

    kind = "sweep"
    info_type = SweepInfo

    # the names, all of them
    sweep_file = Member("sweep.yaml")
    info_file = Member("sweep.json")
    manifest_file = Member("manifest.jsonl")
    results_file = Member("results.csv")
    edges_file = Member("edges.csv")
    runs = Member("runs")
    figures = Member("figures")
    report_file = Member("report.html")

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._journal: Log | None = None

    def journal_file(self, shard: Shard) -> Path:
        return self.path / f"journal{shard.label}.jsonl"

    def check_runs(self) -> None:
        """Raises RunError when a link is in the place of ``runs``, which would lead elsewhere."""
        self.inside(self.runs.name)

    def run(self, point: str) -> RunDirectory:
        """The run of a point. Raises RunError when something else is in its place."""
        return run_inside(self.runs, point)

    # --- making -----------------------------------------------------------------------------------

    @classmethod
    def create(cls, runs_dir: Path, sweep: Sweep, points: Iterable[Point], info: SweepInfo) -> Self:
        """A new directory ``<time>-<name>-<hash>`` with the sweep and its manifest in it.

        Raises:
            OSError: when the directory cannot be made.
        """
        cls.clear(runs_dir)
        with drafted_directory(runs_dir) as draft:
            self = cls(draft.path)
            write_file(self.sweep_file, sweep.to_yaml().encode())
            replace_file(self.manifest_file, lambda out: out.writelines(map(_line_of, points)))
            self.write_info(info)
            draft.publish_as(stem_of(info.name, info.digest))
            draft.point_here(LATEST)
        return cls(draft.path)

    # --- locks ------------------------------------------------------------------------------------

    def lock(self, shard: Shard = WHOLE, patience: float = PATIENCE) -> None:  # type: ignore[override]
        """Take the sweep, or a share of it, for this process, until it is released or the process ends.

        Who works on the whole holds the lock of the directory, and has seen that nobody holds that of a share. A share
        takes its own lock while it holds that of the directory, so that only one of the two can be at work.

        Raises:
            RunError: when another process works on it, it is not ours, or it cannot be written.
        """
        try:
            if shard == WHOLE:
                self._take(self.lock_file, patience)
                if busy := next(filter(is_held, self._locks_of_shares()), None):
                    raise RunError(f"{self.path} is being worked on by another process, which holds {busy.name}")
            else:
                share = f" (or on its share {shard.number}/{shard.count})"
                self._take(self.lock_file, max(patience, _TURN), share)
                self._take(self.path / f"{self.lock_file.name}{shard.label}", patience, share)
                self._locks.pop(-2).release()
            self._journal = Log(self.journal_file(shard))
        except OSError as error:
            self.release()
            raise RunError(f"{self.path} cannot be written: {reason(error)}") from None
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        super().release()

    def _locks_of_shares(self) -> list[Path]:
        return [path for path in self.path.glob(".lock-*") if _LOCK_OF_A_SHARE.fullmatch(path.name)]

    def _lock_files(self) -> Iterator[Path]:
        yield self.lock_file
        yield from self._locks_of_shares()

    # --- reading ----------------------------------------------------------------------------------

    def read_manifest(self) -> list[Entry]:
        """Every point, in order. Raises RunError when the file is missing or broken, or has others than it should."""
        info = self.read_info()
        points = info.points
        entries = _records_in(self.manifest_file, Entry)
        if info.most_points is not None:  # a process was killed before it said that it had added some
            entries = entries[:points]
        if len(entries) != points:
            raise RunError(f"{self.manifest_file} is damaged: it has {len(entries)} of {points} points")
        for place, entry in enumerate(entries):
            if entry.id != (known := point_id(place, info.most_points or points, info.prefix)):
                where, text = f"{self.manifest_file}:{place + 1}", "the file was changed since the sweep was begun"
                raise RunError(f"{where}: the id of this point is {known!r}, not {entry.id!r:.100}; {text}")
        return entries

    def read_results(self) -> dict[str, PointResult]:
        """The last result of each point that has ended, by id; torn last lines are left out.

        Raises:
            RunError: when a journal cannot be read, or a line before the last is broken or of no point of the sweep.
        """
        latest: dict[str, PointResult] = {}
        info = self.read_info()
        for journal in sorted(self.path.glob("journal*.jsonl")):
            for number, result in enumerate(_records_in(journal, PointResult), start=1):
                if not is_point_id(result.id, info.points, info.prefix, info.most_points):
                    first, last = (
                        point_id(place, info.most_points or info.points, info.prefix) for place in (0, info.points - 1)
                    )
                    known = f"its points are {first} to {last}"
                    raise RunError(f"{journal}:{number}: this sweep has no point {result.id!r:.100}; {known}")
                if result.id not in latest or latest[result.id].attempt <= result.attempt:
                    latest[result.id] = result
        return latest

    def has_begun(self, shard: Shard) -> bool:
        """Whether a process has worked on a share, or on the whole: it has a journal then."""
        return self.journal_file(shard).is_file()

    def files_of_brief(self) -> list[str]:
        return [*super().files_of_brief(), *sorted(path.name for path in self.path.glob("journal*.jsonl"))]

    def brief(self, *, alive: bool) -> SweepBrief:
        info, results = self.read_info(), list(self.read_results().values())
        done = [result for result in results if result.status == "done"]
        losses = [result.final["loss"] for result in done if result.final and result.final["loss"] is not None]
        return SweepBrief.made_of(
            info,
            status="running" if alive else _status(info, [result.status for result in results]),
            ended=len(results),
            done=len(done),
            best_loss=min(losses, default=None),
        )

    # --- writing; the lock must be held -------------------------------------------------------------

    def append_result(self, result: PointResult) -> None:
        """Add a result to the journal and flush it."""
        assert self._journal is not None, "the lock must be held"
        self._journal.append(result.line())

    def enter(self, now: Environment) -> tuple[str, list[str]]:
        """The name of an environment that computes points, which ``sweep.json`` keeps, and what is new about it."""
        with _alone(self.path / ".lock-environments", _WRITING, f"writes {self.info_file}"):
            info = self.read_info()
            known: tuple[SweepInfo | Environment, ...] = (info, *info.continued_by)
            for place, other in enumerate(known, start=1):
                if not changes(other, now):
                    return f"e{place}", []
            name = f"e{len(known) + 1}"
            self.write_info(info.changed(continued_by=(*info.continued_by, now.changed(name=name))))
            return name, changes(info, now)

    def extend(self, points: Iterable[Point], *, searching: bool) -> None:
        """Add points to a sweep that searches, and say whether more may come. A process that is killed adds none."""
        added = [_line_of(point) for point in points]
        with _alone(self.path / ".lock-environments", _WRITING, f"writes {self.info_file}"):
            info = self.read_info()
            if added:
                before = [entry.line() + b"\n" for entry in self.read_manifest()]
                replace_file(self.manifest_file, lambda out: out.writelines([*before, *added]))
            self.write_info(info.changed(points=info.points + len(added), searching=searching))

    def writing_results(self) -> AbstractContextManager[None]:
        """Within it, no other process writes ``results.csv``: whoever is last has read what all have done."""
        return _alone(self.path / ".lock-results", _WRITING, f"writes {self.results_file}")

    def write_edges(self, edges: Sequence[Mapping[str, Any]]) -> None:
        """Write ``edges.csv`` anew: a row for each search."""

        def write(out: BinaryIO) -> None:
            text = TextIOWrapper(out, encoding="utf-8", newline="")
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(map(cell_of, edges[0]))
            writer.writerows([cell_of(value) for value in edge.values()] for edge in edges)
            text.flush()
            text.detach()

        replace_file(self.edges_file, write)

    def write_results(self, axes: Sequence[str], entries: Iterable[Entry], results: Mapping[str, PointResult]) -> None:
        """Write ``results.csv`` anew: a row for each point that has ended, in the manifest's order."""

        def write(out: BinaryIO) -> None:
            text = TextIOWrapper(out, encoding="utf-8", newline="")
            columns = results_columns(axes)
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(map(cell_of, columns))
            for row in result_rows(entries, results):
                writer.writerow(row["id"] if column == "id" else cell_of(row.get(column)) for column in columns)
            text.flush()
            text.detach()

        replace_file(self.results_file, write)


def result_rows(entries: Iterable[Entry], results: Mapping[str, PointResult]) -> Iterator[dict[str, Any]]:
    """A row of ``results.csv`` for each point that has ended."""
    blank = dict.fromkeys(COLUMNS)
    for entry in entries:
        result = results.get(entry.id)
        if result is not None:
            ending = {"loss_floor": result.loss_floor, "environment": result.environment or "e1"}
            ending |= {"status": result.status, "message": result.message}
            yield {"id": entry.id, **entry.values, **(result.final or blank), **ending}


def one_at_a_time(runs_dir: Path) -> AbstractContextManager[None]:
    """Within it, no other process looks for the sweep that its share belongs to."""
    runs_dir.mkdir(parents=True, exist_ok=True)
    return _alone(runs_dir / ".shards.lock", _BEGINNING, f"begins a sweep in {runs_dir}")


@contextmanager
def _alone(path: Path, patience: float, what: str) -> Iterator[None]:
    """Within it, this process alone holds the lock of a path.

    Raises:
        OSError: when the lock file cannot be written.
        RunError: when another process holds it for all of the patience.
    """
    lock = Lock(path)
    if not lock.acquire(patience):
        raise RunError(f"another process {what} and does not come to an end: it holds {path}")
    try:
        yield
    finally:
        lock.release()


def _status(info: SweepInfo, ended: Sequence[Ended]) -> Literal["interrupted", "done", "diverged", "failed"]:
    """Of a sweep on which nobody works: the worst of its points' when all have ended.

    One that searches has points that diverge where it looks for where they do.
    """
    if len(ended) < info.points or info.searching:
        return "interrupted"
    if info.most_points is not None:
        ended = [status for status in ended if status != "diverged"]
    worst: Ended = max(ended, key=("done", "diverged", "failed").index, default="done")
    return worst


def _line_of(point: Point) -> bytes:
    entry = Entry(id=point.id, config_hash=point.config_hash, values=point.values, problem=point.infeasible)
    return entry.line() + b"\n"


R = TypeVar("R", bound=Record)


def _records_in(file: Path, kind: type[R]) -> list[R]:
    """The records in a file of JSON lines, but for a torn last line."""
    found = []
    for number, line in enumerate(read_lines(file), start=1):
        try:
            found.append(kind.parse(line))
        except ValueError as error:
            raise RunError(f"{file}:{number}: {error}") from None
    return found
