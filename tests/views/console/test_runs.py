"""The table of runs, sweeps and reproductions: a line for each, with what it has of numbers."""

from pathlib import Path

import pytest

from featlearn.claims.records import ReproductionBrief
from featlearn.storage.directory import Summary
from featlearn.storage.records import Record
from featlearn.sweeps.records import SweepBrief
from featlearn.training.columns import COLUMNS
from featlearn.views.console.runs import show_runs
from tests.runs.records import an_info

ROW = {name: "s" if column.kind == "text" else 1 for name, column in COLUMNS.items()} | {"loss": 2.5e-7, "step": 4321}
DONE = an_info(status="done", final=ROW)
SWEEP = SweepBrief(name="decay", created="", status="failed", points=9, ended=9, done=7, best_loss=1.5e-8)
CLAIMS = ReproductionBrief(created="", status="interrupted", quick=True, claims=12, judged=3, held=2)


def line_of(
    about: Record | None, capsys: pytest.CaptureFixture[str], error: str | None = None, *, alive: bool = False
) -> tuple[list[str], str]:
    """The cells of the line of one directory, and what the table says beside it."""
    show_runs([Summary("it", Path("runs/it"), about, alive, error)], Path("runs"))
    printed = capsys.readouterr()
    [cells] = [line.split() for line in printed.out.splitlines() if line.split()[:1] == ["it"]]
    return cells[1:], printed.out.splitlines()[-1] + printed.err


def test_a_run_has_its_final_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    cells, _ = line_of(DONE, capsys)
    assert cells == ["done", "2.5e-07", "1.00°", "1.00°", "1", "4321", "1.0"]


def test_a_run_that_was_killed_is_stopped_and_told_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    cells, more = line_of(an_info(), capsys)
    assert cells[0] == "stopped"
    assert "--resume" in more
    cells, more = line_of(an_info(), capsys, alive=True)
    assert cells[0] == "running"
    assert "--resume" not in more


def test_a_sweep_and_a_reproduction_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert line_of(SWEEP, capsys)[0] == ["failed,", "7", "of", "9", "1.5e-08"]
    assert line_of(CLAIMS, capsys)[0] == ["interrupted,", "2", "of", "12", "hold"]


def test_what_is_wrong_is_told_below(capsys: pytest.CaptureFixture[str]) -> None:
    cells, more = line_of(None, capsys, "run.json is broken")
    assert cells == ["unreadable"]
    assert more.endswith("run.json is broken\n")


def test_without_any_there_is_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    show_runs([], Path("nowhere"))
    assert capsys.readouterr().out.startswith("no runs in nowhere; make one with: featlearn train")
