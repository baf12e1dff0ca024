"""Run directories: the only place that spells the names of files.

A directory appears complete, by one rename, with its configuration and status in it. Rows are flushed as they are
written; every other file is replaced by one rename, so that a process killed at any instant leaves only whole files
and at most one torn line at the end of the rows. Everything is JSON, YAML or npz without pickle: opening a run that
somebody else made executes nothing.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from featlearn.experiments.config import Config
from featlearn.experiments.npz import read_npz
from featlearn.experiments.records import InfoRecord, parse_object, parse_row

DEFAULT_RUNS_DIR = Path("runs")
LATEST = "latest"
RunInfo = dict[str, Any]  # what run.json holds


class RunError(Exception):
    """A run directory that cannot be found, read, written or locked; the message is one clear line."""


class RunNotFound(RunError):
    """A run that somebody named does not exist."""


class RunDirectory:
    """One run on disk: paths, reading, and writing that survives being killed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: Any = None

    # the names, all of them
    config_file = property(lambda self: self.path / "config.yaml")
    info_file = property(lambda self: self.path / "run.json")
    metrics_file = property(lambda self: self.path / "metrics.jsonl")
    snapshots_file = property(lambda self: self.path / "snapshots.npz")
    checkpoint_file = property(lambda self: self.path / "checkpoint.npz")
    figures = property(lambda self: self.path / "figures")
    report_file = property(lambda self: self.path / "report.html")

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that a run may have, beside its figures."""
        data = self.config_file, self.info_file, self.metrics_file, self.snapshots_file, self.checkpoint_file
        return (*data, self.report_file)

    # --- making and finding -----------------------------------------------------------------------

    @classmethod
    def create(cls, runs_dir: Path, config: Config, info: RunInfo) -> Self:
        """A new directory ``<time>-<name>-<hash>`` with configuration and status in it, and the lock held.

        Raises:
            OSError: when the directory cannot be made.
        """
        with drafted_directory(runs_dir) as draft:
            run = cls(draft)
            run._fill(config, info)
            try:
                run.path = rename_to_free_name(draft, stem_of(config.name, config.digest()))
            except BaseException:
                run.release()
                raise
        point_latest_at(run.path)
        return run

    @classmethod
    def create_at(cls, path: Path, config: Config, info: RunInfo) -> Self:
        """As ``create``, with a path of its own choosing, where nothing is yet."""
        with drafted_directory(path.parent) as draft:
            run = cls(draft)
            run._fill(config, info)
            try:
                run.path = draft.rename(path)
            except BaseException:
                run.release()
                raise
        return run

    def _fill(self, config: Config, info: RunInfo) -> None:
        """Write what a new run has, and take the lock."""
        self._write(self.config_file, config.to_yaml().encode())
        self.write_info(info)
        self.metrics_file.touch()
        self.lock()

    @classmethod
    def find(cls, run: str, runs_dir: Path) -> Self:
        """The run that a user names: a path, the name of a directory in ``runs_dir``, or ``latest``.

        Raises:
            RunNotFound: when there is no such run.
        """
        try:
            candidates = named_paths(run, runs_dir)
            for path in candidates:
                if cls(path).info_file.is_file():
                    return cls(path.resolve())
            for path in candidates:
                if path.is_dir():
                    raise RunNotFound(f"{path} is not a run directory: it has no {cls(path).info_file.name}")
        except (OSError, ValueError):  # a name too long, or with a null byte in it
            pass
        raise RunNotFound(f"there is no run {run!r}, neither as a path nor in {runs_dir}; `featlearn runs` lists them")

    @classmethod
    def all_in(cls, runs_dir: Path) -> list[Self]:
        """Every run in a directory, oldest first."""
        try:
            paths = sorted(p for p in runs_dir.iterdir() if not p.is_symlink() and not p.name.startswith("."))
        except OSError:  # there is none yet
            return []
        return [cls(path) for path in paths if cls(path).info_file.is_file()]

    # --- the lock ---------------------------------------------------------------------------------

    def lock(self) -> None:
        """Claim the run for this process; the claim ends with the process, however it ends.

        Raises:
            RunError: when another process is working on the run.
        """
        try:
            file = self.metrics_file.open("ab")
        except OSError as error:
            raise RunError(f"{self.metrics_file} cannot be written: {error.strerror}") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise RunError(f"{self.path} is being worked on by another process") from None
        self._lock = file

    def release(self) -> None:
        """Give the claim back."""
        if self._lock is not None:
            with suppress(OSError):  # rows are flushed one by one: what a full disk refused then is lost anyway
                self._lock.close()
            self._lock = None

    def is_locked(self) -> bool:
        """Whether a live process works on the run."""
        try:
            with self.metrics_file.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    # --- reading ----------------------------------------------------------------------------------

    def read_info(self) -> RunInfo:
        """What ``run.json`` says. Raises RunError when it is missing or broken."""
        try:
            return parse_object(self.info_file.read_bytes(), InfoRecord)
        except OSError as error:
            raise RunError(f"{self.info_file} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise RunError(f"{self.info_file} is broken: {error}") from None

    def info_of(self, config: Config) -> RunInfo | None:
        """What ``run.json`` says, of a directory that holds the run of this configuration and is whole."""
        try:
            info = self.read_info()
        except RunError:
            return None
        return info if info.get("config_hash") == config.digest() else None

    def read_metrics(self) -> list[dict[str, Any]]:
        """The rows logged so far; a torn last line is left out.

        Raises:
            RunError: when the file cannot be read or a line before the last is broken.
        """
        try:
            content = self.metrics_file.read_bytes()
        except OSError as error:
            raise RunError(f"{self.metrics_file} cannot be read: {error.strerror}") from None
        rows = []
        for number, line in enumerate(content.split(b"\n")[:-1], start=1):
            try:
                rows.append(parse_row(line))
            except ValueError as error:
                raise RunError(f"{self.metrics_file}:{number}: not a metrics row: {error}") from None
        return rows

    def read_arrays(self, file: Path) -> dict[str, np.ndarray]:
        """The arrays of one of the run's npz files. Raises RunError when it is missing or broken."""
        try:
            return read_npz(file)
        except FileNotFoundError:
            raise RunError(f"{file} is missing") from None
        except (OSError, ValueError) as error:
            raise RunError(f"{file} is broken: {error}") from None

    # --- writing ----------------------------------------------------------------------------------

    def append_row(self, row: Mapping[str, Any]) -> None:
        """Add a metrics row and flush it; the lock must be held."""
        self._lock.write(json.dumps(row, allow_nan=False).encode() + b"\n")
        self._lock.flush()

    def keep_rows(self, count: int) -> None:
        """Cut the log back to its first ``count`` rows, and whatever is torn.

        Raises:
            RunError: when it has fewer.
        """
        content = self.metrics_file.read_bytes()
        lines = content.split(b"\n")[:-1]
        if len(lines) < count:
            raise RunError(f"{self.metrics_file} has {len(lines)} rows, the checkpoint was written after {count}")
        os.truncate(self.metrics_file, sum(len(line) + 1 for line in lines[:count]))

    def write_info(self, info: RunInfo) -> None:
        self._write(self.info_file, (json.dumps(info, indent=2, allow_nan=False) + "\n").encode())

    def write_arrays(self, file: Path, arrays: Mapping[str, Any]) -> None:
        replace_file(file, lambda out: np.savez(out, allow_pickle=False, **arrays))

    def _write(self, file: Path, content: bytes) -> None:
        replace_file(file, lambda out: out.write(content))


def replace_file(file: Path, write: Callable[[BinaryIO], object]) -> None:
    """Replace a file at once: the content is on disk under another name before it takes the real one."""
    draft = file.with_name(f".{file.name}.new")
    try:
        with draft.open("wb") as out:
            write(out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise


@dataclass(frozen=True)
class RunSummary:
    """One line of the table of runs; ``error`` says why a run could not be read."""

    name: str
    path: Path
    info: RunInfo
    alive: bool
    error: str | None = None


def summarise_runs(runs_dir: Path) -> list[RunSummary]:
    """Every run in a directory, oldest first; broken ones included, with what is wrong."""
    summaries = []
    for run in RunDirectory.all_in(runs_dir):
        try:
            info = run.read_info()
            if info["status"] == "running":  # how far its log goes
                info["final"] = next(iter(run.read_metrics()[-1:]), None)
            summaries.append(RunSummary(run.name, run.path, info, run.is_locked()))
        except RunError as error:
            summaries.append(RunSummary(run.name, run.path, {"status": "unreadable"}, False, str(error)))
    return summaries


def named_paths(name: str, runs_dir: Path) -> list[Path]:
    """Where a directory may be that a user names: in ``runs_dir``, or anywhere by its path.

    Raises:
        RunNotFound: when the name is ``latest``, and somebody else has let that lead out of its directory.
    """
    paths = [runs_dir / name, Path(name)]
    for path in paths:
        if path.name == LATEST and path.is_symlink():
            target = Path(os.path.realpath(path))  # unlike resolve(), this takes links that lead in circles
            if target.parent != path.parent.resolve():
                raise RunNotFound(f"{path} leads out of its directory, to {target}; give the path of what you mean")
    return paths


# --- making directories -------------------------------------------------------------------------


def stem_of(name: str, digest: str) -> str:
    """The name of a new directory, ``<time>-<name>-<hash>``."""
    slug = re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.")[:60] or "run"
    return f"{datetime.now():%Y%m%d-%H%M%S}-{slug}-{digest}"


@contextmanager
def drafted_directory(parent: Path) -> Iterator[Path]:
    """A hidden directory to fill and rename; removed when that goes wrong."""
    parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".new-", dir=parent))
    try:
        draft.chmod(0o777 & ~_umask())
        yield draft
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def rename_to_free_name(draft: Path, stem: str) -> Path:
    """Give the draft the first free name of ``stem``, ``stem-2``, …; a rename never replaces a filled directory."""
    for number in itertools.count(1):
        try:
            return draft.rename(draft.with_name(stem if number == 1 else f"{stem}-{number}"))
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
    raise AssertionError("unreachable")


def point_latest_at(path: Path) -> None:
    """Let ``latest`` name the newest run; where links do not work, or something else has that name, there is none."""
    link = path.with_name(LATEST)
    if link.exists() and not link.is_symlink():
        return
    draft = path.with_name(f".{LATEST}-{path.name}")
    with suppress(OSError):
        draft.symlink_to(path.name)
        try:
            draft.replace(link)
        except OSError:
            draft.unlink()
