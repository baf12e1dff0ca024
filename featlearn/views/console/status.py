"""The status of a run, a sweep or a reproduction on the console."""

from __future__ import annotations

from featlearn.runs.records import STOPPED, RunInfo

_STYLES = {"done": "green", "running": "cyan", "interrupted": "yellow", "unreadable": "red"}


def status_of_run(info: RunInfo, *, locked: bool) -> str:
    """What to call the state of a run, whose directory a process has locked or not."""
    return STOPPED if info.status == "running" and not locked else info.status


def style_of(status: str) -> str:
    """The colour of a status."""
    return _STYLES.get(status, "red")
