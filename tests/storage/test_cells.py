"""No cell is a formula, and every text comes back from a CSV file."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featlearn.storage.cells import cell_of, is_marked, text_of

PROPERTY = settings(max_examples=200, derandomize=True, deadline=None, database=None)


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=1", "-5", "1e3", "0012", "nan"],
)
def test_a_text_that_looks_like_a_formula_or_a_number_is_marked(text: str) -> None:
    assert cell_of(text) == "'" + text
    assert is_marked(cell_of(text))
    assert text_of(cell_of(text)) == text


@pytest.mark.parametrize("value", [-5, 1e-3, -0.5, float("nan"), None, "plain", "'tis", "a=b", ""])
def test_numbers_and_harmless_text_stay(value: object) -> None:
    assert cell_of(value) is value


def test_what_csv_has_no_word_for_is_json() -> None:
    assert [cell_of(value) for value in (True, [1, 2], {"kind": "x"})] == ["true", "[1, 2]", '{"kind": "x"}']


@PROPERTY
@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1))
def test_every_text_comes_back(texts: list[str]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow(map(cell_of, texts))
    file.seek(0)
    [cells] = csv.reader(file, strict=True)
    assert [text_of(cell) for cell in cells] == texts
    assert not any(cell[:1] in "=+-@\t\r" for cell in cells if cell)
