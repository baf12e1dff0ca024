"""Sweep directories: the only place that spells the names of their files.

The state of a sweep is what lies here, whatever engine computes it: the manifest says which points there are, and the
journals which have ended. A journal belongs to the process that holds its lock; its lines are flushed one by one, so
that a killed process loses nothing it had written and leaves at most one torn line. ``results.csv`` is the journals
once more, in the manifest's order.
"""

from __future__ import annotations

import csv
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, Self

from featlearn.experiments.batch import PointResult
from featlearn.experiments.places import inside, run_inside
from featlearn.experiments.records import JournalRecord, ManifestRecord, SweepRecord, parse_object
from featlearn.experiments.runs import (
    RunDirectory,
    RunError,
    RunNotFound,
    RunSummary,
    drafted_directory,
    named_paths,
    point_latest_at,
    rename_to_free_name,
    replace_file,
    stem_of,
)
from featlearn.experiments.sweep_file import Point, Sweep, is_point_id, point_id
from featlearn.training.measurement import COLUMNS

_BEFORE, _AFTER = ("id",), ("loss_floor", "status", "message")  # columns of results.csv around axes and metrics


@dataclass(frozen=True)
class Entry:
    """A line of the manifest: a point, its axes' values, and why it cannot run, if so."""

    id: str
    config_hash: str
    values: dict[str, Any]
    problem: str | None = None


@dataclass(frozen=True)
class Shard:
    """Share ``number`` of ``count``, counted from 1."""

    number: int = 1
    count: int = 1

    def holds(self, place: int) -> bool:
        """Whether the point at a place of the manifest belongs to it."""
        return place % self.count == self.number - 1


WHOLE = Shard()


class SweepDirectory:
    """One sweep on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._locks: list[BinaryIO] = []

    # the names, all of them
    sweep_file = property(lambda self: self.path / "sweep.yaml")
    info_file = property(lambda self: self.path / "sweep.json")
    manifest_file = property(lambda self: self.path / "manifest.jsonl")
    results_file = property(lambda self: self.path / "results.csv")
    runs = property(lambda self: self.path / "runs")
    figures = property(lambda self: self.path / "figures")
    report_file = property(lambda self: self.path / "report.html")

    def journal_file(self, shard: Shard) -> Path:
        part = "" if shard.count == 1 else f"-{shard.number}-of-{shard.count}"
        return self.path / f"journal{part}.jsonl"

    def check_runs(self) -> None:
        """Raises RunError when a link is in the place of ``runs``, which would lead elsewhere."""
        inside(self.path, self.runs.name)

    def run(self, point: str) -> RunDirectory:
        """The run of a point. Raises RunError when something else is in its place."""
        return run_inside(self.runs, point)

    @property
    def name(self) -> str:
        return self.path.name

    # --- making and finding -----------------------------------------------------------------------

    @classmethod
    def create(cls, runs_dir: Path, sweep: Sweep, points: Iterable[Point], info: Mapping[str, Any]) -> Self:
        """A new directory ``<time>-<name>-<hash>`` with the sweep and its manifest in it.

        Raises:
            OSError: when the directory cannot be made.
        """
        with drafted_directory(runs_dir) as draft:
            self = cls(draft)
            self.sweep_file.write_text(sweep.to_yaml(), encoding="utf-8")
            with self.manifest_file.open("w", encoding="utf-8") as file:
                for point in points:
                    entry = {"id": point.id, "config_hash": point.config_hash, "values": point.values}
                    file.write(json.dumps(entry | ({"problem": point.problem} if point.problem else {})) + "\n")
            axes = [*(key for key in sweep.keys if key != "seed"), "seed"]
            about = {"points": len(sweep), "axes": axes, "digest": sweep.digest(), "sweep": sweep.plain()}
            content = json.dumps({**info, **about}, indent=2) + "\n"
            replace_file(self.info_file, lambda out: out.write(content.encode()))
            self.path = rename_to_free_name(draft, stem_of(sweep.config.name, sweep.digest()))
        point_latest_at(self.path)
        return self

    @classmethod
    def find(cls, sweep: str, runs_dir: Path) -> Self:
        """The sweep that a user names: a path, the name of a directory in ``runs_dir``, or ``latest``.

        Raises:
            RunNotFound: when there is no such sweep.
        """
        found = cls.named(sweep, runs_dir)
        if found is None:
            where = f"neither as a path nor in {runs_dir}; `featlearn runs` lists them"
            raise RunNotFound(f"there is no sweep {sweep!r}, {where}")
        return found

    @classmethod
    def named(cls, sweep: str, runs_dir: Path) -> Self | None:
        """As ``find``; None when there is no such sweep."""
        with suppress(OSError, ValueError):
            for path in named_paths(sweep, runs_dir):
                if cls(path).info_file.is_file():
                    return cls(path.resolve())
        return None

    @classmethod
    def all_in(cls, runs_dir: Path) -> list[Self]:
        """Every sweep in a directory, oldest first."""
        try:
            paths = sorted(p for p in runs_dir.iterdir() if not p.is_symlink() and not p.name.startswith("."))
        except OSError:
            return []
        return [cls(path) for path in paths if cls(path).info_file.is_file()]

    # --- locks ------------------------------------------------------------------------------------

    def lock(self, shard: Shard) -> None:
        """Claim the sweep, or a share of it, for this process; the claim ends with the process, however it ends.

        Raises:
            RunError: when another process is working on it, or it cannot be written.
        """
        whole = shard.count == 1
        try:
            self._claim(self.info_file, fcntl.LOCK_EX if whole else fcntl.LOCK_SH)
            self._claim(self.journal_file(shard), fcntl.LOCK_EX)
        except BlockingIOError:
            self.release()
            part = "" if whole else f" (or on its share {shard.number}/{shard.count})"
            raise RunError(f"{self.path} is being worked on by another process{part}") from None
        except OSError as error:
            self.release()
            raise RunError(f"{self.path} cannot be written: {error.strerror}") from None
        self._drop_torn_line()

    def _claim(self, path: Path, kind: int) -> None:
        file = path.open("ab")
        self._locks.append(file)
        fcntl.flock(file, kind | fcntl.LOCK_NB)

    def _drop_torn_line(self) -> None:
        journal = self._locks[-1]
        content = Path(journal.name).read_bytes()
        os.truncate(journal.name, content.rfind(b"\n") + 1)

    def release(self) -> None:
        """Give the claims back."""
        for file in self._locks:
            with suppress(OSError):
                file.close()
        self._locks = []

    def is_locked(self) -> bool:
        """Whether a live process works on the sweep, or on a share of it."""
        try:
            for path in (self.info_file, *self.path.glob("journal*.jsonl")):
                with path.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    # --- reading ----------------------------------------------------------------------------------

    def read_info(self) -> dict[str, Any]:
        """What ``sweep.json`` says. Raises RunError when it is missing or broken."""
        try:
            return parse_object(self.info_file.read_bytes(), SweepRecord)
        except OSError as error:
            raise RunError(f"{self.info_file} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise RunError(f"{self.info_file} is broken: {error}") from None

    def read_manifest(self) -> list[Entry]:
        """Every point, in order. Raises RunError when the file is missing or broken, or has others than it should."""
        entries = [Entry(**line) for line in _lines(self.manifest_file, ManifestRecord)]
        points = self.read_info()["points"]
        if len(entries) != points:
            raise RunError(f"{self.manifest_file} is damaged: it has {len(entries)} of {points} points")
        for place, entry in enumerate(entries):
            if entry.id != (known := point_id(place, points)):
                where, text = f"{self.manifest_file}:{place + 1}", "the file was changed since the sweep was begun"
                raise RunError(f"{where}: the id of this point is {known!r}, not {entry.id!r:.100}; {text}")
        return entries

    def read_results(self) -> dict[str, PointResult]:
        """The last result of each point that has ended, by id; torn last lines are left out.

        Raises:
            RunError: when a journal cannot be read, or a line before the last is broken or of no point of the sweep.
        """
        latest: dict[str, PointResult] = {}
        points = self.read_info()["points"]
        for journal in sorted(self.path.glob("journal*.jsonl")):
            for number, line in enumerate(_lines(journal, JournalRecord), start=1):
                if not is_point_id(line["id"], points):
                    known = f"its points are {point_id(0, points)} to {point_id(points - 1, points)}"
                    raise RunError(f"{journal}:{number}: this sweep has no point {line['id']!r:.100}; {known}")
                if line.get("final") is not None:  # keys that all share: a hundred thousand rows hold many
                    line["final"] = {name: line["final"].get(name) for name in COLUMNS}
                result = PointResult(**line)
                if result.id not in latest or latest[result.id].attempt <= result.attempt:
                    latest[result.id] = result
        return latest

    def shards_begun(self) -> dict[Shard, Path]:
        """The shares that have a journal."""
        found = {}
        for journal in self.path.glob("journal-*-of-*.jsonl"):
            parts = journal.stem.split("-")
            if parts[1].isdecimal() and parts[3].isdecimal():
                found[Shard(int(parts[1]), int(parts[3]))] = journal
        return found

    # --- writing ----------------------------------------------------------------------------------

    def append_result(self, result: PointResult) -> None:
        """Add a result to the journal and flush it; the lock must be held."""
        line = {key: value for key, value in asdict(result).items() if value is not None}
        self._locks[-1].write(json.dumps(line, allow_nan=False).encode() + b"\n")
        self._locks[-1].flush()

    @contextmanager
    def writing_results(self) -> Iterator[None]:
        """Within it, no other process writes ``results.csv``: whoever is last has read what all have done."""
        with self.manifest_file.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def write_results(self, axes: list[str], entries: Iterable[Entry], results: Mapping[str, PointResult]) -> None:
        """Write ``results.csv`` anew: a row for each point that has ended, in the manifest's order."""

        def write(out: BinaryIO) -> None:
            text = TextIOWrapper(out, encoding="utf-8", newline="")
            writer = csv.DictWriter(text, results_columns(axes), lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: _cell(value) for key, value in row.items()} for row in result_rows(entries, results))
            text.flush()
            text.detach()

        replace_file(self.results_file, write)


def summarise_sweeps(runs_dir: Path) -> list[RunSummary]:
    """Every sweep in a directory, oldest first, as a line of the table of runs; broken ones with what is wrong."""
    summaries = []
    for sweep in SweepDirectory.all_in(runs_dir):
        try:
            info, results = sweep.read_info(), sweep.read_results().values()
            done, alive = sum(result.status == "done" for result in results), sweep.is_locked()
            whole = len(results) >= info["points"]
            status = (
                "running" if alive else "interrupted" if not whole else "done" if done == len(results) else "failed"
            )
            brief = {"name": info["name"], "created": info.get("created"), "status": status}
            brief |= {"points": info["points"], "ended": len(results), "done": done}
            losses = [
                r.final["loss"] for r in results if r.status == "done" and r.final and r.final["loss"] is not None
            ]
            summaries.append(
                RunSummary(sweep.name, sweep.path, brief | {"best_loss": min(losses, default=None)}, alive)
            )
        except RunError as error:
            summaries.append(RunSummary(sweep.name, sweep.path, {"status": "unreadable"}, False, str(error)))
    return summaries


def results_columns(axes: list[str]) -> list[str]:
    """The columns of ``results.csv``."""
    return list(dict.fromkeys([*_BEFORE, *axes, *COLUMNS, *_AFTER]))


def result_rows(entries: Iterable[Entry], results: Mapping[str, PointResult]) -> Iterator[dict[str, Any]]:
    """A row of ``results.csv`` for each point that has ended."""
    blank = dict.fromkeys(COLUMNS)
    for entry in entries:
        result = results.get(entry.id)
        if result is not None:
            ending = {"loss_floor": result.loss_floor, "status": result.status, "message": result.message}
            yield {"id": entry.id, **entry.values, **(result.final or blank), **ending}


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list | bool) else value


def _lines(file: Path, record: type[Any]) -> list[dict[str, Any]]:
    """The objects in a file of JSON lines, but for a torn last line."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RunError(f"{file} cannot be read: {error.strerror}") from None
    found = []
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            found.append(parse_object(line, record))
        except ValueError as error:
            raise RunError(f"{file}:{number}: {error}") from None
    return found


@contextmanager
def one_at_a_time(runs_dir: Path) -> Iterator[None]:
    """Within it, no other process looks for the sweep that its share belongs to."""
    runs_dir.mkdir(parents=True, exist_ok=True)
    with (runs_dir / ".shards.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
