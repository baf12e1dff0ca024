"""The edges that searches have found, as measured numbers."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan

import numpy as np

from featlearn.claims.intervals import Measured, slope
from featlearn.sweeps.search.edges import Edge

_BRACKETED = ("found", "wide")  # endings after which an edge is known to lie between the ends of the answer


def edge_of(edge: Edge) -> Measured:
    """Where an edge lies: the ends of the answer are its interval, and ``count`` is how many runs it took.

    NaN, with an endless interval, where there is none or where there may be several.
    """
    low, high = edge.search.low, edge.search.high
    if edge.search.ending not in _BRACKETED or edge.middle is None or low is None or high is None:
        return Measured(nan, -inf, inf, edge.runs)
    return Measured(edge.middle, float(low), float(high), edge.runs)


def exponent_of_edges(x: Sequence[float], edges: Sequence[Edge]) -> Measured:
    """The exponent p of edges ∝ x^p, by least squares in the logarithms.

    The ends of its interval are the least and the largest exponent of any edges between the ends of their answers, so
    that it is right where all answers are: the confidence of each must leave room for the others. NaN, with an endless
    interval, where an edge is not known.

    Args:
        x: positive, one for each edge.
        edges: positive too.
    """
    found, runs = [edge_of(edge) for edge in edges], sum(edge.runs for edge in edges)
    middles = np.array([one.value for one in found])
    if len(found) < 2 or not (np.isfinite(middles).all() and min(one.low for one in found) > 0):
        return Measured(nan, -inf, inf, runs)
    lows, highs = np.array([one.low for one in found]), np.array([one.high for one in found])
    pulls = np.log(x) - np.mean(np.log(x))  # of each edge on the slope
    least, most = np.where(pulls > 0, lows, highs), np.where(pulls > 0, highs, lows)
    return Measured(slope(x, middles), slope(x, least), slope(x, most), runs)


def runs_taken(edges: Sequence[Edge]) -> str:
    """How many runs searches took, and how many a grid takes that tells the same edges as well; as a sentence."""
    runs, grids = sum(edge.runs for edge in edges), [edge.grid_runs for edge in edges]
    what = "the edge" if len(edges) == 1 else f"the {len(edges)} edges"
    told = f"{what} took {runs} runs"
    if known := [grid for grid in grids if grid is not None]:
        left_out = "" if len(known) == len(grids) else f" (for the {len(known)} that were found)"
        told += f"; a grid with all seeds at values as near to each other takes {sum(known)}{left_out}"
    undecided = [edge.search.ending for edge in edges if edge.search.ending != "found"]
    return f"{told}; ended as {', '.join(undecided)}: {len(undecided)} of {len(edges)}" if undecided else told
