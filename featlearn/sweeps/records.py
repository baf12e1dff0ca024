"""What the files of a sweep hold: one type for each, written and read. The lines of journals are ``PointResult``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from featlearn.runs.records import Count, Environment, Provenance, Size
from featlearn.storage.records import Record, Text


class SweepInfo(Provenance):
    """``sweep.json``. Its format is also that of the manifest and of the journals beside it."""

    name: Text
    shards: Size
    points: Count
    most_points: Count | None = None  # of a sweep that searches: its points are added round by round
    searching: bool = False  # whether points may still be added
    axes: tuple[str, ...]
    digest: str
    prefix: Literal["", "p"] = ""  # of the ids of its points; those of older sweeps have none
    sweep: dict[str, Any]  # what the sweep file says
    continued_by: tuple[Environment, ...] = ()  # those that computed points and are not the one that began it
    files: dict[str, str] = Field({})  # SHA-256 of each file with weights or data that it names, by path

    @classmethod
    def upgraded(cls, value: dict[str, Any], old: int) -> dict[str, Any]:
        return super().upgraded({"shards": 1} | value, old)


class Entry(Record):
    """A line of the manifest: a point, its axes' values, and why it cannot run, if so."""

    model_config = ConfigDict(extra="forbid")

    id: str
    config_hash: str
    values: dict[str, Any]
    problem: Text | None = None


class SweepBrief(Record):
    """What a table of directories says of a sweep."""

    name: str
    created: str
    status: Literal["running", "interrupted", "done", "diverged", "failed"]
    points: int
    ended: int
    done: int
    best_loss: float | None
