"""Live progress is shown on terminals alone, and calmly."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from featlearn.runs.directory import RunDirectory
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.state import SweepState
from featlearn.training.backends.kernel_cache import before_compiling
from featlearn.training.events import Logged
from featlearn.views.console.output import error_console, is_live
from featlearn.views.console.progress import SweepView, TrainingView, calm_bar, fitting, row_in_parts

ROW: dict[str, Any] = {"loss": 0.5, "train_loss": None, "test_loss": None, "weight_decay": 0.01}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_that_are_forced_into_a_file_make_it_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    assert error_console().is_terminal
    assert not is_live(error_console())
    with TrainingView(quiet=False):
        pass
    assert file.getvalue() == ""


def test_a_terminal_is_told_at_once_what_is_going_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with TrainingView(quiet=False):
        for tell in before_compiling:
            tell()
    assert not before_compiling
    told = terminal.getvalue()
    assert "preparing" in told
    assert "compiling, once" in told
    assert "38;5;197" not in told, "no red while nothing is wrong"


def test_the_bar_is_not_red() -> None:
    bar = calm_bar()
    assert {bar.complete_style, bar.pulse_style} == {"cyan"}


def test_the_line_tells_the_mean_angle_which_vanished_neurons_do_not_move() -> None:
    row = ROW | {"mean_angle": 0.1, "max_angle": 87.0}
    assert fitting(row_in_parts(row), 100) == "loss 0.5  λ 0.01  mean angle 0.10°"


def test_where_there_is_no_room_the_loss_and_the_angle_stay() -> None:
    parts = row_in_parts(ROW | {"train_loss": 0.25, "mean_angle": 0.1})
    assert fitting(parts, 60) == "loss 0.5  train loss 0.25  λ 0.01  mean angle 0.10°"
    assert fitting(parts, 50) == "loss 0.5  train loss 0.25  mean angle 0.10°"
    assert fitting(parts, 30) == "loss 0.5  mean angle 0.10°"
    assert fitting(parts, 3) == "loss 0.5", "something is told at any width"


@pytest.mark.parametrize("columns", [80, 100, 140])
def test_nothing_is_cut_on_a_usual_terminal(columns: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    row = ROW | {"loss": 4.29e-07, "train_loss": 0.00102, "mean_angle": 78.12, "step": 69915}
    stages = [SimpleNamespace(name="local_convergence")]
    plan: Any = SimpleNamespace(total_steps=lambda: 72002, stages=stages)
    at: Any = SimpleNamespace(step=69915, stage=0)
    state: Any = None
    event = Logged(run=0, position=at, reached=state, row=row, loss_floor=0.0, snapshot=False, ended=None)
    with TrainingView(quiet=False) as view:
        view.watch(RunDirectory(tmp_path), plan, event)
    last = terminal.getvalue().rpartition("local_convergence")[2]
    assert "…" not in last
    assert "loss 4.29e-07" in last
    assert "mean angle 78.12°" in last


def test_the_time_that_is_left_is_told_once_a_point_is_done_or_a_share_of_a_lone_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    state = SweepState(SweepDirectory(tmp_path), total=4, work=100.0, fraction=4.0)
    SweepView(quiet=False).watch(state)
    assert " left" not in file.getvalue()
    state.fraction = 6.0
    SweepView(quiet=False).watch(state)
    assert " left" in file.getvalue()
    file.truncate(0)
    state.fraction = 4.0
    state.computed, state.counts["done"], state.work_done = 1, 1, 25.0
    SweepView(quiet=False).watch(state)
    assert " left" in file.getvalue()
