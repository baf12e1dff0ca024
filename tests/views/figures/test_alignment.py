"""The alignment of a run is its log."""

from pathlib import Path

import numpy as np

from featlearn.runs.metrics import load_metrics
from tests.views.examples import drawings_of, new_run, points_of


def test_alignment_is_the_metrics(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    logged, drawing = load_metrics(run.path), drawings_of(run)["alignment"]
    for name in ("max_angle", "aligned_mass", "subspace"):
        np.testing.assert_array_equal(points_of(drawing.artists[name])[1], logged[name])
    np.testing.assert_array_equal(points_of(drawing.artists["recovered"])[1], logged["recovered"] / 3)
    median = drawing.table["angle_median"]
    np.testing.assert_array_equal(points_of(drawing.artists["angle_median"])[1], median[~np.isnan(median)])
