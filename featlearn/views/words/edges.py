"""The edges that a sweep searches for, in words."""

from __future__ import annotations

from collections.abc import Sequence

from featlearn.sweeps.search.edges import Edge, Searches
from featlearn.sweeps.search.scale import Value
from featlearn.views.words.numbers import grouped, number
from featlearn.views.words.values import labels

_DIGITS = 4


def between(low: Value | None, high: Value | None) -> str:
    """The ends of an answer."""
    return "–" if low is None or high is None else " … ".join(labels([low, high], _DIGITS))


def searching(edges: Sequence[Edge]) -> str:
    """Where the searches of a sweep stand, for who watches."""
    if len(edges) == 1:
        search = edges[0].search
        return "at the ends" if search.low is None else f"edge in {between(search.low, search.high)}"
    ended = sum(edge.search.ending != "searching" for edge in edges)
    return f"{ended}/{len(edges)} edges"


def answer(searches: Searches, edge: Edge) -> str:
    """What is known of an edge."""
    search = edge.search
    first, last = labels([searches.scale.first, searches.scale.last], _DIGITS)
    match search.ending:
        case "searching" if search.low is None:
            return "the ends are not decided yet"
        case "everywhere":
            return f"not found within {first} … {last}: holds at both ends"
        case "nowhere":
            return f"not found within {first} … {last}: holds at neither end"
        case "undecided":
            return f"not found: {_undecided(searches, edge)}"
    assert search.low is not None
    assert search.high is not None
    low, high = labels([search.low, search.high], _DIGITS)
    holds = f"holds at {high}, not at {low}" if search.rises else f"holds at {low}, not at {high}"
    match search.ending:
        case "wide":
            return f"{holds}; in between {searches.find.seeds} seeds do not decide it"
        case "crossing":
            return f"{holds}; in between there is more than one edge"
        case "searching":
            return f"{holds}; searching in between"
        case _:
            return holds


def _undecided(searches: Searches, edge: Edge) -> str:
    """Why an end is not decided."""
    told = []
    for seen in (edge.seen[0], edge.seen[-1]):
        if seen.holds is None:
            [value] = labels([seen.value], _DIGITS)
            measured = searches.told(seen)["measured"]
            why = f"share {number(measured, 3)} of {len(seen.outcomes)} seeds"
            if not seen.outcomes:
                why = f"no run has {f'a value for {searches.statistic.words}' if seen.lacking else 'a result'}"
            told.append(f"undecided at {value} ({why})")
    return ", ".join(dict.fromkeys(told))


def saving(edges: Sequence[Edge]) -> str:
    """How many runs the searches took, and how many a grid takes that tells the same edges as well."""
    runs = sum(edge.runs for edge in edges)
    compared = [edge for edge in edges if edge.grid_runs is not None]
    if not compared:
        return f"{grouped(runs)} runs"
    grid = sum(edge.grid_runs or 0 for edge in compared)
    less = grid - sum(edge.runs for edge in compared)
    saved = f"{grouped(less)} saved of the {grouped(grid)}" if less >= 0 else f"more than the {grouped(grid)}"
    few = len(compared) < len(edges)
    of = f"; for the {len(compared)} of {len(edges)} edges that were found " if few else ", "
    return f"{grouped(runs)} runs{of}{saved} of a grid with all seeds at values as near to each other"
