"""The values of a setting: which of them are one, and how they are written so that people can tell them apart."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Any

from featlearn.config.identity import identity, schedule_in_words
from featlearn.training.stages import LAYERS

_ENOUGH = 17  # significant digits tell any two floats apart
_OF_SCHEDULES = ("start", "factor", "every")
_SAY_NOTHING = ("kind", "name", "strength")  # keys whose values say what they are

Writer = Callable[[Any], str]


def distinct(values: Iterable[Any]) -> dict[Hashable, Any]:
    """The values that are not one, by their identities, in the order in which they come."""
    found: dict[Hashable, Any] = {}
    for value in values:
        found.setdefault(identity(value), value)
    return found


def labels(values: Sequence[Any], digits: int = 3) -> list[str]:
    """How values are written: equal ones alike, others never alike.

    Floats have as many significant digits as that takes, and at least ``digits``. Texts stand as they are,
    schedules as start × factor every so many steps, other mappings in words, as in ``spike 2 along random`` and
    ``layers 0.1, 0.01``, null as none, and all else as JSON. Where a text reads like another value, all of them stand
    as JSON, which quotes it.
    """
    return told_apart(values, [*by_digits(_text, digits), json.dumps])


def is_schedule(value: Any) -> bool:
    """Whether a value of a setting is a whole schedule."""
    return isinstance(value, dict) and value.keys() == set(_OF_SCHEDULES)


def _text(value: Any, digits: int) -> str:
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if is_schedule(value):
        return schedule_in_words(*(_text(value[key], digits) for key in _OF_SCHEDULES))
    if isinstance(value, dict) and value:
        return _in_words(value, digits, ", ")
    return value if isinstance(value, str) else "none" if value is None else json.dumps(value)


def _in_words(value: Any, digits: int, between: str) -> str:
    """A mapping as its keys and values, one within another without commas; a list in it without brackets."""
    if isinstance(value, list):
        return ", ".join(_text(entry, digits) for entry in value)
    if not isinstance(value, dict) or not value or is_schedule(value):
        return _text(value, digits)
    inside = {key: _in_words(entry, digits, " ") for key, entry in value.items()}
    if value.keys() == set(LAYERS):
        return f"layers {', '.join(inside[layer] for layer in LAYERS)}"
    said = ("" if key in _SAY_NOTHING else f"{key.replace('_', ' ')} " for key in inside)
    return between.join(map("".join, zip(said, inside.values(), strict=True)))


def by_digits(write: Callable[..., str], least: int) -> list[Writer]:
    """The writers of numbers in so many significant digits, from the least on: ``write`` takes ``digits``."""
    return [partial(write, digits=digits) for digits in range(least, _ENOUGH + 1)]


def told_apart(values: Sequence[Any], writers: Iterable[Writer]) -> list[str]:
    """The values as the first of some writers writes them that writes no two different ones alike."""
    different = distinct(values)
    texts: dict[Hashable, str] = {}
    for write in writers:
        texts = {key: write(value) for key, value in different.items()}
        if len(set(texts.values())) == len(texts):
            break
    return [texts[identity(value)] for value in values]


def clipped(texts: Sequence[str], limit: int) -> list[str]:
    """Texts of at most ``limit`` characters, different ones never alike.

    Their ends are left out; where that makes two alike, their beginnings; where that does, too, they are numbered.
    """
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts), start=1)}

    def without_end(text: str) -> str:
        return f"{text[: limit - 1]}…"

    def without_beginning(text: str) -> str:
        return f"…{text[len(text) - limit + 1 :]}"

    def numbered(text: str) -> str:
        number = f"… ({numbers[text]})"
        return f"{text[: limit - len(number)]}{number}"

    def where_long(cut: Callable[[str], str]) -> Callable[[str], str]:
        return lambda text: text if len(text) <= limit else cut(text)

    return told_apart(texts, map(where_long, (without_end, without_beginning, numbered)))
