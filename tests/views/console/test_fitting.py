"""Tables on terminals of all widths: the story stays, what is left out is named, and headings are explained."""

import io
import re
from collections.abc import Sequence

import pytest
from rich import box
from rich.console import Console
from rich.table import Table

from featlearn.views.console.fitting import fitting_table, heading

COLUMNS = ("step", "loss", "subspace", "mean_angle", "aligned_mass", "max_angle")
BY_WEIGHT = ("loss", "subspace", "mean_angle", "aligned_mass", "step", "max_angle")


def made(columns: Sequence[str], narrow: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=narrow)
    for column in columns:
        table.add_column(heading(column, narrow), no_wrap=True)
    table.add_row(*("1.23e-10" for _ in columns))
    return table


def printed(width: int) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    for part in fitting_table(console, COLUMNS, BY_WEIGHT, made, "gap"):
        console.print(part)
    return console.export_text()


def in_a_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_a_wide_terminal_shows_all() -> None:
    text = in_a_line(printed(140))
    assert "left out" not in text
    assert "mean angle aligned mass max angle" in text
    assert "max angle: of any living neuron" in text
    assert "gap: above the best network of any width" in text


@pytest.mark.parametrize(("width", "left_out"), [(66, []), (58, ["max angle"]), (48, ["step", "max angle"])])
def test_a_narrow_one_leaves_out_what_matters_least_and_says_so(width: int, left_out: list[str]) -> None:
    text = printed(width)
    assert all(len(line.rstrip()) <= width for line in text.splitlines())
    assert ("left out at" in text) == bool(left_out)
    if left_out:
        assert f"left out at {width} columns: {', '.join(left_out)}" in in_a_line(text)
    assert "in S*" in text
    assert "aligned" in text
    assert ("max angle: " in in_a_line(text)) == ("max angle" not in left_out)


def test_a_terminal_that_is_too_narrow_for_anything_shows_the_first_column() -> None:
    assert printed(5).split()[0] == "lo…"
