"""Live progress is shown on terminals alone, and calmly."""

import io
import sys
from typing import Any

import pytest

from featlearn.training.backends.kernel_cache import before_compiling
from featlearn.views.console.output import error_console, is_live
from featlearn.views.console.progress import TrainingView, calm_bar, row_in_brief

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
    assert row_in_brief(row) == "loss 0.5  λ 0.01  mean angle 0.10°"
