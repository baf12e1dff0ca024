"""Which axes a figure of a sweep has, and which it cannot have."""

from pathlib import Path

import pytest

from featlearn.storage.errors import RunError
from featlearn.views.data.sweep import read_sweep
from featlearn.views.figures.style import SIZES
from featlearn.views.figures.sweep import sweep_figures
from tests.sweeps.small import MIXED
from tests.views.examples import (
    swept,
)


@pytest.mark.slow
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
