"""Tables of the edges that a sweep searched for."""

from pathlib import Path

import pytest

import featlearn
from featlearn.storage.errors import RunError
from featlearn.sweeps.directory import SweepDirectory
from featlearn.views.data.edges import edges_table, read_edges, seen_table
from tests.sweeps.small import new_sweep, run
from tests.views.edges import searched


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> SweepDirectory:
    return searched(tmp_path_factory.mktemp("edges"))


def test_every_value_that_was_looked_at_has_a_row(directory: SweepDirectory) -> None:
    data = read_edges(directory)
    assert data is not None
    table = seen_table(data)
    assert list(table)[:3] == ["teacher.width", "student.width", "runs"]
    assert table["runs"].sum() == directory.read_info().points
    assert data.across is not None
    assert data.across.key == "teacher.width"


def test_a_notebook_has_the_edges_as_arrays(directory: SweepDirectory, tmp_path: Path) -> None:
    edges = featlearn.load_sweep(directory.path).edges
    assert edges["ending"].tolist()[2] == "nowhere"
    assert edges["teacher.width"].tolist() == [2, 3, 4]
    assert (edges["runs"] > 0).all()
    data = read_edges(directory)
    assert data is not None
    assert list(edges) == list(edges_table(data))
    other = new_sweep(tmp_path, "seeds: 1\nstore: summary\n")
    with pytest.raises(RunError, match="its file has no find"):
        _ = featlearn.load_sweep(other.path).edges
    run(other)
    assert read_edges(other) is None
