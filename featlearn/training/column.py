"""What is known of one column of a table of results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from featlearn.training.look import Look

LARGEST_COUNT = 2**63 - 1  # what an array can hold
Kind = Literal["text", "count", "number", "degrees", "share", "seconds"]
Compared = Literal["target", "neurons", "masses"]
Row = dict[str, Any]  # what is logged of a run at one step: a value for each column
Compute = Callable[["Look"], "np.ndarray | Sequence[Any] | None"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table of results.

    Attributes:
        name: in files.
        kind: what its values are. Counts are whole numbers, shares lie between 0 and 1.
        meaning: for the documentation.
        compute: a value for each run of a look, (B,), or None where it does not apply to any of them; it may be not
            finite where it does not apply to one. Left out where the loop or whoever writes the file knows the values.
        required: whether every row has it; any other value may be null.
        heading: in tables; by default the name.
        words: in figures; by default the name.
        symbol: beside the words, as mathtext without dollars.
        unit: beside the words.
        compares: with what of the teacher: the target function, its neurons, or their masses, which are comparable for
            the student's activation alone; it is null where there is none.
        log: whether it spans orders of magnitude, so that axes are logarithmic.
    """

    name: str
    kind: Kind
    meaning: str
    compute: Compute | None = None
    required: bool = False
    heading: str = ""
    words: str = ""
    symbol: str = ""
    unit: str = ""
    compares: Compared | None = None
    log: bool = False

    @property
    def is_number(self) -> bool:
        """Whether its values are floats."""
        return self.kind not in ("text", "count")

    def plain(self, values: np.ndarray | Sequence[Any]) -> list[Any]:
        """Computed values as JSON holds them; None for what is not finite."""
        if self.kind == "text":
            return list(values)
        return plain_numbers(values) if self.is_number else np.asarray(values).astype(np.int64).tolist()

    def holds(self, value: Any) -> bool:
        """Whether a value that was read can be one of its own."""
        if value is None:
            return not self.required
        if self.kind == "text":
            return isinstance(value, str)
        if isinstance(value, bool) or not isinstance(value, int if self.kind == "count" else int | float):
            return False
        if self.kind == "count":
            return 0 <= value <= LARGEST_COUNT
        try:
            return isfinite(value)
        except OverflowError:  # a whole number that is larger than any float
            return False

    def read(self, value: Any) -> Any:
        """A value that it holds, in the type of its values: a file may say 1 where it means 1.0."""
        return float(value) if isinstance(value, int) and self.kind != "count" else value


def plain_numbers(values: np.ndarray | Sequence[Any]) -> list[Any]:
    """Numbers, or columns of them, as JSON holds them; None for what is not finite."""
    numbers = np.array(values, dtype=np.float64)
    finite = np.isfinite(numbers)
    if not finite.all():
        numbers = numbers.astype(object)
        numbers[~finite] = None
    plain: list[Any] = numbers.tolist()
    return plain
