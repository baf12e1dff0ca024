"""Sweeps over settings that round alike, and what figures show of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import QuadMesh
from matplotlib.text import Text

from featlearn.sweeps.directory import SweepDirectory
from featlearn.views.data.sweep import SweepData
from featlearn.views.figures.drawing import Drawing
from featlearn.views.figures.sweep import sweep_figures
from tests.sweeps.small import BASE, new_sweep, run
from tests.views.examples import COLUMN

MOMENTUM, SIZE, DECAY = "stages.local.momentum", "stages.local.step_size", "stages.local.weight_decay"
ALIKE = f"grid:\n  {MOMENTUM}: [0.9995, 0.9999]\n  {SIZE}: [0.050001, 0.050002, 0.050003, 0.050004]\n"
SLOPES = f"grid:\n  {MOMENTUM}: [0.8, 0.9]\n  {DECAY}: {{log: [0.03, 0.1, 4]}}\n"
MIXED_VALUES = (
    f"grid:\n  {DECAY}: [0.01, {{start: 0.01, factor: 0.5, every: 20}}, {{start: 0.01, factor: 0.5, every: 30}}, 0]\n"
)
MIXED_VALUES += f"  {MOMENTUM}: [null, 0.5, 0.50001]\n"


EQUAL = f"grid:\n  {DECAY}: [0, 0.0, {{start: 0.01, factor: 0.5, every: 20}}]\n"
STAGES = "grid:\n  stages.first.step_size: [1.0, 0.9]\n  stages.local.step_size: [0.1, 0.2]\n"


def swept_with_momentum(place: Path, text: str) -> SweepDirectory:
    """A finished sweep over the settings of a stage with momentum."""
    base = BASE.replace("steps: 60, step_size: 0.2", "method: momentum, steps: 60, step_size: 0.2")
    directory = new_sweep(place, f"{text}seeds: 2\nstore: summary\n", base)
    run(directory)
    return directory


def swept_at_equal_values(place: Path, monkeypatch: pytest.MonkeyPatch) -> SweepDirectory:
    """A finished sweep as older versions made them, which did not refuse an axis with the same number twice."""
    monkeypatch.setattr("featlearn.sweeps.load.repeated_values", lambda *_: [])
    return swept_with_momentum(place, EQUAL)


def objects(*values: Any) -> np.ndarray:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def median(data: SweepData, **at: Any) -> float:
    """Of the losses at some values of the axes, by hand."""
    keys = {key.rpartition(".")[2]: key for key in data.info.axes}
    here = [all(data.columns[keys[k]][i] == v for k, v in at.items()) for i in range(len(data.columns["id"]))]
    return float(np.median(data.columns["loss"][here]))


def drawn_sweep(data: SweepData, x: str | None = None, y: str | None = None) -> Drawing:
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
