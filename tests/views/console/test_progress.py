"""Progress is a bar on a terminal, lines elsewhere, and nothing where it is quiet or nobody reads it."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from featlearn.runs.directory import RunDirectory
from featlearn.runs.records import PointResult
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.state import SweepState
from featlearn.training.columns import COLUMNS
from featlearn.training.events import Start
from featlearn.training.plan import Plan
from featlearn.views.console import progress
from featlearn.views.console.progress import SweepView, TrainingView, row_in_brief
from tests.training.examples import events_of, random_problem, stage_of


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What a terminal in place of standard error gets."""
    screen = StringIO()
    monkeypatch.setattr(progress, "error_console", lambda: Console(file=screen, force_terminal=True, width=120))
    return screen


def train_with(view: TrainingView) -> None:
    problem, state = random_problem()
    plan = Plan.of([stage_of(steps=20)], 5, 2)
    with view:
        for event in events_of(problem, [plan], Start(state)):
            view.watch(RunDirectory(Path("runs/made-up")), plan, event)


def sweep_with(view: SweepView) -> None:
    state = SweepState(SweepDirectory(Path("runs/made-up")), total=2)
    with view:
        view.watch(state)
        view._next = 0.0  # as if time had passed
        state.count(PointResult(id="0000", config_hash="3f2a1c", status="done"))
        view.watch(state)


def test_a_run_is_a_bar_on_a_terminal(terminal: StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    train_with(TrainingView(quiet=False))
    assert "20/20" in terminal.getvalue()
    assert capsys.readouterr() == ("", "")


def test_a_run_is_told_in_lines_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    train_with(TrainingView(quiet=False))
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first == "run directory runs/made-up"
    assert "step 20/20  s  loss" in last


def test_a_sweep_is_a_bar_on_a_terminal(terminal: StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    sweep_with(SweepView(quiet=False, title="local (1 of 2)"))
    assert "local (1 of 2)  1/2 done" in terminal.getvalue()
    assert capsys.readouterr() == ("", "")


def test_a_sweep_is_told_in_lines_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    sweep_with(SweepView(quiet=False))
    first, begun, ended = capsys.readouterr().err.splitlines()
    assert first == "sweep directory runs/made-up"
    assert "0/2 done" in begun
    assert "1/2 done" in ended


def test_quiet_views_say_nothing(terminal: StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    train_with(TrainingView(quiet=True))
    sweep_with(SweepView(quiet=True))
    assert terminal.getvalue() == ""
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_has_gone_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    def tell(*text: object, **how: object) -> None:
        told.append(text)
        raise BrokenPipeError

    monkeypatch.setattr(progress, "tell", tell)
    train_with(TrainingView(quiet=False))
    sweep_with(SweepView(quiet=False))
    assert len(told) == 2  # the first line of each


def test_the_training_loss_is_shown_where_there_is_one() -> None:
    row = dict.fromkeys(COLUMNS) | {"loss": 0.25, "weight_decay": 0.1, "max_angle": 30.0}
    assert row_in_brief(row) == "loss 0.25  λ 0.1  max angle 30.00°"
    assert row_in_brief(row | {"train_loss": 0.5}) == "loss 0.25  train loss 0.5  λ 0.1  max angle 30.00°"
