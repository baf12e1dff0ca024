"""What figures show of a sweep that searches: what was seen at each value, and the edges."""

from __future__ import annotations

from dataclasses import dataclass

from featlearn.runs.columns import Columns
from featlearn.runs.metrics import Table, as_columns
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.search.edges import Edge, Searches
from featlearn.sweeps.search.found import searches_of
from featlearn.views.data.axis import Axis, as_objects, axis_of, named
from featlearn.views.words.values import labels


@dataclass(frozen=True)
class EdgesData:
    """The searches of a sweep, one for each setting of the axes beside the one that is searched."""

    name: str
    searches: Searches
    edges: list[Edge]
    axes: list[Axis]

    def name_of(self, edge: Edge) -> str:
        """Of a search among others; empty for the only one."""
        return ", ".join(f"{axis.name} {labels([edge.setting[axis.key]])[0]}" for axis in self.axes)

    @property
    def across(self) -> Axis | None:
        """The one axis of numbers that the edge is a function of; None where there is another, or none."""
        return self.axes[0] if len(self.axes) == 1 and self.axes[0].numeric else None


def read_edges(directory: SweepDirectory) -> EdgesData | None:
    """The edges of a sweep; None of one that does not search. Raises RunError when it cannot be read."""
    found = searches_of(directory)
    if found is None:
        return None
    searches, edges = found
    axes = [axis_of(key, as_objects([edge.setting[key] for edge in edges])) for key in edges[0].setting]
    varied = named([axis for axis in axes if len(axis.values) > 1])
    return EdgesData(directory.read_info().name, searches, edges, varied)


def seen_table(data: EdgesData) -> Table:
    """A row for each value that was looked at; see ``Searches.told``."""
    rows = [edge.setting | data.searches.told(seen) for edge in data.edges for seen in edge.seen]
    table = as_columns(rows, list(rows[0]))
    return {data.searches.key if name == "value" else name: column for name, column in table.items()}


def edges_table(data: EdgesData) -> Columns:
    """A row for each edge; see ``Edge.plain``."""
    rows = [edge.plain() for edge in data.edges]
    return as_columns(rows, list(rows[0]))
