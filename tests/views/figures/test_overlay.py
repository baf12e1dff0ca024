"""Several runs in one figure, each with its own line and name."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.runs.metrics import load_metrics
from featlearn.storage.errors import WrongChoice
from featlearn.views.data.run import read_run
from featlearn.views.figures.overlay import choose_overlay, overlay_figure
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


def test_an_overlay_marks_where_a_run_diverged_and_shows_shared_stages(tmp_path: Path) -> None:
    runs = [new_run(tmp_path), new_run(tmp_path, "name=wild", "stages.local_convergence.step_size=1e6")]
    drawing = overlay_figure([read_run(run) for run in runs], ["loss"], COLUMN)
    logged = load_metrics(runs[1].path)
    x, y = points_of(drawing.artists["loss wild ended"])
    assert (x.tolist(), y.tolist()) == ([logged["step"][-1]], [logged["loss"][-1]])
    assert "loss quickstart ended" not in drawing.artists
    [legend] = drawing.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["quickstart", "wild (diverged: ✕)"]
    assert drawing.figure.get_suptitle().startswith("1 first_step · 2 second_layer")
    other = new_run(
        tmp_path,
        "name=other",
        "stages.second_layer.method=gd",
        "stages.second_layer.steps=5",
        "stages.second_layer.step_size=0.1",
    )
    assert overlay_figure([read_run(runs[0]), read_run(other)], ["loss"], COLUMN).figure.get_suptitle() == ""


def test_a_run_without_any_curve_is_left_out_and_named_and_so_is_a_metric(tmp_path: Path) -> None:
    exact, sampled = (
        read_run(new_run(tmp_path, f"name={name}", *more))
        for name, more in (("exact", []), ("sampled", ["data={kind: empirical, samples: 50}"]))
    )
    assert choose_overlay([exact, sampled], ["loss", "train_loss"]) == ([exact, sampled], ["loss", "train_loss"], [])
    runs, metrics, lines = choose_overlay([exact, sampled], ["test_loss", "train_loss"])
    assert (runs, metrics) == ([sampled], ["train_loss"])
    assert lines == [
        "left out: test_loss, of which no run has a value",
        "left out: exact, which has no value of test_loss or train_loss (it has loss)",
    ]
    with pytest.raises(WrongChoice, match="none of the runs has a value of test_loss; choose others with --metric"):
        choose_overlay([exact], ["test_loss"])
