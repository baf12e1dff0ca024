"""What there is in a folder: a line for each run, sweep and reproduction, kept in a cache beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featlearn.runs.statuses import status_now
from featlearn.storage.errors import RunError
from featlearn.storage.index import Reader, lines_in
from featlearn.sweeps.selection import UNREADABLE, Kind

if TYPE_CHECKING:
    from featlearn.storage.directory import Directory

_KEPT = {  # of a brief: what tables and conditions use
    *("name", "status", "created", "config_hash", "backend", "device", "final"),
    *("points", "ended", "done", "best_loss", "claims", "judged", "held"),
}
_FORMAT = 2  # of the lines


@dataclass(frozen=True)
class Line:
    """A run, a sweep or a reproduction, as a table of them has it.

    Attributes:
        about: the brief of the directory as plain data, without what is long; None where it cannot be read.
        settings: the configuration of a run by dotted keys.
        alive: whether a process is at work on it.
        error: why it cannot be read, or what is wrong with it.
    """

    path: Path
    kind: Kind
    about: dict[str, Any] | None
    settings: dict[str, Any]
    tags: list[str]
    note: str
    error: str | None
    alive: bool

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def status(self) -> str:
        """As people are told: a run that was killed has stopped."""
        if self.about is None:
            return UNREADABLE
        if self.kind != "run":
            return "running" if self.alive else str(self.about["status"])
        return status_now(str(self.about["status"]), locked=self.alive)

    @cached_property
    def final(self) -> dict[str, Any]:
        """The last row of a run; the best loss of a sweep."""
        about = self.about or {}
        if self.kind == "sweep":
            return {"loss": about.get("best_loss")}
        return about.get("final") or {}

    def fact(self, key: str) -> Any:
        """One of ``selection.FACTS``; None where it is not known."""
        if key in ("kind", "status", "tags", "note"):
            return getattr(self, key)
        about = self.about or {}
        return (about.get("name") or self.name) if key == "name" else about.get(key)

    def document(self) -> dict[str, Any]:
        """All that is known of it, read anew, as JSON has it."""
        about: dict[str, Any] = {"status": UNREADABLE}
        if self.about is not None:
            try:
                about = _kinds()[self.kind](self.path).brief(alive=self.alive).plain()
            except RunError as error:
                about |= {"error": str(error)}
        known = {"path": str(self.path.resolve()), "kind": self.kind, "alive": self.alive, "error": self.error}
        return known | about | {"tags": self.tags, "note": self.note, "settings": self.settings}


def listing(folder: Path) -> list[Line]:
    """A line for every run, sweep and reproduction in a folder, in the order of their names: oldest first."""
    return list(_lines(folder))


def _lines(folder: Path) -> Iterator[Line]:
    reader = Reader(f"lines {_FORMAT}", _files, _read)
    for name, line in lines_in(folder, reader):
        path, about = folder / name, line["about"]
        asked = about is not None and (line["kind"] != "run" or about["status"] == "running")
        yield Line(path, **line, alive=asked and _kinds()[line["kind"]](path).is_locked())


def _kinds() -> dict[str, type[Directory[Any]]]:
    """The classes of directories; what lies in the cache is listed without loading them."""
    from featlearn.claims.directory import ReproductionDirectory
    from featlearn.runs.directory import RunDirectory
    from featlearn.sweeps.directory import SweepDirectory

    return {kind.kind: kind for kind in (RunDirectory, SweepDirectory, ReproductionDirectory)}


def _files(path: Path) -> list[str]:
    found = _directory_at(path)
    return [] if found is None else found.files_of_brief()


def _directory_at(path: Path) -> Directory[Any] | None:
    """What lies at a path, if it is ours."""
    return next((kind(path) for kind in _kinds().values() if kind(path).info_file.is_file()), None)


def _read(path: Path) -> dict[str, Any] | None:
    from featlearn.config.settings import read_settings
    from featlearn.runs.directory import RunDirectory
    from featlearn.storage.directory import Notes

    found = _directory_at(path)
    if found is None:  # it was there a moment ago
        return None
    about, notes, error = None, Notes(), None
    try:
        about = {key: value for key, value in found.brief(alive=False).plain().items() if key in _KEPT}
        error = found.complaint(found.read_info())
        notes = found.read_notes()
    except RunError as broken:
        error = str(broken)
    return {
        "kind": found.kind,
        "about": about,
        "settings": read_settings(found.config_file) if isinstance(found, RunDirectory) else {},
        "tags": list(notes.tags),
        "note": notes.note,
        "error": error,
    }
