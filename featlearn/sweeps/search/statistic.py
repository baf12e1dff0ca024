"""``where`` of a search: a number that the runs of all seeds have together, and what it is compared with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from featlearn.storage.errors import WrongChoice
from featlearn.sweeps.conditions import Condition, condition
from featlearn.sweeps.search.sequential import ShareTest
from featlearn.sweeps.selection import Keys, Kind, Line
from featlearn.training.columns import COLUMNS

_KINDS = "share", "median"
_FORM = re.compile(
    r"\s*(\w+)\s*\((.*)\)\s*(>=|<=|>|<|≥|≤|!=|==?)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(%?)\s*",
    re.DOTALL,
)
_FORMS = "share(CONDITION) >= NUMBER or median(COLUMN) <= NUMBER"
_EXAMPLE = "share(recovered == 3) >= 0.95"
_AND = re.compile(r"\s+and\s+|\s*&&?\s*")


@dataclass(frozen=True)
class Statistic:
    """A condition on the runs of all seeds at a value.

    Attributes:
        conditions: a run counts in the share where all hold. A median is at most a number where the share of the values
            that are is at least a half; that is tested.
        above: whether the share must lie above the bound, rather than below.
        bound: of the share.
        text: as it is written.
    """

    conditions: tuple[Condition, ...]
    above: bool
    bound: float
    text: str

    def outcome(self, line: Line) -> float:
        """Of one run: 1 where it counts and 0 where not.

        What is not known of a run fulfils no condition; see ``Condition.holds``.
        """
        return float(all(asked.holds(line) for asked in self.conditions))

    def lacking(self, final: dict[str, Any]) -> bool:
        """Whether a last row has no value of a column, so that the run does not count."""
        return any(lacks(asked, final) for asked in self.conditions)

    def decision(self, outcomes: Sequence[float], error: float) -> bool | None:
        """Whether it holds, wrongly with a probability of at most ``error``; None where the outcomes do not decide."""
        found = ShareTest(self.bound, error).decision(outcomes)
        return None if found is None else found == self.above

    def fewest(self, error: float) -> tuple[int, int]:
        """How many outcomes that are all 0 decide whether it holds, and how many that are all 1."""
        return ShareTest(self.bound, error).fewest()

    @property
    def words(self) -> str:
        """What a share is of."""
        return " and ".join(map(str, self.conditions))


def lacks(asked: Condition, final: dict[str, Any]) -> bool:
    """Whether a condition fails in a last row since this has null where it asks for a value."""
    return asked.key in final and final[asked.key] is None and not asked.holds(Row(final))


@dataclass(frozen=True)
class Row:
    """A last row alone, as a condition asks of it."""

    final: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    kind: Kind = "run"

    def fact(self, key: str) -> Any:
        return None


def statistic(text: str, keys: Keys) -> Statistic:
    """What ``where`` of a search asks for.

    Raises:
        WrongChoice: when it is none, or names what no run has.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise WrongChoice(f"expected {_FORMS}, as in {_EXAMPLE}")
    kind, inner, sign, number, percent = found.groups()
    if kind == "mean":  # however many outcomes there are, one that is rare and large may be to come
        text = "for losses and their like have rare large values: ask for a median or a share"
        raise WrongChoice(f"a mean is decided by no number of seeds, {text}")
    if kind not in _KINDS:
        near = get_close_matches(kind, _KINDS, 1)
        raise WrongChoice(f"{kind!r} is neither share nor median{f'; did you mean {near[0]}?' if near else ''}")
    if "<" not in sign.replace("≤", "<") and ">" not in sign.replace("≥", ">"):
        raise WrongChoice(f"an edge is where a {kind} passes a number: compare with >=, <=, > or <, not with {sign}")
    sign = sign.replace("≥", ">=").replace("≤", "<=")
    bound, above = float(number) / (100 if percent else 1), sign[0] == ">"
    if kind == "share":
        if not 0 < bound < 1:
            text = "cannot be told by any number of seeds: ask for one above 0 and below 1"
            raise WrongChoice(f"a share of {number}{percent} {text}")
        conditions = tuple(condition(part, keys, "") for part in _AND.split(inner.strip()))
        return Statistic(conditions, above, bound, text)
    column = keys.complete(inner.strip())
    if column not in COLUMNS or COLUMNS[column].kind == "text":
        raise WrongChoice(f"{column!r} is no number among the results of a run, of which there is a median")
    if percent:
        raise WrongChoice(f"a median is compared with a number, not with {number} %")
    asked = Condition(column, sign, number, float(number))
    return Statistic((asked,), True, 0.5, text)
