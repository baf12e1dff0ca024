"""Columns are a dictionary of arrays that libraries for tables take over."""

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from featlearn.runs.columns import Columns
from featlearn.runs.metrics import as_columns

ROWS = [{"step": 0, "stage": "a", "gap": None}, {"step": 1, "stage": "b", "gap": 0.5}]


def test_columns_are_a_dictionary_of_arrays() -> None:
    columns = as_columns(ROWS)
    assert isinstance(columns, Columns)
    assert list(columns) == ["step", "stage", "gap"]
    assert columns["gap"][1] == 0.5


@pytest.mark.parametrize(("library", "convert"), [("pandas", Columns.to_pandas), ("polars", Columns.to_polars)])
def test_libraries_get_every_column(library: str, convert: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in that says what it was given: neither library is needed for the tests."""
    given = SimpleNamespace(DataFrame=lambda columns, **options: {name: list(c) for name, c in columns.items()})
    monkeypatch.setitem(sys.modules, library, given)
    table = convert(as_columns(ROWS))
    assert table["step"] == [0, 1]
    assert table["stage"] == ["a", "b"]
    assert np.isnan(table["gap"][0])


def test_pandas_reads_what_it_is_given() -> None:
    pandas = pytest.importorskip("pandas")
    table = as_columns(ROWS).to_pandas()
    assert table["step"].tolist() == [0, 1]
    assert pandas.isna(table["gap"][0])


def test_polars_reads_what_it_is_given() -> None:
    pytest.importorskip("polars")
    table = as_columns(ROWS).to_polars()
    assert table["stage"].to_list() == ["a", "b"]
    assert table["gap"].to_list() == [None, 0.5]


@pytest.mark.parametrize(("library", "convert"), [("pandas", Columns.to_pandas), ("polars", Columns.to_polars)])
def test_a_library_that_is_not_installed_is_named(library: str, convert: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=f"^{library} is not installed: python -m pip install {library}; "):
        convert(as_columns(ROWS))
