"""Scales and lines that several figures share show what there is, however little that is."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from featlearn.views.data.axis import axis_of
from featlearn.views.figures.axes import legend_above, line, log_if_positive, names_below, step_axis

NAN = np.nan


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


@pytest.mark.parametrize(("last", "scale"), [(0, "linear"), (20, "linear"), (21, "symlog"), (100_000, "symlog")])
def test_few_steps_are_linear_and_many_logarithmic_from_1_on(last: int, scale: str, ax: Axes) -> None:
    step_axis(ax, np.array([0, last]))
    assert (ax.get_xscale(), ax.get_xlabel()) == (scale, "step")
    assert ax.get_xlim()[0] <= 0
    assert ax.get_xlim()[1] > last


def test_an_axis_is_logarithmic_where_something_is_positive(ax: Axes) -> None:
    assert not log_if_positive(ax)
    assert not log_if_positive(ax, np.array([0.0, -1.0, NAN, np.inf]))
    assert ax.get_yscale() == "linear"
    assert log_if_positive(ax, np.array([NAN, 0.0, 1e-3]), np.array([10.0]))
    assert ax.get_yscale() == "log"
    low, high = ax.get_ylim()
    assert 1e-4 < low < 1e-3 < 10 < high < 100


@pytest.mark.parametrize(("y", "count", "marker"), [([1.0, NAN, 2.0], 2, "o"), ([1.0, 2.0, NAN, 3.0, 4.0], 4, "")])
def test_a_line_goes_through_what_is_finite(y: list[float], count: int, marker: str, ax: Axes) -> None:
    artist = line(ax, np.arange(len(y)), np.array(y), "loss", "#000000")
    assert len(artist.get_xdata()) == count  # type: ignore[attr-defined]
    assert artist.get_marker() == marker  # type: ignore[attr-defined]


def test_a_legend_stands_above_the_axes(ax: Axes) -> None:
    line(ax, np.arange(5), np.arange(5.0), "loss", "#000000")
    legend_above(ax)
    ax.figure.draw_without_rendering()  # type: ignore[union-attr]
    legend = ax.get_legend()
    assert legend is not None
    assert legend.get_window_extent().y0 >= ax.get_window_extent().y1


def test_long_names_below_an_axis_are_cut_and_told_apart() -> None:
    values = np.array(["$a$", "x" * 30 + "1", "x" * 30 + "2"], dtype=object)
    names = names_below(axis_of("name", values))
    assert names[0] == r"\$a\$"
    assert len(set(names)) == 3
    assert max(map(len, names[1:])) <= 24
