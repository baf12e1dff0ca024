"""Artists on the circle are the numbers."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D

from featlearn.views.data.directions import angle_of, circle
from tests.views.certificates import PLAIN, certificates_of, drawing_of, view_of
from tests.views.examples import COLUMN, new_run


@pytest.mark.parametrize("overrides", [[], [PLAIN]])
def test_artists_on_the_circle_are_the_numbers(overrides: list[str], tmp_path: Path) -> None:
    run = new_run(tmp_path, *overrides)
    drawing, view, found = drawing_of(run), view_of(run), certificates_of(run)
    turn = 360.0 if overrides else 180.0
    for name, curve in zip(("optimum", "optimum_before", "network"), view.curves, strict=True):
        artist = drawing.artists[name]
        assert isinstance(artist, Line2D)
        x = np.asarray(artist.get_xdata(), dtype=float)
        np.testing.assert_allclose(x, circle(found.lines, 721), atol=1e-12)
        np.testing.assert_array_equal(artist.get_ydata(), curve.eta)
        assert x[-1] == turn
    for name, decay in zip(("atoms", "atoms_before"), view.marks, strict=True):
        dots, marks = drawing.artists[name], view.marks[decay]
        assert isinstance(dots, PathCollection)
        at = np.asarray(dots.get_offsets())
        np.testing.assert_allclose(at[:, 0], angle_of(marks.place))
        assert np.all((at[:, 0] >= 0) & (at[:, 0] < turn))
        np.testing.assert_array_equal(at[:, 1], np.sign(marks.mass))
        share = np.abs(marks.mass) / max(np.abs(other.mass).max() for other in view.marks.values())
        areas = np.asarray(dots.get_sizes()) / COLUMN.dot**2
        np.testing.assert_allclose(areas, np.maximum(share, 1 / 25), rtol=1e-12)  # a least size, to be seen
    for k, place in enumerate(view.teacher_place):
        line = drawing.artists[f"teacher_{k}"]
        assert isinstance(line, Line2D)
        assert set(np.asarray(line.get_xdata()).tolist()) == {float(angle_of(place))}
    assert f" = {view.optimum.upper:.4g} (within " in drawing.figure.get_suptitle()


def test_decays_that_round_alike_are_told_apart(tmp_path: Path) -> None:
    decays = "stages.local_convergence.weight_decay={start: 0.01, factor: 0.9999, every: 200}"
    figure = drawing_of(new_run(tmp_path, decays)).figure
    [legend] = figure.legends
    shown = [text.get_text() for text in legend.get_texts()]
    assert {"optimum, λ = 0.009999", "optimum, λ = 0.01"} <= set(shown)
    assert figure.get_suptitle().startswith("λ = 0.009999: ")
