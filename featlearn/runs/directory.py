"""Run directories: the only place that spells the names of files.

A directory appears complete, by one rename, with its configuration and status in it. Rows are flushed soon after they
are written; every other file is replaced by one rename, so that a process killed at any instant leaves only whole files
and at most one torn line at the end of the rows. Everything is JSON, YAML or npz without pickle: opening a run that
somebody else made executes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic_core import to_json

from featlearn.runs.records import RunInfo, parse_row
from featlearn.storage.directory import Directory, Member
from featlearn.storage.drafts import drafted_directory
from featlearn.storage.errors import RunError
from featlearn.storage.locks import PATIENCE
from featlearn.storage.logs import Log, read_lines
from featlearn.storage.names import LATEST, stem_of
from featlearn.storage.replacement import remove_drafts, write_file
from featlearn.training.column import Row

if TYPE_CHECKING:  # a run is shown without it
    from featlearn.config.model import Config


class RunDirectory(Directory[RunInfo]):
    """One run on disk: paths, reading, and writing that survives being killed."""

    kind = "run"
    info_type = RunInfo

    # the names, all of them
    config_file = Member("config.yaml")
    info_file = Member("run.json")
    metrics_file = Member("metrics.jsonl")
    snapshots_file = Member("snapshots.npz")
    checkpoint_file = Member("checkpoint.npz")
    figures = Member("figures")
    report_file = Member("report.html")

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._log: Log | None = None

    @property
    def data_files(self) -> tuple[Path, ...]:
        """What the process that trains the run writes."""
        return self.config_file, self.info_file, self.metrics_file, self.snapshots_file, self.checkpoint_file

    # --- making -----------------------------------------------------------------------------------

    @classmethod
    def create(cls, runs_dir: Path, config: Config, info: RunInfo) -> Self:
        """A new directory ``<time>-<name>-<hash>`` with configuration and status in it, and the lock held.

        Raises:
            OSError, RunError: when the directory cannot be made.
        """
        cls.clear(runs_dir)
        with drafted_directory(runs_dir) as draft:
            cls(draft.path)._fill(config, info)
            draft.publish_as(stem_of(config.name, config.digest()))
            run = cls(draft.path)
            run.lock()
            draft.point_here(LATEST)
        return run

    @classmethod
    def create_at(cls, path: Path, config: Config, info: RunInfo) -> Self:
        """As ``create``, with a path of its own choosing, where nothing is yet."""
        with drafted_directory(path.parent) as draft:
            cls(draft.path)._fill(config, info)
            draft.publish(path)
            run = cls(path)
            run.lock()
        return run

    def _fill(self, config: Config, info: RunInfo) -> None:
        """Write what a new run has."""
        self.metrics_file.touch()  # before the others, which let the names in the directory be on the disk
        write_file(self.config_file, config.to_yaml().encode())
        self.write_info(info)

    # --- the lock ---------------------------------------------------------------------------------

    def lock(self, patience: float = PATIENCE) -> None:
        """As of any directory; what a killed process left of files that it was writing is removed."""
        super().lock(patience)
        remove_drafts(self.path, (file.name for file in self.data_files))

    def release(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None
        super().release()

    # --- reading ----------------------------------------------------------------------------------

    def info_of(self, config: Config) -> RunInfo | None:
        """What ``run.json`` says, of a directory that holds the run of this configuration and is whole."""
        try:
            info = self.read_info()
        except RunError:
            return None
        return info if config.answers_to(info.config_hash) else None

    def read_metrics(self, first: int | None = None) -> list[Row]:
        """The rows logged so far, or the first of them; a torn last line is left out.

        Raises:
            RunError: when the file cannot be read or a line before the last is broken.
        """
        rows = []
        for number, line in enumerate(read_lines(self.metrics_file)[:first], start=1):
            try:
                rows.append(parse_row(line))
            except ValueError as error:
                raise RunError(f"{self.metrics_file}:{number}: not a metrics row: {error}") from None
        return rows

    def read_whole_metrics(self) -> list[Row]:
        """All rows. Raises RunError as ``read_metrics``, and when the log of a run that has stopped has lost some."""
        rows = self.read_metrics()
        if lost := self.lost_end(self.read_info(), rows):
            raise RunError(lost)
        return rows

    def files_of_brief(self) -> list[str]:
        return [*super().files_of_brief(), self.metrics_file.name]

    def complaint(self, about: RunInfo) -> str | None:
        """As ``lost_end``, or why the log cannot be read; its rows are counted first."""
        if about.status == "running" or about.rows is None:
            return None
        try:
            if len(read_lines(self.metrics_file)) == about.rows:
                return None
            return self.lost_end(about, self.read_metrics())
        except RunError as error:
            return str(error)

    def lost_end(self, info: RunInfo, rows: list[Row]) -> str | None:
        """What is wrong when the log of a run that has stopped is not all of it; None where it is whole."""
        if info.status == "running" or info.final is None:
            return None
        last, final = rows[-1]["step"] if rows else None, info.final["step"]
        if last is None or last < final:
            where = "it is empty" if last is None else f"it ends at step {last}"
            lost = f"has lost its end: {where}, and the run went to step {final}"
        elif info.rows is not None and len(rows) != info.rows:
            lost = f"is not what the run wrote: it has {len(rows)} rows, and the run wrote {info.rows}"
        else:
            return None
        known = f"the numbers at the end are in {self.info_file.name}"
        return f"{self.metrics_file} {lost}; {known}; {self.advice_to_begin_again()}"

    def advice_to_begin_again(self) -> str:
        """What to do when its files are broken."""
        return f"compute it again with: featlearn train --config {self.config_file}"

    def brief(self, *, alive: bool) -> RunInfo:
        """What ``run.json`` says; of a run that goes on, how far its log goes."""
        info = self.read_info()
        if info.status != "running":
            return info
        rows = self.read_metrics()
        return info.changed(final=rows[-1] if rows else None)

    # --- writing; the lock must be held -------------------------------------------------------------

    @property
    def _opened_log(self) -> Log:
        assert self._locks, "the lock must be held"
        if self._log is None:
            self._log = Log(self.metrics_file)
        return self._log

    def append_row(self, row: Mapping[str, Any], *, flush: bool = True) -> None:
        """Add a metrics row, whose numbers are finite, and flush it; see ``Log.append``."""
        self._opened_log.append(to_json(row, inf_nan_mode="null"), flush=flush)

    def flush_rows(self) -> None:
        """Hand every row so far to the system."""
        self._opened_log.flush()

    def sync_rows(self) -> None:
        """Let every row so far be on the disk."""
        self._opened_log.sync()

    def keep_rows(self, count: int) -> None:
        """Cut the log back to its first ``count`` rows, and whatever is torn. Raises RunError when it has fewer."""
        found = self._opened_log.keep(count) if count == 0 or self.metrics_file.exists() else 0
        if found < count:
            raise RunError(f"{self.metrics_file} has {found} rows, the checkpoint was written after {count}")
