"""The status of a run, a sweep or a reproduction on the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featlearn.runs.statuses import status_now

if TYPE_CHECKING:
    from featlearn.runs.records import RunInfo

_STYLES = {"done": "green", "running": "cyan", "interrupted": "yellow", "unreadable": "red"}


def status_of_run(info: RunInfo, *, locked: bool) -> str:
    """What to call the state of a run, whose directory a process has locked or not."""
    return status_now(info.status, locked=locked)


def style_of(status: str) -> str:
    """The colour of a status."""
    return _STYLES.get(status, "red")
