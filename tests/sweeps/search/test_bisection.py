"""Bisection finds the edge, and says so where there is none, more than one, or where it stays undecided."""

from collections.abc import Callable
from typing import Any

import pytest

from featlearn.sweeps.search.bisection import Look, bisect, most_values
from featlearn.sweeps.search.scale import Scale, Tolerance, Value

SCALE = Scale(1.0, 1000.0, log=True, whole=False)
TOLERANCE = Tolerance(0.05, relative=True)
Truth = Callable[[Value], bool | None]


def searched(truth: Truth, scale: Scale = SCALE, tolerance: Tolerance = TOLERANCE) -> tuple[Any, list[Value]]:
    """How a search ends, and the values it has looked at, each of which it must have asked for."""
    known: dict[Value, Look] = {}
    while (search := bisect(scale, tolerance, lambda value: known.get(value, Look(None, open=True)))).wanted:
        assert search.ending == "searching"
        for value in search.wanted:
            assert value not in known
            known[value] = Look(truth(value))
    return search, list(known)


@pytest.mark.parametrize("edge", [1.001, 3.3, 31.6, 700.0, 999.9])
@pytest.mark.parametrize("rises", [True, False])
def test_an_edge_is_found_within_the_tolerance(edge: float, rises: bool) -> None:
    search, known = searched(lambda value: (value >= edge) == rises)
    assert (search.ending, search.rises) == ("found", rises)
    assert search.low <= edge <= search.high <= 1.05 * search.low
    assert len(known) <= 11


@pytest.mark.parametrize("edge", range(1, 40))
def test_an_edge_of_whole_numbers_is_found_exactly(edge: int) -> None:
    search, _ = searched(lambda value: value > edge, Scale(1, 40, log=True, whole=True), Tolerance(0.01, relative=True))
    assert (search.low, search.high) == (edge, edge + 1)


def test_there_is_no_edge_where_the_ends_agree_or_are_undecided() -> None:
    truths: dict[str, Truth] = {
        "everywhere": lambda value: True,
        "nowhere": lambda value: False,
        "undecided": lambda value: None,
    }
    for ending, truth in truths.items():
        search, known = searched(truth)
        assert (search.ending, search.low, known) == (ending, None, [1.0, 1000.0])


@pytest.mark.parametrize(("first", "last"), [(30.0, 60.0), (5.0, 600.0), (31.0, 32.0)])
def test_values_that_stay_undecided_are_closed_in_on_from_both_sides(first: float, last: float) -> None:
    search, known = searched(lambda value: None if first < value < last else value >= last)
    assert search.ending == ("wide" if last > 1.1 * first else search.ending)
    assert first / 1.05 <= search.low <= first
    assert last <= search.high <= 1.05 * last
    assert len(known) <= most_values(SCALE, TOLERANCE)


def test_where_it_holds_before_it_fails_there_is_more_than_one_edge() -> None:
    def truth(value: Value) -> bool | None:
        return None if 20 < value < 50 else value > 3 if value < 20 else value > 200

    search, _ = searched(truth)
    assert search.ending == "crossing"
    assert search.low <= 3
    assert search.high >= 200


def test_values_without_a_configuration_are_passed_over() -> None:
    scale = Scale(2, 400, log=True, whole=True)
    known: dict[Value, Look] = {}

    def look(value: Value) -> Look:
        return known.setdefault(value, Look(value >= 57))

    search = bisect(scale, TOLERANCE, look, lambda value: value % 2 == 0)
    assert (search.low, search.high) == (56, 58)
    assert all(value % 2 == 0 for value in known)


def test_the_ends_are_asked_for_together_and_then_one_value_after_the_other() -> None:
    def look(value: Value) -> Look:
        return Look(value == 1000) if value in (1.0, 1000.0) else Look(None, open=True)

    assert bisect(SCALE, TOLERANCE, lambda value: Look(None, open=True)).wanted == (1.0, 1000.0)
    search = bisect(SCALE, TOLERANCE, look)
    assert len(search.wanted) == 1
    assert (search.low, search.high) == (1.0, 1000.0)
