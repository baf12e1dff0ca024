"""The spectrum of the Hessian: all eigenvalues, told apart by their signs."""

from pathlib import Path

import numpy as np

from featlearn.runs.records import CurvatureRecord, ExplainedZeros
from featlearn.views.data.run import read_run
from featlearn.views.figures.curvature import curvature_figure
from tests.views.examples import COLUMN, drawings_of, new_run, points_of

RECORD = CurvatureRecord(
    verdict="saddle",
    grad_norm=1e-12,
    least=-2.0,
    largest=4.0,
    parameters=6,
    negative=2,
    zeros=1,
    explained=ExplainedZeros(balance=1),
    eigenvalues=(-2.0, -1e-5, 1e-9, 0.1, 1.0, 4.0),
)


def test_a_run_has_it_where_the_curvature_is_known(tmp_path: Path) -> None:
    run = new_run(tmp_path, "log={points: 40, snapshots: 12, curvature: true}")
    drawing, found = drawings_of(run)["curvature"], run.read_info().curvature
    assert found is not None
    np.testing.assert_array_equal(drawing.table["eigenvalue"], found.eigenvalues)
    assert sum(len(points_of(artist)[0]) for artist in drawing.artists.values()) == found.parameters


def test_negative_ones_and_zeros_are_marked_and_explained(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path))
    drawing = curvature_figure(data, RECORD, COLUMN)
    for name, places in {"negative": [1, 2], "zero": [3], "positive": [4, 5, 6]}.items():
        x, y = points_of(drawing.artists[name])
        np.testing.assert_array_equal(x, places)
        np.testing.assert_array_equal(y, np.array(RECORD.eigenvalues)[np.array(places) - 1])
    legend = drawing.figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "2 below zero",
        "1 zero (1 balance of living neurons)",
        "3 above zero",
    ]
    low, high = drawing.figure.axes[0].get_ylim()
    assert low < -2.0
    assert high > 4.0


def test_of_many_weights_both_ends_stand_at_their_places(tmp_path: Path) -> None:
    ends = RECORD.changed(parameters=7000, zeros=None)
    drawing = curvature_figure(read_run(new_run(tmp_path)), ends, COLUMN)
    np.testing.assert_array_equal(drawing.table["index"], [1, 2, 3, 6998, 6999, 7000])
    assert "Of 7000 the 3 at either end were found." in drawing.caption
    legend = drawing.figure.axes[0].get_legend()
    assert legend is not None
    assert legend.get_texts()[0].get_text() == "2 below zero, of 6 found"
