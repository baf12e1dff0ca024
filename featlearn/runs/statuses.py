"""How a run stands, in a word."""

from __future__ import annotations

from typing import Literal

Status = Literal["running", "done", "failed", "diverged", "interrupted"]
Ended = Literal["done", "diverged", "failed"]  # in a way that a sweep does not compute again unasked

STOPPED = "stopped"


def status_now(status: str, *, locked: bool) -> str:
    """What to call the status in a run's record: one that is running, and that no process has locked, was killed."""
    return STOPPED if status == "running" and not locked else status
