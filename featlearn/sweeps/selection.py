"""What is known of runs by keys: their values, an order by one of them, and the settings in which runs differ.

A key is a setting of the configuration (dotted), a column of the final row, or a fact such as the status. The end of a
dotted key does where only one key ends so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Literal, Protocol, TypeVar

from featlearn.config.identity import schedule_in_words
from featlearn.storage.errors import WrongChoice
from featlearn.sweeps.columns import known_columns

Kind = Literal["run", "sweep", "reproduction"]
FACTS = ("name", "kind", "status", "created", "config_hash", "backend", "device", "tags", "note")
UNREADABLE = "unreadable"  # the status of what cannot be read
_USUAL = {"inputs.covariance": "identity", "student.scaling": "standard"}  # what stored configurations leave out
_START = ".start"  # of a schedule, which stands for it where a number is asked for
_OF_SCHEDULES = (_START, ".factor", ".every")


class Line(Protocol):
    """What is known of a run, a sweep or a reproduction.

    Attributes:
        settings: the configuration of a run by dotted keys.
        final: the last row of a run.
    """

    @property
    def kind(self) -> Kind: ...

    @property
    def settings(self) -> dict[str, Any]: ...

    @property
    def final(self) -> dict[str, Any]: ...

    def fact(self, key: str) -> Any:
        """One of ``FACTS``; None where it is not known."""
        ...


L = TypeVar("L", bound=Line)


def is_number(value: Any) -> bool:
    """Whether a value is one; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def value_of(line: Line, key: str) -> Any:
    """What is known of a run under a complete key; None where nothing is. A schedule is known by its start."""
    for place in (line.settings, line.final):
        if key in place and key not in FACTS:
            return place[key]
    return line.fact(key) if key in FACTS else line.settings.get(key + _START, _usual(line, key))


def _usual(line: Line, key: str) -> str | None:
    """What a setting is that the configuration of a run does not say; None where it is a mapping, or not known."""
    usual = _USUAL.get(key)
    if usual is None or not line.settings or any(name.startswith(f"{key}.") for name in line.settings):
        return None
    return usual


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
    """The keys of some lines, found by their names, by the ends of these, and by what people call them."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        shapes = {(tuple(line.final), tuple(line.settings)) for line in lines}  # few, however many lines there are
        settings = dict.fromkeys(key for _, keys in shapes for key in keys)
        found = dict.fromkeys([*FACTS, *(key for keys, _ in shapes for key in keys), *settings])
        schedules = {key.removesuffix(_START): None for key in settings if key.endswith(_START)}
        self._known = found | schedules | (dict.fromkeys(_USUAL) if settings else {})

    @property
    def all(self) -> list[str]:
        """Every key that is known of any of the lines."""
        return list(self._known)

    def complete(self, name: str) -> str:
        """The key that a name means. Raises WrongChoice when it is none, or more than one."""
        found = self._called(name) or next(filter(None, map(self._called, _meanings(name))), [])
        if len(found) == 1:
            return found[0]
        if found:
            raise WrongChoice(f"{name!r} is more than one key; which of these: {', '.join(found)}?")
        last = {key.rpartition(".")[2]: key for key in reversed(self._known)}
        near = get_close_matches(name, [*self._known, *last], 3)
        near = list(dict.fromkeys(key if key in self._known else last[key] for key in near))
        hint = f"did you mean {' or '.join(near)}?" if near else f"a key is {_EXAMPLES}"
        raise WrongChoice(f"no run here has a key {name!r}; {hint}")

    def _called(self, name: str) -> list[str]:
        """The keys with a name, or where there is none, with an end."""
        return [name] if name in self._known else [key for key in self._known if key.endswith(f".{name}")]


_EXAMPLES = (
    f"one of {', '.join(FACTS)}, a result as loss or a setting as student.width; `featlearn runs --json` has them all"
)


def _meanings(name: str) -> list[str]:
    """The keys that people mean by a word: a heading of a table, or another name of a setting."""
    from featlearn.config.hints import OF_KEYS  # loads what they are about

    headed = [column for text, column in headings() if name == text]
    return headed + [hint.means for hint in OF_KEYS if hint.means and hint.is_about(name, "")]


def headings() -> Iterator[tuple[str, str]]:
    """What tables call a column, and the column."""
    for column in known_columns().values():
        for text in dict.fromkeys((column.heading, _spaced(column.name))):
            yield text, column.name


def _spaced(column: str) -> str:
    return column.replace("_", " ")


def ordered(lines: Sequence[L], name: str, keys: Keys) -> list[L]:
    """Lines by the value of a key, smallest first, or largest first with ``-`` before it; last what has none."""
    falling = name.startswith("-")
    key = keys.complete(name.removeprefix("-"))

    def rank(line: L) -> tuple[bool, Any]:
        value = value_of(line, key)
        return (True, value) if is_number(value) else (False, str(value))

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
