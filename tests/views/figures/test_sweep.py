"""Figures of a sweep are named after what tells its axes apart."""

from pathlib import Path

import pytest

from featlearn.views.console.sweep import show_sweep
from featlearn.views.data.sweep import read_sweep
from featlearn.views.report.sweep import sweep_page
from tests.views.pages import payload
from tests.views.settings import STAGES, drawn_sweep, swept_with_momentum


def test_keys_that_end_alike_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = swept_with_momentum(tmp_path, STAGES)
    data = read_sweep(directory)
    both, first, local = (
        drawn_sweep(data),
        drawn_sweep(data, "stages.first.step_size"),
        drawn_sweep(data, "stages.local.step_size"),
    )
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
