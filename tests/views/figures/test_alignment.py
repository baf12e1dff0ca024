"""The alignment of a run is its log."""

from pathlib import Path

import numpy as np

from featlearn.runs.metrics import load_metrics
from featlearn.views.data.run import read_run
from featlearn.views.data.theory import Theory
from featlearn.views.figures.alignment import alignment_figure
from tests.views.examples import COLUMN, drawings_of, new_run, points_of


def test_alignment_is_the_metrics(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    logged, drawing = load_metrics(run.path), drawings_of(run)["alignment"]
    for name in ("max_angle", "aligned_mass", "subspace"):
        np.testing.assert_array_equal(points_of(drawing.artists[name])[1], logged[name])
    np.testing.assert_array_equal(points_of(drawing.artists["recovered"])[1], logged["recovered"] / 3)
    median = drawing.table["angle_median"]
    np.testing.assert_array_equal(points_of(drawing.artists["angle_median"])[1], median[~np.isnan(median)])


def test_a_theory_is_drawn_behind_shares_and_angles(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path))
    names = ("subspace", "aligned_mass", "max_angle")
    theory = Theory({name: 0.9 * data.metrics[name] for name in (*names, "loss", "objective")})
    drawing = alignment_figure(data, COLUMN, theory)
    for name in names:
        behind = drawing.artists[f"theory_{name}"]
        np.testing.assert_array_equal(points_of(behind)[1], theory.table[name])
        np.testing.assert_array_equal(drawing.table[f"theory_{name}"], theory.table[name])
        assert behind.get_zorder() < drawing.artists[name].get_zorder()
