"""The figure of the λ-path draws branches, changes and neurons, and tells what is not certified."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from featlearn.views.data.path import read_path
from featlearn.views.data.run import read_run
from featlearn.views.figures.path import path_figure
from featlearn.views.figures.style import style
from tests.views.examples import COLUMN, new_run


def test_branches_changes_and_neurons_are_drawn_and_what_is_uncertified_is_told(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path))
    view = read_path(data)
    assert view is not None
    with style(COLUMN):
        drawing = path_figure(data, view, COLUMN)
        assert {"branches", "neurons", "neurons_latest", "teacher_0"} <= set(drawing.artists)
        assert sum(name.startswith("change_") for name in drawing.artists) == len(view.marks)
        low, high = drawing.figure.axes[0].get_xlim()
        assert low > high  # λ falls to the right
        assert "0.1" in drawing.caption
        texts = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
        assert "not certified" not in texts
        unsure = path_figure(data, replace(view, certified=np.zeros_like(view.certified)), COLUMN)
        assert "not certified" in [text.get_text() for text in unsure.figure.legends[0].get_texts()]
        assert "not certified" in unsure.caption
