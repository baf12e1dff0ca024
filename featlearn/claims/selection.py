"""Choosing among runs: conditions on what is known of them, an order, and the settings in which they differ.

A key is a setting of the configuration (dotted), a column of the final row, or a fact such as the status. The end of a
dotted key does where only one key ends so.
"""

from __future__ import annotations

import json
import operator
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from featlearn.claims.listing import FACTS, Line
from featlearn.config.identity import schedule_in_words
from featlearn.storage.errors import WrongChoice

_CONDITION = re.compile(r"\s*([^=!<>~]+?)\s*(!=|<=|>=|=|<|>|~)\s*(.*?)\s*", re.DOTALL)
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_START = ".start"  # of a schedule, which stands for it where a number is asked for
_OF_SCHEDULES = (_START, ".factor", ".every")


@dataclass(frozen=True)
class Condition:
    """``key operator value``: the key complete, the value as written and as a configuration reads it."""

    key: str
    operator: str
    text: str
    value: Any

    def holds(self, line: Line) -> bool:
        """Whether it is so. What is not known fulfils nothing, but that a setting of a run is unlike a value."""
        found = value_of(line, self.key)
        if found is None and self.value is not None:
            return self.operator == "!=" and line.kind == "run"
        if self.operator == "~":
            return self.text.lower() in (" ".join(found) if isinstance(found, list) else str(found)).lower()
        asked = self.text if isinstance(found, str) and not isinstance(self.value, str) else self.value
        if self.operator in _ORDERED:
            comparable = (_is_number(found) and _is_number(asked)) or (
                isinstance(found, str) and isinstance(asked, str)
            )
            return comparable and _ORDERED[self.operator](found, asked)
        if self.key == "tags":
            equal = self.text in found
        elif _is_number(found) and _is_number(asked):
            equal = found == asked
        else:
            equal = type(found) is type(asked) and found == asked
        return equal == (self.operator == "=")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def value_of(line: Line, key: str) -> Any:
    """What is known of a run under a complete key; None where nothing is. A schedule is known by its start."""
    for place in (line.settings, line.final):
        if key in place and key not in FACTS:
            return place[key]
    return line.fact(key) if key in FACTS else line.settings.get(key + _START)


def written(line: Line, key: str) -> Any:
    """As ``value_of``, for tables: a schedule with how it goes on."""
    if key in line.settings or key in line.final or key + _START not in line.settings:
        return value_of(line, key)
    return schedule_in_words(*(json.dumps(line.settings.get(key + part)) for part in _OF_SCHEDULES))


def is_setting_too(lines: Iterable[Line], column: str) -> bool:
    """Whether a column of the last row is called as a setting of some stage, of which it is the last value."""
    ends = f".{column}", f".{column}{_START}"
    return any(key.endswith(ends) for keys in {tuple(line.settings) for line in lines} for key in keys)


class Keys:
    """The keys of some lines, found by their names or by the ends of these."""

    def __init__(self, lines: Iterable[Line]) -> None:
        shapes = {(tuple(line.final), tuple(line.settings)) for line in lines}  # few, however many lines there are
        settings = dict.fromkeys(key for _, keys in shapes for key in keys)
        found = dict.fromkeys([*FACTS, *(key for keys, _ in shapes for key in keys), *settings])
        schedules = {key.removesuffix(_START): None for key in settings if key.endswith(_START)}
        self._known = found | schedules

    def complete(self, name: str) -> str:
        """The key that a name means. Raises WrongChoice when it is none, or more than one."""
        if name in self._known:
            return name
        found = [key for key in self._known if key.endswith(f".{name}")]
        if len(found) == 1:
            return found[0]
        if found:
            raise WrongChoice(f"{name!r} is more than one key; which of these: {', '.join(found)}?")
        last = {key.rpartition(".")[2]: key for key in reversed(self._known)}
        near = get_close_matches(name, [*self._known, *last], 3)
        near = list(dict.fromkeys(key if key in self._known else last[key] for key in near))
        others = ", ".join(key for key in self._known if "." not in key)
        hint = f"did you mean {' or '.join(near)}?" if near else f"the keys are {others} and settings as student.width"
        raise WrongChoice(f"no run here has a key {name!r}; {hint}")


def condition(text: str, keys: Keys) -> Condition:
    """What ``key=value``, or with ``!= < <= > >=`` or ``~`` (contains), asks for. Raises WrongChoice."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        example = "expected KEY=VALUE, or !=, <, <=, >, >=, ~ (contains) for =, as in --where 'loss<1e-6'"
        raise WrongChoice(f"--where {text!r}: {example}")
    name, sign, value = found.groups()
    return Condition(keys.complete(name), sign, value, _plain(value))


def _plain(text: str) -> Any:
    """A number, true, false, null or a list, as a configuration has it; anything else is text."""
    if re.fullmatch(r"[-+]?[0-9]+", text):
        return int(text) if len(text) < 400 else text
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", text):
        return float(text)
    try:
        return json.loads(text) if text[:1] in ("[", '"') else {"true": True, "false": False, "null": None}[text]
    except (ValueError, KeyError):
        return text


def ordered(lines: Sequence[Line], name: str, keys: Keys) -> list[Line]:
    """Lines by the value of a key, smallest first, or largest first with ``-`` before it; last what has none."""
    falling = name.startswith("-")
    key = keys.complete(name.removeprefix("-"))

    def rank(line: Line) -> tuple[bool, Any]:
        value = value_of(line, key)
        return (True, value) if _is_number(value) else (False, str(value))

    known = [line for line in lines if value_of(line, key) is not None]
    unknown = [line for line in lines if value_of(line, key) is None]
    return sorted(known, key=rank, reverse=falling) + unknown


def differing(lines: Sequence[Line]) -> list[str]:
    """The settings in which runs differ, those that most of them have first; a schedule is one setting."""
    runs = [line.settings for line in lines if line.kind == "run" and line.settings]
    if len(runs) < 2:
        return []
    count = Counter(key for settings in runs for key in settings)
    first = runs[0]
    keys = [
        key
        for key in count
        if key != "name"
        and not _is_long(first.get(key))
        and (count[key] < len(runs) or any(settings[key] != first[key] for settings in runs))
    ]
    return list(dict.fromkeys(_whole(key, count) for key in sorted(keys, key=lambda key: -count[key])))


def _whole(key: str, keys: Container[str]) -> str:
    """The key of the schedule that a key is a part of, or the key itself."""
    schedule, _, part = key.rpartition(".")
    return schedule if f".{part}" in _OF_SCHEDULES and schedule + _START in keys else key


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and len(value) > 20
