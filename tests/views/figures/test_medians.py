"""Lines of a sweep are medians, each setting's own, with their slopes."""

from pathlib import Path

import numpy as np
from matplotlib.lines import Line2D

from featlearn.views.data.slope import Slope, slope_of
from featlearn.views.data.sweep import read_sweep
from featlearn.views.figures.sweep import sweep_figures
from tests.views.examples import COLUMN, ONE_AXIS, points_of, swept
from tests.views.settings import ALIKE, DECAY, SLOPES, drawn_sweep, legend_of, median, swept_with_momentum, texts_of


def test_lines_of_a_sweep_are_medians_with_their_slopes(tmp_path: Path) -> None:
    data = read_sweep(swept(tmp_path, ONE_AXIS))
    [drawing] = sweep_figures(data, ["loss"], "weight_decay", None, COLUMN)
    x, y = points_of(drawing.artists["median rank 2"])
    np.testing.assert_allclose(x, [0.001, 0.01, 0.1], rtol=1e-12)
    for place, value in enumerate(x):
        members = (data.columns["stages.local.weight_decay"] == value) & (data.columns["teacher.rank"] == 2)
        assert y[place] == np.median(data.columns["loss"][members])
    assert drawing.slopes == {"rank 2": None, "rank 4": None}, "three points have no slope"
    lost, _ = points_of(drawing.artists["lost"])
    np.testing.assert_array_equal(lost, x)
    assert "9 runs not done" in [text.get_text() for text in drawing.figure.axes[0].get_legend().get_texts()]  # type: ignore[union-attr]


def test_a_line_for_each_value_has_its_own_medians_and_slope(tmp_path: Path) -> None:
    data = read_sweep(swept_with_momentum(tmp_path, SLOPES))
    drawing = drawn_sweep(data, "weight_decay")
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
    assert legend_of(drawing.figure.axes[0]) == [
        f"{name.replace(' ', ' = ')}: slope {slope}" for name, slope in wanted.items()
    ]


def test_the_ticks_of_an_axis_are_told_apart(tmp_path: Path) -> None:
    drawing = drawn_sweep(read_sweep(swept_with_momentum(tmp_path, ALIKE)), "step_size")
    ax = drawing.figure.axes[0]
    assert texts_of(ax.get_xticklabels()) == ["0.050001", "0.050002", "0.050003", "0.050004"]
    assert legend_of(ax) == ["momentum = 0.9995", "momentum = 0.9999"]
