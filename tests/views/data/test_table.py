"""Columns that hold a value somewhere."""

import numpy as np

from featlearn.views.data.table import with_values


def test_columns_without_any_value_are_left_out_and_the_order_stays() -> None:
    objects = np.array([None, 2**60], dtype=object)
    columns = {"a": np.array([1.0, np.nan]), "b": np.array([np.nan, np.nan]), "c": np.array([None, None]), "d": objects}
    assert with_values(columns, ["d", "b", "c", "a"]) == ["d", "a"]
