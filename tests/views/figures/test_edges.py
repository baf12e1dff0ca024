"""Figures of sweeps that search: the share along the axis, and the edge by another."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from featlearn.sweeps.directory import SweepDirectory
from featlearn.views.data.edges import read_edges, seen_table
from featlearn.views.figures.edges import edge_figures
from tests.cli.commands import invoked
from tests.views.edges import searched
from tests.views.examples import COLUMN, points_of


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> SweepDirectory:
    return searched(tmp_path_factory.mktemp("edges"))


def test_shares_are_drawn_at_every_value_with_the_edge_and_edges_by_the_other_axis(directory: SweepDirectory) -> None:
    data = read_edges(directory)
    assert data is not None
    along, by = edge_figures(data, COLUMN)
    assert (along.name, by.name) == ("edge-student.width", "edge-by-teacher.width")
    table = seen_table(data)
    for width, edge in zip((2, 3, 4), data.edges, strict=True):
        x, y = points_of(along.artists[f"seen teacher.width {width}"])
        mine = table["teacher.width"] == width
        np.testing.assert_array_equal(x, table["student.width"][mine])
        np.testing.assert_array_equal(y, table["measured"][mine])
        assert ((table["low"] <= table["measured"]) & (table["measured"] <= table["high"])).all()
        assert (f"edge teacher.width {width}" in along.artists) == (edge.search.low is not None)
    x, y = points_of(by.artists["edge"])
    assert x.tolist() == [2, 3]
    bars = by.artists["intervals"]
    assert isinstance(bars, LineCollection)
    for segment, at, edge in zip(bars.get_segments(), (7, 21), data.edges, strict=False):
        assert np.ravel(segment)[1] <= at <= np.ravel(segment)[3]
        assert np.ravel(segment)[1::2].tolist() == [edge.search.low, edge.search.high]
    assert "1 not found" in [text.get_text() for text in by.figure.axes[0].get_legend().get_texts()]  # type: ignore[union-attr]
    assert "share(recovered == 3)" in along.title
    assert r"confidence of 95\,\%" in along.caption
    assert r"$>$= 0.5" in by.caption


def test_medians_are_drawn_too(tmp_path: Path) -> None:
    def respond(values: dict[str, float]) -> dict[str, float]:
        return {"loss": float(np.random.default_rng(int(values["seed"])).normal(5 / values["student.width"], 0.01))}

    find = '{student.width: [2, 60], where: "median(loss) <= 0.5", seeds: 30, tolerance: 20 %}'
    data = read_edges(searched(tmp_path, find, "", respond))
    assert data is not None
    [drawing] = edge_figures(data, COLUMN)
    low, high = data.edges[0].search.low, data.edges[0].search.high
    assert low < 10 <= high  # type: ignore[operator]
    assert "intervals " in drawing.artists


def test_plot_draws_the_edges_unless_something_else_is_asked_for(directory: SweepDirectory, tmp_path: Path) -> None:
    plot = ["plot", directory.path, "--out", tmp_path, "-f", "png"]
    told = invoked(*plot).stdout
    assert "edge-student.width.png" in told
    assert "edge-by-teacher.width.csv" in told
    told = invoked(*plot, "--metric", "recovered", "--x", "student.width").stdout
    assert "recovered-by-student.width.png" in told
    assert "edge-" not in told
