"""Edges in words."""

from dataclasses import replace
from pathlib import Path

import pytest

from featlearn.sweeps.search.bisection import Ending, Search
from featlearn.sweeps.search.edges import Edge, Searches, Seen
from featlearn.views.words.edges import answer, between, saving, searching
from tests.sweeps.search.made_up import sweep_of
from tests.views.edges import FIND

FOUND = Search("found", 8, 10, rises=True)
ENDS = Seen(2, (0.0,) * 20, 20, 0, False, False), Seen(60, (0.0, 1.0) * 15, 30, 0, None, False)


def edge(search: Search, grid: int | None = 600) -> Edge:
    return Edge({}, search, 9.0, ENDS, grid)


@pytest.mark.parametrize(
    ("search", "told"),
    [
        (FOUND, "holds at 10, not at 8"),
        (replace(FOUND, rises=False), "holds at 8, not at 10"),
        (replace(FOUND, ending="wide"), "holds at 10, not at 8; in between 30 seeds do not decide it"),
        (replace(FOUND, ending="crossing"), "holds at 10, not at 8; in between there is more than one edge"),
        (replace(FOUND, ending="searching"), "holds at 10, not at 8; searching in between"),
        (Search("searching"), "the ends are not decided yet"),
        (Search("everywhere"), "not found within 2 … 60: holds at both ends"),
        (Search("nowhere"), "not found within 2 … 60: holds at neither end"),
        (Search("undecided"), "not found: undecided at 60 (share 0.5 of 30 seeds)"),
    ],
)
def test_an_answer_says_where_it_holds_or_why_there_is_none(tmp_path: Path, search: Search, told: str) -> None:
    assert answer(Searches(sweep_of(tmp_path, FIND)), edge(search)) == told


def test_an_end_without_a_run_is_told(tmp_path: Path) -> None:
    lost = replace(edge(Search("undecided")), seen=(replace(ENDS[0], outcomes=(), failed=20, holds=None), ENDS[1]))
    assert "undecided at 2 (no run has a result)" in answer(Searches(sweep_of(tmp_path, FIND)), lost)


def test_an_end_whose_runs_have_no_value_is_told(tmp_path: Path) -> None:
    lost = replace(edge(Search("undecided")), seen=(replace(ENDS[0], outcomes=(), holds=None, lacking=True), ENDS[1]))
    told = answer(Searches(sweep_of(tmp_path, FIND)), lost)
    assert "undecided at 2 (no run has a value for recovered=3)" in told


def test_what_was_saved_is_told_of_edges_that_were_found() -> None:
    assert saving([edge(FOUND)]) == (
        "50 runs, 550 saved of the 600 of a grid with all seeds at values as near to each other"
    )
    assert saving([edge(FOUND), edge(FOUND, None)]).startswith(
        "100 runs; for the 1 of 2 edges that were found 550 saved"
    )
    assert saving([edge(FOUND, 40)]).startswith("50 runs, more than the 40 of")
    assert saving([edge(FOUND, None)]) == "50 runs"


@pytest.mark.parametrize(("ending", "told"), [("found", "1/2 edges"), ("searching", "0/2 edges")])
def test_who_watches_is_told_the_bracket_or_how_many_edges_are_found(ending: Ending, told: str) -> None:
    assert searching([edge(replace(FOUND, ending=ending))]) == "edge in 8 … 10"
    assert searching([edge(Search("searching"))]) == "at the ends"
    assert searching([edge(replace(FOUND, ending=ending)), edge(Search("searching"))]) == told
    assert between(None, None) == "–"
