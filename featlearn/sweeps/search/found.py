"""What the searches of a sweep directory have found."""

from __future__ import annotations

from typing import Any

from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.load import stored_sweep
from featlearn.sweeps.search.edges import Edge, Searches


def searches_of(directory: SweepDirectory) -> tuple[Searches, list[Edge]] | None:
    """The searches of a sweep, and what is known of their edges; None of a sweep that does not search.

    Raises:
        RunError, ConfigError: when its files are broken.
    """
    if directory.read_info().most_points is None:
        return None
    searches = Searches(stored_sweep(directory))
    return searches, searches.edges(directory.read_manifest(), directory.read_results())


def edges_document(searches: Searches, edges: list[Edge]) -> list[dict[str, Any]]:
    """Edges as JSON, with what was seen at each value."""
    return [edge.plain() | {"seen": [searches.told(seen) for seen in edge.seen]} for edge in edges]
