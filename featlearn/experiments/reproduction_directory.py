"""Reproduction directories: the only place that spells the names of their files.

``claims.json`` says everything that was found, and is replaced by one rename after each claim; the sweeps lie beside
it, each in a directory of its own. The page and the figures are made from ``claims.json``.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from featlearn.experiments.places import inside, is_name
from featlearn.experiments.records import ReproductionRecord, parse_object
from featlearn.experiments.runs import (
    RunError,
    RunNotFound,
    RunSummary,
    drafted_directory,
    named_paths,
    rename_to_free_name,
    replace_file,
    stem_of,
)

Record = dict[str, Any]  # what claims.json says, of all claims or of one


class ReproductionDirectory:
    """One reproduction on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    # the names, all of them
    claims_file = property(lambda self: self.path / "claims.json")
    page_file = property(lambda self: self.path / "claims.md")
    figures = property(lambda self: self.path / "figures")
    sweeps = property(lambda self: self.path / "sweeps")

    def sweep_file(self, name: str) -> Path:
        """A sweep file as it is run."""
        return Path(self.sweeps / name)

    @property
    def name(self) -> str:
        return self.path.name

    # --- making and finding -----------------------------------------------------------------------

    @classmethod
    def create(cls, runs_dir: Path, info: Mapping[str, Any]) -> Self:
        """A new directory ``<time>-reproduction-<kind>``.

        Raises:
            RunError: when it cannot be made.
        """
        try:
            with drafted_directory(runs_dir) as draft:
                self = cls(draft)
                self.sweeps.mkdir()
                self.write(info)
                self.path = rename_to_free_name(draft, stem_of("reproduction", "quick" if info["quick"] else "full"))
        except OSError as error:
            text = f"cannot make a directory in {runs_dir}: {error.strerror or error}"
            raise RunError(text) from None
        return self

    @classmethod
    def find(cls, name: str, runs_dir: Path) -> Self:
        """The reproduction that a user names: a path, or the name of a directory in ``runs_dir``.

        Raises:
            RunNotFound: when there is no such reproduction.
        """
        found = cls.named(name, runs_dir)
        if found is None:
            where = f"neither as a path nor in {runs_dir}; `featlearn runs` lists them"
            raise RunNotFound(f"there is no reproduction {name!r}, {where}")
        return found

    @classmethod
    def named(cls, name: str, runs_dir: Path) -> Self | None:
        """As ``find``; None when there is no such reproduction."""
        with suppress(OSError, ValueError):  # a name too long, or with a null byte in it
            for path in named_paths(name, runs_dir):
                if cls(path).claims_file.is_file():
                    return cls(path.resolve())
        return None

    @classmethod
    def all_in(cls, runs_dir: Path) -> list[Self]:
        """Every reproduction in a directory, oldest first."""
        try:
            paths = sorted(p for p in runs_dir.iterdir() if not p.is_symlink() and not p.name.startswith("."))
        except OSError:
            return []
        return [cls(path) for path in paths if cls(path).claims_file.is_file()]

    # --- the lock ---------------------------------------------------------------------------------

    def lock(self) -> None:
        """Claim the reproduction for this process; the claim ends with the process, however it ends.

        Raises:
            RunError: when another process is working on it, it cannot be read, or its sweeps would lie elsewhere.
        """
        inside(self.path, self.sweeps.name)
        try:
            self._lock = os.open(self.sweeps, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise RunError(f"{self.path} is being worked on by another process") from None
        except OSError as error:
            self.release()
            raise RunError(f"{self.sweeps} cannot be read: {error.strerror}") from None

    def release(self) -> None:
        """Give the claim back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def is_locked(self) -> bool:
        """Whether a live process works on the reproduction."""
        try:
            held = os.open(self.sweeps, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(held)
        return False

    # --- reading and writing ----------------------------------------------------------------------

    def read(self) -> Record:
        """What ``claims.json`` says. Raises RunError when it is missing or broken."""
        return read_claims(self.claims_file)

    def write(self, info: Mapping[str, Any]) -> None:
        content = json.dumps(info, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
        replace_file(self.claims_file, lambda out: out.write(content.encode()))

    def write_page(self, text: str) -> None:
        """Write the page for people. Raises RunError when it cannot be written."""
        try:
            replace_file(self.page_file, lambda out: out.write(text.encode()))
        except OSError as error:
            raise RunError(f"{self.page_file} cannot be written: {error.strerror or error}") from None


def read_claims(file: Path) -> Record:
    """A ``claims.json``. Raises RunError when it is missing or broken."""
    try:
        info = parse_object(file.read_bytes(), ReproductionRecord)
    except OSError as error:
        raise RunError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise RunError(f"{file} is broken: {error}") from None
    sweeps = [sweep["directory"] for record in info["claims"] for sweep in record["sweeps"]]
    for name in (*info["wanted"], *(record["id"] for record in info["claims"]), *sweeps):
        if not is_name(name):  # files are called by it
            raise RunError(f"{file} is broken: {name!r:.100} is the name of no claim and of no sweep")
    return info


def refuse_reproduction(name: str, runs_dir: Path) -> None:
    """Raises RunNotFound where a run or a sweep is wanted and a reproduction is named: it has its figures already."""
    found = ReproductionDirectory.named(name, runs_dir)
    if found is not None:
        text = (
            f"{found.path} is a reproduction, no run or sweep: its figures are in {found.figures}, all of it is told in"
        )
        raise RunNotFound(f"{text} {found.page_file}, and its sweeps are in {found.sweeps}")


def held(info: Mapping[str, Any]) -> int:
    """How many of the claims that were judged hold."""
    return sum(record["passed"] for record in info["claims"])


def summarise_reproductions(runs_dir: Path) -> list[RunSummary]:
    """Every reproduction in a directory, oldest first, as a line of the table of runs; broken ones included."""
    summaries = []
    for directory in ReproductionDirectory.all_in(runs_dir):
        try:
            info, alive = directory.read(), directory.is_locked()
        except RunError as error:
            summaries.append(RunSummary(directory.name, directory.path, {"status": "unreadable"}, False, str(error)))
            continue
        ended = "done" if held(info) == len(info["wanted"]) else "failed"
        status = "running" if alive else ended if info["status"] == "done" else "interrupted"
        brief = {"name": "reproduction", "created": info["created"], "status": status, "quick": info["quick"]}
        brief |= {"claims": len(info["wanted"]), "judged": len(info["claims"]), "held": held(info)}
        summaries.append(RunSummary(directory.name, directory.path, brief, alive))
    return summaries
