"""``where`` of a search: a number that the runs of all seeds have together, and what it is compared with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from featlearn.storage.errors import WrongChoice
from featlearn.sweeps.conditions import Condition, condition
from featlearn.sweeps.search.sequential import Decider, MeanTest, ShareTest
from featlearn.sweeps.selection import Keys, Line, is_number, value_of
from featlearn.training.columns import COLUMNS

_FORM = re.compile(
    r"\s*(share|median|mean)\s*\((.*)\)\s*(>=|<=|>|<|≥|≤)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(%?)\s*",
    re.DOTALL,
)
_FORMS = "share(CONDITION) >= NUMBER, median(COLUMN) <= NUMBER or mean(COLUMN) <= NUMBER"
_EXAMPLE = "share(recovered == 3) >= 0.95"
_AND = re.compile(r"\s+and\s+|\s*&&?\s*")


@dataclass(frozen=True)
class Statistic:
    """A condition on the runs of all seeds at a value.

    Attributes:
        kind: a median is at most a number where the share of the values that are is at least a half; that is tested.
        conditions: a run counts in the share where all hold.
        column: of which the mean is taken.
        above: whether the number must lie above the bound, rather than below.
        bound: of the share, or of the mean.
        text: as it is written.
    """

    kind: Literal["share", "median", "mean"]
    conditions: tuple[Condition, ...]
    column: str | None
    above: bool
    bound: float
    text: str

    def outcome(self, line: Line) -> float:
        """Of one run: 1 where it counts and 0 where not; or the value of the column, which is infinite without one.

        What is not known of a run fulfils no condition; see ``Condition.holds``.
        """
        if self.column is None:
            return float(all(asked.holds(line) for asked in self.conditions))
        value = value_of(line, self.column)
        return float(value) if is_number(value) else float("inf")

    def decision(self, outcomes: Sequence[float], error: float) -> bool | None:
        """Whether it holds, wrongly with a probability of at most ``error``; None where the outcomes do not decide."""
        if self.kind == "mean" and not all(map(_is_finite, outcomes)):
            return False  # where runs diverge there is no mean
        found = self._test(error).decision(outcomes)
        return None if found is None else found == self.above

    def fewest(self, error: float) -> tuple[int, int]:
        """How many outcomes that are all 0 decide whether it holds, and how many that are all 1."""
        return self._test(error).fewest()

    def _test(self, error: float) -> Decider:
        return MeanTest(self.bound, error) if self.kind == "mean" else ShareTest(self.bound, error)

    @property
    def measures(self) -> str:
        """What the outcomes of runs are averaged to."""
        return "mean" if self.kind == "mean" else "share"

    @property
    def words(self) -> str:
        """What a share is of."""
        return " and ".join(map(str, self.conditions)) or f"{self.column}"


def _is_finite(value: float) -> bool:
    return abs(value) < float("inf")


def statistic(text: str, keys: Keys) -> Statistic:
    """What ``where`` of a search asks for.

    Raises:
        WrongChoice: when it is none, or names what no run has.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise WrongChoice(f"expected {_FORMS}, as in {_EXAMPLE}")
    kind, inner, sign, number, percent = found.groups()
    sign = sign.replace("≥", ">=").replace("≤", "<=")
    bound, above = float(number) / (100 if percent else 1), sign[0] == ">"
    if kind == "share":
        if not 0 < bound < 1:
            text = "cannot be told by any number of seeds: ask for one above 0 and below 1"
            raise WrongChoice(f"a share of {number}{percent} {text}")
        conditions = tuple(condition(part, keys, "") for part in _AND.split(inner.strip()))
        return Statistic("share", conditions, None, above, bound, text)
    column = keys.complete(inner.strip())
    if column not in COLUMNS or COLUMNS[column].kind == "text":
        raise WrongChoice(f"{column!r} is no number among the results of a run, of which there is a {kind}")
    if percent:
        raise WrongChoice(f"a {kind} is compared with a number, not with {number} %")
    if kind == "mean":
        return Statistic("mean", (), column, above, bound, text)
    asked = Condition(column, sign, number, float(number))
    return Statistic("median", (asked,), None, True, 0.5, text)
