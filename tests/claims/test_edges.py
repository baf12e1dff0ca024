"""Edges as measured numbers, with the ends of their answers as intervals, and exponents of them."""

from math import isinf, isnan, log

import pytest

from featlearn.claims.edges import edge_of, exponent_of_edges, runs_taken
from tests.claims.papers.judging import edge_at


def test_an_edge_lies_between_the_ends_of_its_answer() -> None:
    found = edge_of(edge_at(10, low=9, high=12, runs=70))
    assert (found.value, found.low, found.high, found.count) == (10, 9, 12, 70)
    assert edge_of(edge_at(10, ending="wide")).value == 10


@pytest.mark.parametrize("ending", ["crossing", "everywhere", "nowhere", "undecided"])
def test_what_may_be_no_edge_or_several_is_none(ending: str) -> None:
    found = edge_of(edge_at(10, ending=ending))
    assert isnan(found.value)
    assert isinf(found.low)
    assert isinf(found.high)
    exponent = exponent_of_edges([1, 2], [edge_at(10), edge_at(10, ending=ending)])
    assert isnan(exponent.value)
    assert isinf(exponent.high)


def test_an_exponent_is_between_those_of_the_extreme_edges() -> None:
    x = [1, 2, 4]
    found = exponent_of_edges(x, [edge_at(3 * v**2, low=3 * v**2 / 1.1, high=3 * v**2 * 1.1) for v in x])
    assert found.value == pytest.approx(2)
    assert found.high - 2 == pytest.approx(2 - found.low) == pytest.approx(2 * log(1.1) / log(4))
    one_sided = exponent_of_edges(x, [edge_at(v, low=v, high=v if v < 4 else 2 * v) for v in x])
    assert one_sided.low == pytest.approx(1)
    assert one_sided.high == pytest.approx(1.5)
    assert isnan(exponent_of_edges([1], [edge_at(3)]).value)


def test_the_runs_of_searches_are_told_beside_those_of_a_grid() -> None:
    one = [edge_at(10, runs=70, grid_runs=900)]
    assert runs_taken(one) == ("the edge took 70 runs; a grid with all seeds at values as near to each other takes 900")
    more = [*one, edge_at(10, ending="nowhere", runs=20, grid_runs=None)]
    assert runs_taken(more) == (
        "the 2 edges took 90 runs; a grid with all seeds at values as near to each other takes 900 (for the 1 "
        "that were found); ended as nowhere: 1 of 2"
    )
