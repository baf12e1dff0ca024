"""Medians, axes and slopes of sweeps."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.runs.directory import RunError
from featlearn.sweeps.results import load_results
from featlearn.views.data.sweep import axis_of, read_sweep, slope_of, summary_table
from featlearn.views.figures.drawing import SIZES, check_metrics, sweep_figures
from tests.sweeps.small import MIXED, new_sweep
from tests.views.examples import SEEDS, SWEEP, swept


def objects(*values: object) -> np.ndarray:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ([8, 16, 32, 64], True),
        ([0.001, 0.01, 0.1], True),
        ([1, 2, 5, 10, 20, 50], True),
        ([10, 20, 30, 40], False),
        ([0.0, 0.1, 1.0], False),
        ([5, 10], False),
        ([1, 10], True),
        ([-1, 1, 10], False),
    ],
)
def test_log_spaced_axes_are_seen(values: list[float], log: bool) -> None:
    assert axis_of("k", np.array(values, dtype=float)).log is log


def test_axes_keep_numbers_in_order_and_others_as_they_come() -> None:
    axis = axis_of("k", np.array([3.0, 1.0, 3.0, 2.0]))
    assert axis.values == [1.0, 2.0, 3.0]
    assert axis.index.tolist() == [2, 0, 2, 1]
    words = axis_of("k", objects("relu", "abs", "relu"))
    assert (words.values, words.index.tolist(), words.numeric) == (["relu", "abs"], [0, 1, 0], False)
    mixed = axis_of("k", objects({"b": 1}, True, {"b": 1}))
    assert (mixed.texts(), mixed.index.tolist()) == (['{"b": 1}', "true"], [0, 1, 0])


def test_medians_and_quartiles_are_those_of_the_runs_that_are_done(tmp_path: Path) -> None:
    directory = swept(tmp_path, MIXED.replace("seeds: 2", "seeds: 4"))
    data, columns = read_sweep(directory), load_results(directory.path)
    axes = [data.axis("width"), data.axis("step_size"), data.axis("teacher.rank")]
    table = summary_table(data, axes, "loss")
    assert len(table["median"]) == 12
    for i in range(12):
        members = np.ones(len(columns["id"]), dtype=bool)
        for axis in axes:
            members &= columns[axis.key] == table[axis.key][i]
        assert table["runs"][i] == np.sum(members) == 4
        kept = columns["loss"][members & (columns["status"] == "done")]
        assert table["done"][i] == len(kept)
        if len(kept):
            assert table["median"][i] == np.median(kept)
            assert table["q25"][i] == np.percentile(kept, 25)
            assert table["q75"][i] == np.percentile(kept, 75)
        else:
            assert np.isnan(table["median"][i])


def test_a_power_law_has_its_exponent() -> None:
    x = np.array([1.0, 2.0, 5.0, 30.0])
    slope = slope_of(x, 7 * x**-1.5)
    assert slope is not None
    np.testing.assert_allclose((slope.exponent, slope.factor), (-1.5, 7.0), rtol=1e-12)
    assert slope.error < 1e-6  # SciPy takes it from 1 − r², which rounds
    noisy = slope_of(x, 7 * x**-1.5 * np.array([1.0, 1.1, 0.9, 1.0]))
    assert noisy is not None
    # the textbook formula: residual variance over the spread of x
    lx, ly = np.log(x), np.log(7 * x**-1.5 * np.array([1.0, 1.1, 0.9, 1.0]))
    fit = np.polyfit(lx, ly, 1)
    error = np.sqrt(np.sum((ly - np.polyval(fit, lx)) ** 2) / 2 / np.sum((lx - lx.mean()) ** 2))
    np.testing.assert_allclose((noisy.exponent, noisy.error), (fit[0], error), rtol=1e-9)
    assert slope_of(x, -x) is None
    assert str(slope_of(x[:2], x[:2])) == "1.00"


def test_keys_that_vary_together_are_one_axis(tmp_path: Path) -> None:
    text = "zip:\n  - {stages.local.step_size: [0.1, 0.2], stages.local.steps: [120, 60]}\nseeds: 2\n"
    data = read_sweep(swept(tmp_path, text))
    assert [axis.key for axis in data.axes] == ["stages.local.step_size"]


def test_an_axis_is_found_by_its_end_and_others_are_told(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, SWEEP))
    assert data.axis("width").key == "student.width"
    with pytest.raises(RunError, match=r"'depth' is no axis of this sweep; it varies student\.width, stages\.local"):
        data.axis("depth")


@pytest.mark.parametrize(
    ("x", "y", "told"),
    [
        (None, "student.width", "varies teacher.rank too"),
        ("nothing", None, "is no axis"),
        ("width", "width", "are both student.width"),
    ],
)
def test_axes_that_cannot_be_shown_are_refused(x: str | None, y: str | None, told: str, tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, MIXED))
    with pytest.raises(RunError, match=told):
        list(sweep_figures(data, ["loss"], x, y, SIZES["column"]))


def test_too_many_lines_are_refused(tmp_path: Path) -> None:
    text = "grid:\n  student.width: [8, 10, 12]\n  stages.local.step_size: [0.1, 0.2, 0.3]\n"
    data = read_sweep(swept(tmp_path, text + "  teacher.min_angle: [10, 20]\nstore: summary\n"))
    with pytest.raises(RunError, match="would be 9 lines, and a figure holds 7"):
        list(sweep_figures(data, ["loss"], "min_angle", None, SIZES["column"]))
    [drawing] = sweep_figures(data, ["loss"], "width", None, SIZES["column"])
    assert len(drawing.slopes) == 6


def test_an_empty_sweep_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="none of its 5 points has ended yet"):
        read_sweep(new_sweep(tmp_path, SEEDS))


def test_a_metric_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RunError, match="did you mean 'loss'"):
        check_metrics(["los"])
