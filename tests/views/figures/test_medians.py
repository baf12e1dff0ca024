"""Lines of a sweep are medians, each setting's own, with their slopes."""

from pathlib import Path

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D

from featlearn.views.data.slope import Slope, slope_of
from featlearn.views.data.sweep import read_sweep
from featlearn.views.figures.medians import spread_in_words
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
    for momentum in (0.8, 0.9):
        medians = np.array([median(data, momentum=momentum, weight_decay=decay) for decay in decays])
        shown = drawing.artists[f"median momentum {momentum}"]
        assert isinstance(shown, Line2D)
        np.testing.assert_array_equal(shown.get_xdata(), decays)
        np.testing.assert_array_equal(shown.get_ydata(), medians)
        wanted[f"momentum {momentum}"] = slope_of(decays, medians)
    assert drawing.slopes == wanted
    assert len({slope.exponent for slope in wanted.values() if slope}) == 2
    assert legend_of(drawing.figure.axes[0]) == [
        f"{name.replace(' ', ' = ')}{f': slope {slope}' if slope else ''}" for name, slope in wanted.items()
    ]


def test_the_spread_of_few_runs_is_their_range(tmp_path: Path) -> None:
    text = f"grid:\n  {DECAY}: [0.001, 0.1]\n  stages.local.step_size: [0.1]\n"
    for seeds, told, low in ((3, "ranges", 0.0), (4, "quartiles", 0.25)):
        data = read_sweep(swept(tmp_path / told, f"{text}seeds: {seeds}\n"))
        drawing = drawn_sweep(data, "weight_decay")
        legend = drawing.figure.axes[0].get_legend()
        assert legend is not None
        assert legend.get_title().get_text() == f"medians and {told} (bands), n = {seeds} each"
        assert f", with {told}." in drawing.caption
        band = drawing.artists["band "]
        assert isinstance(band, PolyCollection)
        at = band.get_paths()[0].vertices
        wanted = np.quantile(data.columns["loss"][data.columns[DECAY] == 0.1], low)
        assert np.min(at[at[:, 0] == 0.1, 1]) == wanted  # type: ignore[index]


def test_the_spread_is_told_in_words() -> None:
    assert [spread_in_words(np.array(counts)) for counts in ([4, 9], [1, 3], [0, 5], [3, 5])] == [
        "quartiles",
        "ranges",
        "quartiles",
        "quartiles, or ranges where n < 4",
    ]


def test_the_ticks_of_an_axis_are_told_apart(tmp_path: Path) -> None:
    drawing = drawn_sweep(read_sweep(swept_with_momentum(tmp_path, ALIKE)), "step_size")
    ax = drawing.figure.axes[0]
    assert texts_of(ax.get_xticklabels()) == ["0.050001", "0.050002", "0.050003", "0.050004"]
    assert legend_of(ax) == ["momentum = 0.9995", "momentum = 0.9999"]
