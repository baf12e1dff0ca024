"""What ``featlearn plot`` prints: the files of a figure, and the slopes that were measured in it."""

from pathlib import Path

import pytest

from featlearn.views.console.figure import show_figure
from featlearn.views.data.slope import Slope


def test_files_and_slopes(capsys: pytest.CaptureFixture[str]) -> None:
    slopes = {"": Slope(2.0, 1.5, 2.5), "d 8": Slope(-1.0, -1.05, -0.95), "d 16": None}
    show_figure([Path("figures/loss.pdf"), Path("figures/loss.csv")], slopes)
    told = ["figures/loss.pdf", "figures/loss.csv", "  slope: 2.00 [1.50, 2.50]"]
    told += ["  slope at d 8: −1.00 [−1.05, −0.95]"]
    assert capsys.readouterr().out.splitlines() == told
