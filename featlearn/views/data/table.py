"""A table: columns of equal length, as a figure shows them and its CSV file holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

Table = dict[str, np.ndarray]


def with_values(columns: Mapping[str, np.ndarray], names: Iterable[str]) -> list[str]:
    """Those of some columns that hold a value anywhere: what does not apply is neither shown nor left as dashes."""
    return [name for name in names if any(value is not None and value == value for value in columns[name])]
