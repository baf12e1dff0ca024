"""The curves of a run are its log."""

from pathlib import Path

import numpy as np

from featlearn.runs.metrics import load_metrics
from tests.views.examples import drawings_of, new_run, points_of


def test_curves_are_the_metrics(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    logged, artists = load_metrics(run.path), drawings_of(run)["curves"].artists
    assert set(artists) == {"loss", "objective", "gap", "weight_decay"}
    for name, artist in artists.items():
        x, y = points_of(artist)
        np.testing.assert_array_equal(x, logged["step"])
        np.testing.assert_array_equal(y, logged[name])


def test_the_gap_has_a_panel_of_its_own_where_there_is_one(tmp_path: Path) -> None:
    assert len(drawings_of(new_run(tmp_path))["curves"].figure.axes) == 3
    without = drawings_of(new_run(tmp_path, "log={points: 40, snapshots: 12, gap: false}"))["curves"]
    assert len(without.figure.axes) == 2
    assert "gap" not in without.artists


def test_the_training_loss_of_a_sample_is_drawn_and_tabled(tmp_path: Path) -> None:
    run = new_run(tmp_path, "data={kind: empirical, samples: 50}")
    drawing, logged = drawings_of(run)["curves"], load_metrics(run.path)
    np.testing.assert_array_equal(points_of(drawing.artists["train_loss"])[1], logged["train_loss"])
    np.testing.assert_array_equal(drawing.table["train_loss"], logged["train_loss"])
