"""Settings of a sweep that round alike are settings of their own in every view: nothing is mixed, merged or lost."""

import csv
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import QuadMesh
from matplotlib.lines import Line2D
from matplotlib.text import Text

from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.results import as_columns
from featlearn.views.console.sweep import show_sweep
from featlearn.views.data.run import label_runs, read_run
from featlearn.views.data.sweep import Slope, SweepData, axis_of, read_sweep, slope_of, summary_table
from featlearn.views.figures.drawing import Drawing, save, sweep_figures
from featlearn.views.report.page import sweep_page
from tests.sweeps.small import BASE, new_sweep, run
from tests.views.examples import COLUMN, new_run
from tests.views.report.test_page import Browser, browser, errors, needs_browser, opened, payload

MOMENTUM, SIZE, DECAY = "stages.local.momentum", "stages.local.step_size", "stages.local.weight_decay"
ALIKE = f"grid:\n  {MOMENTUM}: [0.9995, 0.9999]\n  {SIZE}: [0.050001, 0.050002, 0.050003, 0.050004]\n"
SLOPES = f"grid:\n  {MOMENTUM}: [0.9995, 0.9999]\n  {DECAY}: {{log: [0.001, 0.1, 3]}}\n"
KINDS = (
    f"grid:\n  {DECAY}: [0.01, {{start: 0.01, factor: 0.5, every: 20}}, {{start: 0.01, factor: 0.5, every: 30}}, 0]\n"
)
KINDS += f"  {MOMENTUM}: [null, 0.5, 0.50001]\n"
ONE = f"grid:\n  {DECAY}: [0, 0.0, {{start: 0.01, factor: 0.5, every: 20}}]\n"

__all__ = ["browser"]  # the fixture


def swept(place: Path, text: str) -> SweepDirectory:
    """A finished sweep over the settings of a stage with momentum."""
    base = BASE.replace("steps: 60, step_size: 0.2", "method: momentum, steps: 60, step_size: 0.2")
    directory = new_sweep(place, f"{text}seeds: 2\nstore: summary\n", base)
    run(directory)
    return directory


def objects(*values: Any) -> np.ndarray:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def median(data: SweepData, **at: Any) -> float:
    """Of the losses at some values of the axes, by hand."""
    keys = {key.rpartition(".")[2]: key for key in data.info.axes}
    here = [all(data.columns[keys[k]][i] == v for k, v in at.items()) for i in range(len(data.columns["id"]))]
    return float(np.median(data.columns["loss"][here]))


def drawn(data: SweepData, x: str | None = None, y: str | None = None) -> Drawing:
    [drawing] = sweep_figures(data, ["loss"], x, y, COLUMN)
    FigureCanvasAgg(drawing.figure).draw()
    return drawing


def shown_in(cells: QuadMesh) -> np.ndarray:
    """The numbers in the cells of a map; NaN in an empty one."""
    return np.asarray(np.ma.asarray(cells.get_array()).filled(np.nan))


def texts_of(ticks: list[Text]) -> list[str]:
    return [tick.get_text() for tick in ticks]


def legend_of(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return texts_of(legend.get_texts())


# --- axes ---------------------------------------------------------------------------------------


def test_whole_numbers_and_floats_that_are_equal_are_one_value() -> None:
    mixed = axis_of("k", objects(1, 1.0, "1", True, 2.0, 2))
    assert (mixed.values, mixed.index.tolist()) == ([1, "1", True, 2.0], [0, 0, 1, 2, 3, 3])
    assert axis_of("k", objects({"a": 1}, {"a": 1.0}, [1], [True])).index.tolist() == [0, 0, 1, 2]


def test_null_is_a_value_without_a_place_among_numbers() -> None:
    axis = axis_of("k", as_columns([{"k": 0.5}, {"k": None}, {"k": 0.1}, {"k": None}])["k"])
    assert (axis.values, axis.index.tolist()) == ([0.5, None, 0.1], [0, 1, 2, 1])
    assert (axis.numeric, axis.log, axis.texts()) == (False, False, ["0.5", "null", "0.1"])


@pytest.mark.parametrize("values", [[2**60, 2**60 + 1, None], [2**63, 2**63 + 1], [0.5, 2**53, 2**53 + 1]])
def test_columns_hold_large_whole_numbers_exactly(values: list[Any]) -> None:
    assert as_columns([{"seed": value} for value in values])["seed"].tolist() == values
    assert len(axis_of("seed", as_columns([{"seed": value} for value in values])["seed"]).values) == len(values)


def test_runs_at_equal_values_share_a_median(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, ONE))
    table = summary_table(data, [data.axis("weight_decay")], "loss")
    schedule = {"start": 0.01, "factor": 0.5, "every": 20}
    assert (table[DECAY].tolist(), table["runs"].tolist()) == ([0, schedule], [4, 2])
    assert table["median"].tolist() == [median(data, weight_decay=0), median(data, weight_decay=schedule)]


# --- figures ------------------------------------------------------------------------------------


def test_a_map_has_a_column_for_each_value(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, ALIKE))
    drawing = drawn(data)
    cells = drawing.artists["cells"]
    assert isinstance(cells, QuadMesh)
    grid = shown_in(cells).reshape(4, 2)
    sizes, momenta = (0.050001, 0.050002, 0.050003, 0.050004), (0.9995, 0.9999)
    np.testing.assert_array_equal(grid, [[median(data, momentum=m, step_size=s) for m in momenta] for s in sizes])
    assert len({name for name in drawing.artists if name.startswith("cell ")}) == 8
    ax = drawing.figure.axes[0]
    assert texts_of(ax.get_xticklabels()) == ["0.9995", "0.9999"]
    assert texts_of(ax.get_yticklabels()) == ["0.050001", "0.050002", "0.050003", "0.050004"]
    colours = [t.label2.get_text() for t in drawing.figure.axes[1].yaxis.get_major_ticks()]
    assert len(set(colours)) == len(colours) > 1


def test_a_line_for_each_value_has_its_own_medians_and_slope(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, SLOPES))
    drawing = drawn(data, "weight_decay")
    decays = np.unique(data.columns[DECAY])
    wanted: dict[str, Slope | None] = {}
    for momentum in (0.9995, 0.9999):
        medians = np.array([median(data, momentum=momentum, weight_decay=decay) for decay in decays])
        shown = drawing.artists[f"median momentum {momentum}"]
        assert isinstance(shown, Line2D)
        np.testing.assert_array_equal(shown.get_xdata(), decays)
        np.testing.assert_array_equal(shown.get_ydata(), medians)
        wanted[f"momentum {momentum}"] = slope_of(decays, medians)
    assert drawing.slopes == wanted
    assert len({slope.exponent for slope in wanted.values() if slope}) == 2
    assert legend_of(drawing.figure.axes[0]) == [f"{name}: slope {slope}" for name, slope in wanted.items()]


def test_the_ticks_of_an_axis_are_told_apart(tmp_path: Path) -> None:
    drawing = drawn(read_sweep(swept(tmp_path, ALIKE)), "step_size")
    ax = drawing.figure.axes[0]
    assert texts_of(ax.get_xticklabels()) == ["0.050001", "0.050002", "0.050003", "0.050004"]
    assert legend_of(ax) == ["momentum 0.9995", "momentum 0.9999"]


@pytest.mark.parametrize(("x", "y"), [("weight_decay", "momentum"), ("momentum", "weight_decay")])
def test_names_below_a_map_do_not_run_into_each_other(x: str, y: str, tmp_path: Path) -> None:
    text = f"grid:\n  {SIZE}: {{linear: [0.05, 0.0500009, 10]}}\n  {MOMENTUM}: [0.5, 0.5000001]\n"
    for drawing in (
        drawn(read_sweep(swept(tmp_path / "numbers", text))),
        drawn(read_sweep(swept(tmp_path, KINDS)), x, y),
    ):
        labels = [label for label in drawing.figure.axes[0].get_xticklabels() if label.get_text()]
        boxes = [label.get_window_extent() for label in labels]
        assert len(boxes) > 2
        assert all(a.x1 <= b.x0 for a, b in pairwise(boxes))


def test_numbers_null_and_schedules_share_an_axis(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, KINDS))
    drawing = drawn(data, "weight_decay", "momentum")
    cells = drawing.artists["cells"]
    assert isinstance(cells, QuadMesh)
    grid = shown_in(cells).reshape(3, 4)
    schedules = [{"start": 0.01, "factor": 0.5, "every": every} for every in (20, 30)]
    for column, decay in enumerate([0.01, *schedules, 0]):
        assert grid[1, column] == median(data, weight_decay=decay, momentum=0.5)
        assert grid[2, column] == median(data, weight_decay=decay, momentum=0.50001)
    assert np.isfinite(grid[0]).all()
    ax = drawing.figure.axes[0]
    assert texts_of(ax.get_yticklabels()) == ["null", "0.5", "0.50001"]
    ticks = texts_of(ax.get_xticklabels())
    assert (ticks[0], ticks[3], len(set(ticks))) == ("0.01", "0", 4)
    lines = drawn(data, "momentum")
    names = legend_of(lines.figure.axes[0])
    assert len(set(names)) == 4
    files = save(lines, tmp_path / "figures", ["png"], COLUMN)
    with files[-1].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [json.loads(row[DECAY]) for row in rows[::3]] == [0.01, *schedules, 0]


STAGES = "grid:\n  stages.first.step_size: [1.0, 0.9]\n  stages.local.step_size: [0.1, 0.2]\n"


def test_keys_that_end_alike_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = swept(tmp_path, STAGES)
    data = read_sweep(directory)
    both, first, local = drawn(data), drawn(data, "stages.first.step_size"), drawn(data, "stages.local.step_size")
    assert both.name == "loss-by-first.step_size-and-local.step_size"
    assert (first.name, local.name) == ("loss-by-first.step_size", "loss-by-local.step_size")
    assert (both.figure.axes[0].get_xlabel(), both.figure.axes[0].get_ylabel()) == (
        "first.step_size",
        "local.step_size",
    )
    assert list(local.slopes) == ["first.step_size 0.9", "first.step_size 1"]
    show_sweep(directory, directory.read_info())
    assert "first.step_size   local.step_size   runs" in capsys.readouterr().out
    page = payload(sweep_page(data, lambda *_: None))
    assert [page["names"][axis.key] for axis in data.axes] == ["first.step_size", "local.step_size"]


# --- the console and the report -----------------------------------------------------------------


def cells_of(printed: str, columns: int) -> list[list[str]]:
    """The first columns of the table of settings."""
    lines = [line.split() for line in printed.splitlines()]
    start = next(i for i, line in enumerate(lines) if line[-1:] == ["recovered"])
    rows = lines[start + 2 :]
    return [line[:columns] for line in rows[: next(i for i, line in enumerate(rows) if not line)]]


def test_the_console_takes_medians_at_each_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = swept(tmp_path, ALIKE)
    show_sweep(directory, directory.read_info())
    data = read_sweep(directory)
    wanted = [
        [f"{momentum}", f"{size}", "2", "2", f"{median(data, momentum=momentum, step_size=size):.3g}"]
        for momentum in (0.9995, 0.9999)
        for size in (0.050001, 0.050002, 0.050003, 0.050004)
    ]
    assert cells_of(capsys.readouterr().out, 5) == wanted


def test_the_console_counts_runs_at_equal_values_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = swept(tmp_path, ONE)
    show_sweep(directory, directory.read_info())
    printed = cells_of(capsys.readouterr().out, 8)
    assert [row[:3] for row in printed] == [["0", "4", "4"], ['{"start":', "0.01,", '"factor":']]


def test_the_report_names_each_value(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, ALIKE))
    axes = payload(sweep_page(data, lambda *_: None))["axes"]
    assert axes[MOMENTUM]["values"] == ["0.9995", "0.9999"]
    assert axes[SIZE]["values"] == ["0.050001", "0.050002", "0.050003", "0.050004"]
    for key in (MOMENTUM, SIZE):
        shown = [float(axes[key]["values"][i]) for i in axes[key]["index"]]
        assert shown == data.columns[key].tolist()


@needs_browser
def test_the_map_of_the_report_shows_each_value(browser: Browser, tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, ALIKE))
    opened(browser, sweep_page(data, lambda *_: None), tmp_path, "#map")
    axis = "return document.getElementById('map').layout.{}.ticktext"
    assert browser.execute_script(axis.format("xaxis")) == ["0.9995", "0.9999"]
    assert browser.execute_script(axis.format("yaxis")) == ["0.050001", "0.050002", "0.050003", "0.050004"]
    cells = browser.execute_script("return document.querySelector('#results tbody').innerText")
    assert {f"{m}\t{s}" for m in (0.9995, 0.9999) for s in (0.050001, 0.050004)} <= {
        "\t".join(row.split("\t")[1:3]) for row in cells.splitlines()
    }
    assert errors(browser) == []


# --- overlays -----------------------------------------------------------------------------------


def test_runs_of_one_name_in_two_places_are_told_apart(tmp_path: Path) -> None:
    first = new_run(tmp_path / "first")
    second = tmp_path / "second" / first.name
    second.parent.mkdir()
    second.symlink_to(first.path)
    runs = [read_run(type(first)(path)) for path in (first.path, second)]
    assert label_runs(runs) == [str(first.path), str(second)]


def test_settings_that_are_equal_do_not_name_a_run(tmp_path: Path) -> None:
    whole, decimal = (new_run(tmp_path, f"seed={seed}", "stages.first_step.step_size=2") for seed in (0, 1))
    text = decimal.config_file.read_text()
    assert "step_size: 2.0\n" in text
    whole.config_file.write_text(whole.config_file.read_text().replace("step_size: 2.0\n", "step_size: 2\n"))
    assert label_runs([read_run(whole), read_run(decimal)]) == ["seed 0", "seed 1"]
