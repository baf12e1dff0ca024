"""Columns of numbers as notebooks take them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas
    import polars


def _imported(library: str) -> Any:
    try:
        return import_module(library)
    except ImportError:
        text = (
            f"{library} is not installed: python -m pip install {library}; without it, the columns are arrays by name"
        )
        raise ImportError(text, name=library) from None


class Columns(dict[str, "np.ndarray"]):
    """Arrays of equal length by name: a dictionary, that libraries for tables can take over."""

    def to_pandas(self) -> pandas.DataFrame:
        """The same as a DataFrame of pandas, which has to be installed."""
        return _imported("pandas").DataFrame(self)

    def to_polars(self) -> polars.DataFrame:
        """The same as a DataFrame of polars, which has to be installed; NaN, for what has no value, becomes null."""
        lists: dict[str, Any] = {
            name: column.tolist() if column.dtype == object else column for name, column in self.items()
        }
        return _imported("polars").DataFrame(lists, nan_to_null=True, strict=False)
