"""The cells of tables have the form of their column, and show a dash for what is no number."""

from typing import Any

import pytest

from featlearn.training.columns import COLUMNS
from featlearn.views.words.cells import cell


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("loss", 1.23456e-7, "1.23e-07"),
        ("max_angle", 0.126, "0.13°"),
        ("aligned_mass", 0.98765, "98.8%"),
        ("recovered", 3, "3"),
        ("recovered", 2.5, "2.5"),
        ("seconds", 12.345, "12.3"),
        ("stage", "second_layer", "second_layer"),
    ],
)
def test_cells_have_the_form_of_their_column(column: str, value: Any, told: str) -> None:
    assert cell(column, value) == told


@pytest.mark.parametrize("column", [name for name, column in COLUMNS.items() if column.kind != "text"])
@pytest.mark.parametrize("value", [None, True, "7", {}])
def test_what_is_no_number_is_a_dash(column: str, value: Any) -> None:
    assert cell(column, value) == "–"


def test_a_gap_below_zero_is_rounding_and_shown_as_none() -> None:
    assert cell("gap", -3.47e-17) == "0"
    assert cell("gap", 3.47e-17) == "3.47e-17"
    assert cell("gap", None) == "–"
