"""The cells of a map are medians, each setting's own."""

import csv
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.text import Text

from featlearn.views.data.sweep import read_sweep
from featlearn.views.figures.saving import save
from featlearn.views.figures.sweep import sweep_figures
from tests.views.examples import COLUMN, SWEEP, swept
from tests.views.settings import (
    ALIKE,
    DECAY,
    MIXED_VALUES,
    MOMENTUM,
    SIZE,
    drawn_sweep,
    legend_of,
    median,
    shown_in,
    swept_with_momentum,
    texts_of,
)


@pytest.mark.slow
def test_the_cells_of_a_map_are_medians(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, SWEEP))
    [drawing] = sweep_figures(data, ["loss"], None, None, COLUMN)
    cells = drawing.artists["cells"]
    assert isinstance(cells, QuadMesh)
    grid = np.asarray(cells.get_array()).reshape(2, 3)
    for row, size in enumerate((0.1, 0.2)):
        for column, width in enumerate((8, 16, 32)):
            members = (data.columns["student.width"] == width) & (data.columns["stages.local.step_size"] == size)
            assert grid[row, column] == np.median(data.columns["loss"][members])


def test_a_map_has_a_column_for_each_value(tmp_path: Path) -> None:
    data = read_sweep(swept_with_momentum(tmp_path, ALIKE))
    drawing = drawn_sweep(data)
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


@pytest.mark.parametrize(("x", "y"), [("weight_decay", "momentum"), ("momentum", "weight_decay")])
def test_names_below_a_map_do_not_run_into_each_other(x: str, y: str, tmp_path: Path) -> None:
    text = f"grid:\n  {SIZE}: {{linear: [0.05, 0.0500009, 10]}}\n  {MOMENTUM}: [0.5, 0.5000001]\n"
    for drawing in (
        drawn_sweep(read_sweep(swept_with_momentum(tmp_path / "numbers", text))),
        drawn_sweep(read_sweep(swept_with_momentum(tmp_path, MIXED_VALUES)), x, y),
    ):
        labels = [label for label in drawing.figure.axes[0].get_xticklabels() if label.get_text()]
        boxes = [label.get_window_extent() for label in labels]
        assert len(boxes) > 2
        assert all(a.x1 <= b.x0 for a, b in pairwise(boxes))


def test_numbers_null_and_schedules_share_an_axis(tmp_path: Path) -> None:
    data = read_sweep(swept_with_momentum(tmp_path, MIXED_VALUES))
    drawing = drawn_sweep(data, "weight_decay", "momentum")
    cells = drawing.artists["cells"]
    assert isinstance(cells, QuadMesh)
    grid = shown_in(cells).reshape(3, 4)
    schedules = [{"start": 0.01, "factor": 0.5, "every": every} for every in (20, 30)]
    for column, decay in enumerate([0.01, *schedules, 0]):
        assert grid[1, column] == median(data, weight_decay=decay, momentum=0.5)
        assert grid[2, column] == median(data, weight_decay=decay, momentum=0.50001)
    assert np.isfinite(grid[0]).all()
    ax = drawing.figure.axes[0]
    assert texts_of(ax.get_yticklabels()) == ["none", "0.5", "0.50001"]
    ticks = texts_of(ax.get_xticklabels())
    assert (ticks[0], ticks[3], len(set(ticks))) == ("0.01", "0", 4)
    lines = drawn_sweep(data, "momentum")
    names = legend_of(lines.figure.axes[0])
    assert len(set(names)) == 4
    files = save(lines, tmp_path / "figures", ["png"], COLUMN)
    with files[-1].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [json.loads(row[DECAY]) for row in rows[::3]] == [0.01, *schedules, 0]


def test_cells_have_the_digits_that_tell_them_apart(tmp_path: Path) -> None:
    close = f"grid:\n  {DECAY}: [0.01, 0.0102]\n  stages.local.step_size: [0.05, 0.0502]\n"
    data = read_sweep(swept_with_momentum(tmp_path, close))
    medians = [median(data, weight_decay=decay, step_size=size) for decay in (0.01, 0.0102) for size in (0.05, 0.0502)]
    assert len({f"{value:.2g}" for value in medians}) < 4 == len({f"{value:.4g}" for value in medians})
    cells = [artist for name, artist in drawn_sweep(data).artists.items() if name.startswith("cell ")]
    assert len({cell.get_text() for cell in cells if isinstance(cell, Text)}) == 4
