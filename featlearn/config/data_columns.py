"""Which columns of somebody's table are the inputs and which is the label, by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from featlearn.storage.digests import InvalidFile

_LABELS = {"label", "labels", "target", "targets", "y", "output"}  # in any case
_INPUTS = {"input", "inputs", "x", "features", "data"}  # arrays of an archive
_INDEX = re.compile(r"|Unnamed: 0|__index_level_0__")  # what pandas and R call the numbers of the rows
_NUMBERED = re.compile(r"(?P<prefix>.*?)[\s_.\[]*(?P<number>\d+)\]?")
NAMES = "; say which with the keys `inputs` and `label` of `data`"


class InvalidData(InvalidFile):
    """A data file that cannot be used; the message says where and why."""

    def __init__(self, message: str, key: str = "path") -> None:
        super().__init__(message)
        self.key = ("data", key)


@dataclass(frozen=True)
class Columns:
    """Places in a table, from 0: of the inputs in their order, of the label, and of a column that numbers the rows."""

    inputs: list[int]
    label: int
    index: int | None = None

    def used(self) -> list[int]:
        """All of them, the label after the inputs and the index at the end."""
        return [*self.inputs, self.label, *([] if self.index is None else [self.index])]


@dataclass(frozen=True)
class Wanted:
    """What a configuration says of a data file's columns or arrays; None leaves it to their names.

    Attributes:
        input_dim: d, as the teacher has it; None takes what the file has.
        inputs: names in order, or one name with ``*`` for any text in it.
        label: a name.
    """

    input_dim: int | None = None
    inputs: tuple[str, ...] | str | None = None
    label: str | None = None

    def columns(self, names: Sequence[str], *, named: bool = True) -> Columns:
        """The columns of a table.

        Args:
            names: of its columns.
            named: whether the file has names; otherwise they are the numbers of the columns, from 1.
        Raises:
            InvalidData: when names and configuration do not say it without doubt; the message lacks the file's name.
        """
        index = next((k for k, name in enumerate(names) if named and _INDEX.fullmatch(name) and (name or k == 0)), None)
        label = self._label(names, named)
        others = [k for k in range(len(names)) if k not in (label, index)]
        inputs = _all_alike(names, others) if self.inputs is None else self._named_inputs(names, others)
        if self.input_dim is not None and len(inputs) != self.input_dim:
            found = _briefly([names[k] for k in inputs])
            raise InvalidData(f"has {len(inputs)} inputs ({found}), and the teacher's input_dim is {self.input_dim}")
        return Columns(inputs, label, index if self.inputs is None else None)

    def _label(self, names: Sequence[str], named: bool) -> int:
        if self.label is not None:
            return _place(names, self.label)
        if not named:
            raise InvalidData(
                f"has no names, so its columns are called 1 … {len(names)}: say which is the label, as in "
                f"`label: {len(names)}` for the last"
            )
        found = [name for name in names if name.casefold() in _LABELS]
        if len(found) != 1:
            known = ", ".join(sorted(_LABELS))
            told = f"more than one column could be the label ({', '.join(found)})" if found else "no column is a label"
            raise InvalidData(
                f"{told}: say which it is, as in `label: {found[0] if found else names[-1] or 'y'}` beside `path` "
                f"(by itself one of {known} is known); the columns are {_briefly(names)}"
            )
        return _place(names, found[0])

    def _named_inputs(self, names: Sequence[str], others: Sequence[int]) -> list[int]:
        if isinstance(self.inputs, tuple):
            places = [_place(names, name) for name in self.inputs]
            if len(set(places)) < len(places) or not set(places) <= set(others):
                raise InvalidData("`inputs` names a column twice, or the label")
            return places
        assert self.inputs is not None
        pattern = re.escape(self.inputs).replace(r"\*", ".*")
        found = [k for k in others if re.fullmatch(pattern, names[k])]
        if not found:
            raise InvalidData(f"no column is called {self.inputs!r}; the columns are {_briefly(names)}")
        return _in_order(names, found) or found

    def arrays(self, names: Sequence[str]) -> tuple[str, str]:
        """Inputs and labels among the arrays of an archive. Raises InvalidData; the message lacks the file's name."""
        if isinstance(self.inputs, tuple) and len(self.inputs) > 1:
            raise InvalidData("holds arrays: `inputs` takes the name of one")
        given = self.inputs[0] if isinstance(self.inputs, tuple) else self.inputs
        return _array(names, given, _INPUTS, "inputs"), _array(names, self.label, _LABELS, "label")


def _array(names: Sequence[str], given: str | None, known: set[str], key: str) -> str:
    found = [given] if given is not None else [name for name in names if name.casefold() in known]
    if len(found) != 1 or found[0] not in names:
        example = f"np.savez(…, inputs=X, labels=y){NAMES}"
        raise InvalidData(
            f"has the arrays {_briefly(names)}: which holds the {key} is not clear; save them by {example}"
        )
    return found[0]


def _place(names: Sequence[str], name: str) -> int:
    if names.count(name) > 1:
        raise InvalidData(f"column {name} is there twice")
    if name not in names:
        raise InvalidData(f"has no column {name!r:.80}; the columns are {_briefly(names)}")
    return names.index(name)


def _all_alike(names: Sequence[str], places: Sequence[int]) -> list[int]:
    """Columns that differ by a number alone, or the only one."""
    if not places:
        raise InvalidData("has no column beside the label")
    for k in places:
        if not names[k]:
            raise InvalidData(f"column {k + 1} has no name{NAMES}")
        if names.count(names[k]) > 1:
            raise InvalidData(f"column {names[k]} is there twice")
    order = list(places) if len(places) == 1 else _in_order(names, places)
    if order is None:
        first, second = (names[k] for k in places[:2])
        raise InvalidData(
            f"the columns {_briefly([names[k] for k in places])} are not x1, x2, … alike: say which are the inputs, "
            f"as in `inputs: [{first}, {second}]` beside `path`, or `inputs: '*'` for all but the label"
        )
    return order


def _in_order(names: Sequence[str], places: Sequence[int]) -> list[int] | None:
    """Places in the order of the numbers in their names, when these run from 0 or 1 and the rest is the same."""
    found = {k: _NUMBERED.fullmatch(names[k]) for k in places}
    matches = {k: match for k, match in found.items() if match is not None}
    if len(matches) < len(places) or len({match["prefix"].casefold().rstrip("s") for match in matches.values()}) > 1:
        return None
    numbers = {k: int(match["number"]) for k, match in matches.items()}
    order = sorted(places, key=numbers.__getitem__)
    ascending = [numbers[k] for k in order]
    plain = not next(iter(matches.values()))["prefix"]  # numbers alone may leave out that of the label
    if plain or (ascending[0] in (0, 1) and ascending == list(range(ascending[0], ascending[0] + len(order)))):
        return order
    return None


def _briefly(names: Sequence[str]) -> str:
    told = [repr(name) if not name.isidentifier() and not name.isdigit() else name for name in names]
    return ", ".join(told) if len(told) <= 8 else f"{', '.join(told[:4])} … {told[-1]}"
