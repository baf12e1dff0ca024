"""Something that happened in a run, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from featlearn.views.data.run import RunData

_MOST_NAMED = 3  # teacher lines in a sentence


@dataclass(frozen=True)
class Event:
    """Something that happened in a run.

    Attributes:
        kind: a name of ``events.KINDS``.
        step: the logged step at which it shows.
        text: one plain sentence with its numbers, without markup.
        teacher: the line that it is about, from 0; in words, teacher lines are counted from 1.
        mark: the same in very few words, for figures; nothing where these show it otherwise.
    """

    kind: str
    step: int
    text: str
    teacher: int | None = None
    mark: str = ""


def event_at(data: RunData, row: int, kind: str, text: str, teacher: int | None = None, mark: str = "") -> Event:
    """An event at a row of the log."""
    return Event(kind, int(data.metrics["step"][row]), text, teacher=teacher, mark=mark)


def teachers_in_words(which: Sequence[int]) -> str:
    """Teacher lines by name; of many, how many."""
    if len(which) > _MOST_NAMED:
        return lines_in_words(len(which))
    *names, last = (f"w*{k + 1}" for k in which)
    return f"teacher lines {', '.join(names)} and {last}" if names else f"teacher line {last}"


def lines_in_words(count: int) -> str:
    """So many teacher lines, in words."""
    return "1 teacher line" if count == 1 else f"{count} teacher lines"
