"""What has a leading batch axis: some of its runs can be taken out, and batches can be put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np


@dataclass(frozen=True)
class Batched:
    """A dataclass in which every array has the runs as its first axis, and every tuple has an entry for each run.

    Dictionaries hold such arrays by name, and other ``Batched`` values are parts of the batch. Whatever else a field
    holds (a number, an activation, None) is the same for all runs.
    """

    def take(self, runs: Sequence[int]) -> Self:
        """The same for some of the runs; the arrays of a single run are views."""
        return type(self)(**{field.name: _taken(getattr(self, field.name), runs) for field in fields(self)})

    @classmethod
    def stack(cls, parts: Sequence[Self]) -> Self:
        """The batch of the runs of all parts, which agree in what runs share and in which arrays there are."""
        return cls(**{field.name: _stacked([getattr(part, field.name) for part in parts]) for field in fields(cls)})


def _taken(value: Any, runs: Sequence[int]) -> Any:
    if isinstance(value, np.ndarray):
        return value[runs[0] : runs[0] + 1] if len(runs) == 1 else value[list(runs)]
    if isinstance(value, Batched):
        return value.take(runs)
    if isinstance(value, tuple):
        return tuple(value[run] for run in runs)
    if isinstance(value, dict):
        return {name: _taken(array, runs) for name, array in value.items()}
    return value


def _stacked(values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, np.ndarray):
        return np.concatenate(values)
    if isinstance(first, Batched):
        return type(first).stack(values)
    if isinstance(first, tuple):
        return tuple(entry for value in values for entry in value)
    if isinstance(first, dict):
        return {name: _stacked([value[name] for value in values]) for name in first}
    return first
