"""The table of runs: what stands in it, and what is left out where there is no room."""

import sys
from pathlib import Path
from typing import Any

import pytest

from featlearn.claims.listing import Line
from featlearn.sweeps.conditions import condition
from featlearn.sweeps.selection import Keys
from featlearn.views.console.runs import show_runs

FINAL: dict[str, Any] = {
    "loss": 1e-7,
    "max_angle": 4.0,
    "mean_angle": 0.5,
    "recovered": 3,
    "step": 72002,
    "seconds": 3.0,
}


def line(name: str, final: dict[str, Any] | None = None, **settings: Any) -> Line:
    about = {"name": "quickstart", "status": "done", "final": FINAL if final is None else final}
    return Line(
        Path(name),
        "run",
        about,
        {"student.width": 100, **{key.replace("__", "."): value for key, value in settings.items()}},
        [],
        "",
        None,
        alive=False,
    )


def told(lines: list[Line], capsys: pytest.CaptureFixture[str], keys: list[str] | None = None) -> list[str]:
    show_runs(lines, Path("runs"), keys)
    return capsys.readouterr().out.splitlines()


def test_every_kind_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    sweep = {"name": "decay", "status": "done", "best_loss": 1e-9, "points": 4, "done": 3, "ended": 4}
    claims = {"name": "reproduction", "status": "failed", "claims": 7, "held": 6, "judged": 7}
    lines = [
        line("a"),
        Line(Path("b"), "sweep", sweep, {}, [], "", None, alive=True),
        Line(Path("c"), "reproduction", claims, {}, [], "", None, alive=False),
        Line(Path("d"), "run", None, {}, [], "", "run.json is broken", alive=False),
        Line(Path("e \x1b[31m"), "run", {"name": "x", "status": "running"}, {}, ["paper"], "", None, alive=False),
    ]
    show_runs(lines, Path("runs"))
    out = capsys.readouterr()
    rows = [row.split() for row in out.out.splitlines()]
    assert rows[2][:3] == ["a", "done", "1e-07"]
    assert rows[3] == ["b", "running,", "3", "of", "4", "1e-09"]
    assert rows[4] == ["c", "failed,", "6", "of", "7", "hold"]
    assert rows[5][:2] == ["d", "unreadable"]
    assert rows[6][:4] == ["e", "\\x1b[31m", "stopped", "paper"]
    assert "go on with featlearn train --resume RUN" in out.out
    assert out.err == "run.json is broken\n"


def test_where_there_is_no_room_the_loss_stays_and_what_is_left_out_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line("a" * 30, seed=0), line("b" * 30, seed=1)]
    wide = told(lines, capsys)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    narrow = told(lines, capsys)
    assert wide[0].split()[:4] == ["run", "status", "seed", "loss"]
    assert "seed" in narrow[0]
    assert "loss" in narrow[0]
    assert "seconds" not in narrow[0]
    assert "not shown, for the width of the terminal: " in " ".join(narrow)
    assert "seconds" in narrow[-1]
    monkeypatch.setenv("COLUMNS", "50")
    assert told(lines, capsys)[0].count("loss") == 1


def test_values_are_written_so_that_they_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line("a", x__step_size=0.050001), line("b", x__step_size=0.050002), line("c")]
    rows = [row.split() for row in told(lines, capsys, ["step_size", "x.step_size"])]
    assert [row[3:] for row in rows[2:]] == [["0.050001"], ["0.050002"], []]


def test_without_runs_there_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert told([], capsys)[0].startswith("no runs in runs; make one with: featlearn ")


def test_the_last_weight_decay_is_told_from_the_setting(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line("a", FINAL | {"weight_decay": 0.1}, stages__go__weight_decay__start=1.0), line("b")]
    heading = told(lines, capsys, ["weight_decay", "stages.go.weight_decay", "loss"])[0].split("   ")
    assert [text.strip() for text in heading if text.strip()][2:] == ["λ at the end", "weight_decay", "loss"]


def test_settings_that_found_no_place_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = line("a"), line("b")
    for one in (first, second):
        one.settings.update({f"x.s{k}": one.name for k in range(7)})
    rows = told([first, second], capsys)
    assert rows[0].split()[2:6] == ["s0", "s1", "s2", "s3"]
    assert "settings that differ, too: x.s4, x.s5, x.s6; choose with --columns" in rows


def test_a_sweep_with_points_that_diverged_has_not_failed(capsys: pytest.CaptureFixture[str]) -> None:
    sweep = {"name": "wild", "status": "diverged", "best_loss": None, "points": 15, "done": 10, "ended": 15}
    rows = told([Line(Path("b"), "sweep", sweep, {}, [], "", None, alive=False)], capsys)
    assert rows[2].split() == ["b", "diverged,", "10", "of", "15", "done"]


def test_lines_below_the_table_wrap_at_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line("a"), line("b")]
    lines[1].settings.update({f"a_setting_number_{number}": number for number in range(12)})
    whole = told(lines, capsys)[-1]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "50")
    out = told(lines, capsys)
    begin = next(number for number, text in enumerate(out) if text and whole.startswith(text))
    assert all(len(text) <= 50 for text in out[begin:])
    assert whole in " ".join(out[begin:])


def test_settings_that_are_too_many_to_name_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = line("a"), line("b")
    for one in (first, second):
        one.settings.update({f"x.s{k}": one.name for k in range(40)})
    rows = told([first, second], capsys)
    assert rows[-1] == "36 more settings differ; choose with --columns; of two runs: featlearn diff RUN RUN"


def test_it_is_told_what_a_sweep_counts_by(capsys: pytest.CaptureFixture[str]) -> None:
    about = {"name": "decay", "status": "done", "best_loss": 1e-9, "points": 4, "done": 3, "ended": 4}
    sweep = Line(Path("b"), "sweep", about, {}, [], "", None, alive=False)
    best = "the loss of a sweep is that of its best point"
    assert told([line("a"), sweep], capsys)[-1] == best
    lines, points = [line("a"), sweep], f"{best}; conditions are not asked of its points: featlearn show SWEEP has "
    for text, chosen, last in [
        ("student.width=100", lines[:1], points),
        ("loss<1e-8", lines[1:], points),
        ("loss<0", [], points),
        ("kind=sweep", lines[1:], best),
    ]:
        asked = condition(text, Keys(lines))
        assert [one for one in lines if asked.holds(one)] == chosen
        show_runs(chosen, Path("runs"), searched=lines, conditions=[asked])
        shown = capsys.readouterr().out.splitlines()[-1]
        assert shown == last if last == best else shown.startswith(last)
    assert not any(best in row for row in told([line("a")], capsys))
