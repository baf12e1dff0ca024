"""Overlaps are those of the log, cosines those of the weights, and time is from light to dark."""

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from featlearn.runs.metrics import load_metrics
from featlearn.storage.errors import RunError
from featlearn.views.data.run import read_run
from featlearn.views.data.trained import trained_functions
from featlearn.views.figures.overlaps import overlaps_figure
from featlearn.views.figures.run import overlaps_by_samples
from featlearn.views.words.palette import COLOURS
from tests.views.examples import COLUMN, POLYNOMIAL, drawings_of, new_run, points_of


def test_overlaps_of_the_directions_have_the_least_and_the_mean_of_the_log(tmp_path: Path) -> None:
    for overrides in ([], POLYNOMIAL, ["student.scaling=mean_field"]):
        run = new_run(tmp_path, *overrides)
        logged, drawing = load_metrics(run.path), drawings_of(run)["overlaps"]
        steps, _ = points_of(drawing.artists["overlap_1"])
        at = np.isin(logged["step"], steps)
        names = [name for name in drawing.artists if name.startswith("overlap_")]
        assert len(names) == read_run(run).teachers
        shown = np.array([points_of(drawing.artists[name])[1] for name in names])
        np.testing.assert_allclose(shown.min(0), logged["overlap_min"][at], rtol=1e-12)
        np.testing.assert_allclose(shown.mean(0), logged["overlap_mean"][at], rtol=1e-12)


def test_logs_of_before_there_were_overlaps_have_them_from_the_snapshots(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    whole = drawings_of(run)["overlaps"].artists
    rows = [json.loads(text) for text in run.metrics_file.read_text().splitlines()]
    new = {"overlap_min", "overlap_mean", "correlation"}
    old = [{name: value for name, value in row.items() if name not in new} for row in rows]
    run.metrics_file.write_text("".join(json.dumps(row) + "\n" for row in old))
    assert all(np.isnan(load_metrics(run.path)[name]).all() for name in new)
    left = drawings_of(run)["overlaps"].artists
    assert left.keys() == whole.keys()
    for name, artist in whole.items():
        np.testing.assert_array_equal(points_of(artist)[1], points_of(left[name])[1])


def test_of_many_directions_the_least_and_the_mean_are_drawn_at_every_row(tmp_path: Path) -> None:
    many = len(COLOURS) + 1
    run = new_run(tmp_path, f"teacher={{input_dim: 9, width: {many}, directions: orthonormal}}")
    logged, drawing = load_metrics(run.path), drawings_of(run)["overlaps"]
    for name in ("overlap_min", "overlap_mean"):
        np.testing.assert_array_equal(points_of(drawing.artists[name])[1], logged[name])


def test_small_overlaps_have_a_logarithmic_axis(tmp_path: Path) -> None:
    small = ["teacher.input_dim=1000", "student.width=2"]
    assert drawings_of(new_run(tmp_path, *small))["overlaps"].figure.axes[0].get_yscale() == "log"
    assert drawings_of(new_run(tmp_path))["overlaps"].figure.axes[0].get_yscale() == "linear"


ONLINE = [
    "data={kind: online, batch_size: 3, reuse: 2}",
    "stages={one: {train: [first_layer], steps: 5, step_size: 0.01}}",
    "stages.two={train: [first_layer], steps: 100, step_size: 0.01}",
    "log={points: 200, snapshots: 12}",
]


def test_samples_per_dimension_count_the_batches_that_were_drawn(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path, *ONLINE))
    drawing, steps = overlaps_by_samples(data, COLUMN), data.metrics["step"]
    batches = np.where(steps <= 5, (steps + 1) // 2, 3 + (steps - 5 + 1) // 2)
    np.testing.assert_array_equal(drawing.table["samples_per_dimension"], batches * 3 / 8)
    usual = overlaps_figure(data, trained_functions(data), COLUMN)
    assert drawing.artists.keys() == usual.artists.keys()
    for name, artist in usual.artists.items():
        (at, values), (samples, same) = points_of(artist), points_of(drawing.artists[name])
        np.testing.assert_array_equal(same, values)
        np.testing.assert_array_equal(samples, np.interp(at, steps, batches * 3 / 8))
    axes = drawing.figure.axes[0]
    assert axes.get_xlabel() == "samples seen per dimension $t/d$"
    assert (axes.get_xscale(), axes.get_xlim()[0]) == ("linear", 0)
    assert drawing.name == "overlaps-by-samples_per_dimension"
    assert "the samples seen per dimension, $t/d$" in drawing.caption
    [band] = (x for x in axes.patches if x.get_zorder() == 0)
    assert band.get_extents().transformed(axes.transData.inverted()).x0 == pytest.approx(9 / 8)


def test_only_online_data_have_samples_per_dimension(tmp_path: Path) -> None:
    for overrides, kind in (([], "population"), (["data={kind: empirical, samples: 50}"], "empirical")):
        data = read_run(new_run(tmp_path, *overrides))
        with pytest.raises(
            RunError, match=f"no samples_per_dimension: that is for data.kind: online, and this is {kind}"
        ):
            overlaps_by_samples(data, COLUMN)


def test_cosines_are_those_of_living_neurons_and_darker_with_time(tmp_path: Path) -> None:
    run = new_run(tmp_path, "activation.drop_hermite_below=0")
    data, drawing = read_run(run), drawings_of(run)["cosines"]
    assert data.snapshots is not None
    assert data.neurons is not None
    rows, teacher = data.snapshots.first_layer, data.snapshots.teacher_first_layer
    cosines = rows @ teacher[:2].T / np.linalg.norm(rows, axis=-1, keepdims=True)
    lives = data.neurons.mass > data.neurons.alive_above
    dots, last = drawing.artists["neurons"], drawing.artists["last"]
    assert isinstance(dots, PathCollection)
    assert isinstance(last, PathCollection)
    np.testing.assert_allclose(np.asarray(dots.get_offsets()), cosines[:-1][lives[:-1]], atol=1e-14)
    np.testing.assert_allclose(np.asarray(last.get_offsets()), cosines[-1][lives[-1]], atol=1e-14)
    dots.update_scalarmappable()
    lightness = np.asarray(dots.get_facecolor())[:, :3].sum(-1)
    assert np.all(np.diff(lightness) <= 0)


def test_cosines_of_lines_are_on_the_side_of_the_first_direction(tmp_path: Path) -> None:
    table = drawings_of(new_run(tmp_path))["cosines"].table
    assert np.all(table["cos_1"] >= 0)
    assert np.any(table["cos_2"] < 0)
    assert "cosines" not in drawings_of(new_run(tmp_path, "teacher.width=1", "teacher.rank=1"))
