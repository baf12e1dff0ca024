"""Which values of a setting are one."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any


def identity(value: Any) -> Hashable:
    """Equal for values that are one: 1 and 1.0 are; 1, true and the text "1" are three."""
    if isinstance(value, dict):
        return "mapping", frozenset((key, identity(part)) for key, part in value.items())
    if isinstance(value, list | tuple):
        return "list", tuple(map(identity, value))
    return ("boolean", value) if isinstance(value, bool) else value


def schedule_in_words(start: str, factor: str, every: str) -> str:
    """A step size or weight decay that is multiplied again and again, as tables and figures write it."""
    return f"{start} × {factor} every {every}"
