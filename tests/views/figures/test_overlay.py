"""Several runs in one figure, each with its own line and name."""

from pathlib import Path

import numpy as np

from featlearn.runs.metrics import load_metrics
from featlearn.views.data.run import read_run
from featlearn.views.figures.overlay import overlay_figure
from tests.views.examples import COLUMN, new_run, points_of


def test_an_overlay_has_a_line_for_each_run(tmp_path: Path) -> None:
    runs = [new_run(tmp_path, f"seed={seed}") for seed in (0, 1)]
    drawing = overlay_figure([read_run(run) for run in runs], ["loss", "mean_angle"], COLUMN)
    for seed, run in enumerate(runs):
        logged = load_metrics(run.path)
        for metric in ("loss", "mean_angle"):
            np.testing.assert_array_equal(points_of(drawing.artists[f"{metric} seed {seed}"])[1], logged[metric])
    assert len(drawing.table["loss"]) == sum(len(load_metrics(run.path)["loss"]) for run in runs)


def test_long_names_of_an_overlay_are_told_apart(tmp_path: Path) -> None:
    names = [f"{'a long name ' * 6}{number}" for number in (1, 2)]
    drawing = overlay_figure([read_run(new_run(tmp_path, f"name={name}")) for name in names], ["loss"], COLUMN)
    [legend] = drawing.figure.legends
    assert [text.get_text()[-1] for text in legend.get_texts()] == ["1", "2"]
