"""Conditions on what is known of runs, as ``featlearn runs --where`` takes them."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from featlearn.runs.statuses import STOPPED, Status
from featlearn.storage.errors import WrongChoice
from featlearn.sweeps.selection import UNREADABLE, Keys, Kind, Line, is_number, value_of

_SIGN = r"(!=|<=|>=|==?|<|>|~)"
_CONDITION = re.compile(rf"\s*([^=!<>~]+?)\s*{_SIGN}(?!\s*[=!<>~])\s*(.*?)\s*", re.DOTALL)
_SECOND = re.compile(rf"(.*?)\s*(,|;|&+|\|+|\b(?:and|or)\b)\s*([^=!<>~]+?\s*{_SIGN}.*)", re.DOTALL | re.IGNORECASE)
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CLOSED: dict[str, tuple[str, ...]] = {  # the facts that have few values, and all of these
    "kind": get_args(Kind),
    "status": (*get_args(Status), STOPPED, UNREADABLE),
}
_MOST_VALUES = 8  # that are named where no run has the one that was asked for


@dataclass(frozen=True)
class Condition:
    """``key operator value``: the key complete, the value as written and as a configuration reads it."""

    key: str
    operator: str
    text: str
    value: Any

    def __str__(self) -> str:
        return f"{self.key}{self.operator}{self.text}"

    def holds(self, line: Line) -> bool:
        """Whether it is so. What is not known fulfils nothing, but that a setting of a run is unlike a value."""
        found = value_of(line, self.key)
        if found is None and self.value is not None:
            return self.operator == "!=" and line.kind == "run"
        if self.operator == "~":
            return self.text.lower() in (" ".join(map(str, found)) if isinstance(found, list) else str(found)).lower()
        asked = self.text if isinstance(found, str) and not isinstance(self.value, str) else self.value
        if self.operator in _ORDERED:
            comparable = (is_number(found) and is_number(asked)) or (isinstance(found, str) and isinstance(asked, str))
            return comparable and _ORDERED[self.operator](found, asked)
        if self.key == "tags":
            equal = self.text in found
        elif is_number(found) and is_number(asked):
            equal = found == asked
        else:
            equal = type(found) is type(asked) and found == asked
        return equal == (self.operator == "=")

    def why_none(self, lines: Iterable[Line]) -> str | None:
        """Which values the key has, where the condition holds for none of some lines; else None."""
        values = []
        for line in lines:
            if self.holds(line):
                return None
            values.append(value_of(line, self.key))
        known = [value for value in values if value is not None]
        return f"none has {self}: {f'{self.key} is {_range(known)}' if known else f'{self.key} is null in all'}"


def condition(text: str, keys: Keys, asked_by: str = "--where ") -> Condition:
    """What ``key=value``, or with ``!= < <= > >=`` or ``~`` (contains), asks for.

    Args:
        asked_by: what stands before the condition where it is refused.
    Raises:
        WrongChoice: when it is no condition, more than one, or one that no value of its key could ever fulfil.
    """
    found = _CONDITION.fullmatch(text)
    if found is None:
        example = f"expected KEY=VALUE, or !=, <, <=, >, >=, ~ (contains) for =, as in {asked_by}'loss<1e-6'"
        raise WrongChoice(f"{asked_by}{text!r}: {example}")
    name, sign, value = found.groups()
    asked = Condition(keys.complete(name), "=" if sign == "==" else sign, value, _plain(value))
    second = _SECOND.fullmatch(value)
    if second is not None and not any(map(asked.holds, keys.lines)):
        raise WrongChoice(f"{asked_by}{text!r}: {_apart(f'{name}{sign}{second[1]}', second[2], second[3])}")
    if (why := _why_never(asked, keys.lines)) is not None:
        raise WrongChoice(f"{asked_by}{text!r}: {why}")
    return asked


def _apart(first: str, joined: str, second: str) -> str:
    """How two conditions that stand in one are written."""
    if joined.lower() == "or" or joined.startswith("|"):
        return "runs that fulfil one condition or another are asked for one after the other, each with its own command"
    return f"one condition at a time; repeat the option: --where {first!r} --where {second!r}"


def _why_never(asked: Condition, lines: Iterable[Line]) -> str | None:
    """Why no value of the kinds that a key has fulfils a condition, whatever it is."""
    if (closed := _CLOSED.get(asked.key)) is not None:
        return _why_not_among(asked, closed)
    known = [value for value in (value_of(line, asked.key) for line in lines) if value is not None]
    kinds = {_kind(value) for value in known} if asked.key != "tags" else {"text"}
    if not kinds or asked.operator == "~":
        return None
    if asked.operator in _ORDERED:
        kinds &= {"a number", "text"} if asked.key != "tags" else set()
        if not kinds:
            return f"{asked.key} has no order; use = or !="
    elif asked.value is None:
        return None
    if "text" in kinds or _kind(asked.value) in kinds:
        return None
    example = _written(next(value for value in known if _kind(value) in kinds))
    told = " or ".join(sorted(kinds))
    return f"{asked.key} is {told}, and {asked.text!r} is not; write it as in {asked.key}{asked.operator}{example}"


def _why_not_among(asked: Condition, values: tuple[str, ...]) -> str | None:
    if asked.operator in _ORDERED:
        return f"{asked.key} has no order; use = or !="
    if asked.text in values or (asked.operator == "~" and any(asked.text.lower() in value for value in values)):
        return None
    near = get_close_matches(asked.text, values, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{asked.key} is never {asked.text!r}; {hint}it is one of {', '.join(values)}"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a number" if is_number(value) else "a list" if isinstance(value, list) else "text"


def _range(values: list[Any]) -> str:
    """The values that occur, where they are few; the least and the largest of many numbers."""
    texts = list(dict.fromkeys(map(_written, values)))
    if len(texts) <= _MOST_VALUES:
        return ", ".join(texts)
    numbers = [value for value in values if is_number(value)]
    if len(numbers) == len(values):
        return f"{min(numbers):.4g} to {max(numbers):.4g}"
    return f"{', '.join(texts[:_MOST_VALUES])} or one of {len(texts) - _MOST_VALUES} more"


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value)


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
