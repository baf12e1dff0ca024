"""The axes of a sweep: keys that it varies, and the values they take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from featlearn.config.identity import identity
from featlearn.views.words.labels import Label, label_of, short_key, short_keys
from featlearn.views.words.values import distinct, labels


@dataclass(frozen=True)
class Axis:
    """A key that a sweep varies, alone or together with others that follow it.

    Attributes:
        key: its name.
        values: what it takes, numbers in order of size, others in the order of the sweep.
        index: (N,) which of them each run has.
        name: the last parts of the key, as many as tell it from the other axes.
    """

    key: str
    values: list[Any]
    index: np.ndarray
    name: str

    @property
    def label(self) -> Label:
        """What people call it; its name where that takes more than the last part."""
        return label_of(self.key) if self.name == short_key(self.key) else Label(self.name)

    @property
    def numeric(self) -> bool:
        return all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values)

    @property
    def log(self) -> bool:
        """Whether the values are evenly spaced on a logarithmic scale rather than on a linear one."""
        if not self.numeric or min(self.values) <= 0 or len(self.values) < 2:
            return False
        if len(self.values) == 2:
            return max(self.values) >= 10 * min(self.values)
        gaps, ratios = np.diff(self.values), np.diff(np.log(self.values))
        return bool(np.std(ratios) / np.mean(ratios) < np.std(gaps) / np.mean(gaps) - 1e-9)

    def texts(self) -> list[str]:
        """The values as figures and reports write them."""
        return labels(self.values)

    def places(self, column: np.ndarray) -> np.ndarray:
        """Where the values in a column stand among those of the axis."""
        place = {identity(value): i for i, value in enumerate(self.values)}
        return np.array([place[identity(value)] for value in column.tolist()], dtype=int)


def axis_of(key: str, column: np.ndarray) -> Axis:
    """The distinct values of a column, and where they stand."""
    if column.dtype == float and np.any(np.isnan(column)):  # how a column of numbers holds null
        column = as_objects([None if np.isnan(value) else value for value in column.tolist()])
    axis = Axis(key, list(distinct(column.tolist()).values()), np.empty(0), short_key(key))
    if axis.numeric:
        axis = replace(axis, values=sorted(axis.values))
    return replace(axis, index=axis.places(column))


def named(axes: list[Axis]) -> list[Axis]:
    """Axes with names that tell them apart."""
    names = short_keys([axis.key for axis in axes])
    return [replace(axis, name=name) for axis, name in zip(axes, names, strict=True)]


def as_objects(values: list[Any]) -> np.ndarray:
    """A column of values of any kind, lists among them."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
