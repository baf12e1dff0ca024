"""The table of a sweep on the console has a row for each of its settings."""

from pathlib import Path

import pytest

from featlearn.sweeps.directory import WHOLE
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.plan import plan_of
from featlearn.views.console.sweep import show_plan, show_sweep, sweep_document
from featlearn.views.data.sweep import read_sweep
from tests.sweeps.search.made_up import search_file
from tests.views.edges import FIND, THREE, searched
from tests.views.examples import swept
from tests.views.settings import ALIKE, median, swept_at_equal_values, swept_with_momentum


def cells_of(printed: str, columns: int) -> list[list[str]]:
    """The first columns of the table of settings."""
    lines = [line.split() for line in printed.splitlines()]
    start = next(i for i, line in enumerate(lines) if line[-1:] == ["recovered"])
    rows = lines[start + 2 :]
    return [line[:columns] for line in rows[: next(i for i, line in enumerate(rows) if not line)]]


def test_the_console_takes_medians_at_each_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = swept_with_momentum(tmp_path, ALIKE)
    show_sweep(directory, directory.read_info())
    data = read_sweep(directory)
    wanted = [
        [f"{momentum}", f"{size}", "2", "2", f"{median(data, momentum=momentum, step_size=size):.3g}"]
        for momentum in (0.9995, 0.9999)
        for size in (0.050001, 0.050002, 0.050003, 0.050004)
    ]
    assert cells_of(capsys.readouterr().out, 5) == wanted


def test_the_console_counts_runs_at_equal_values_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = swept_at_equal_values(tmp_path, monkeypatch)
    show_sweep(directory, directory.read_info())
    printed = cells_of(capsys.readouterr().out, 8)
    assert [row[:3] for row in printed] == [["0", "4", "4"], ["0.01", "×", "0.5"]]


def test_the_axes_of_a_sweep_that_has_not_ended_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = swept(tmp_path, "grid:\n  student.width: [6, 8]\nstore: summary\n")
    (journal,) = directory.path.glob("journal*.jsonl")
    first = journal.read_text().splitlines()[0]
    journal.write_text(first + "\n")
    show_sweep(directory, directory.read_info())
    assert "width" in capsys.readouterr().out


def test_the_edges_of_a_search_are_told_with_what_they_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = searched(tmp_path)
    show_sweep(directory, directory.read_info())
    printed = capsys.readouterr().out
    assert "edge along student.width" in printed
    assert "not found within 2 … 60: holds at neither end" in printed
    assert " runs" in printed
    edges, _, settings = printed.partition("each with a confidence")
    assert edges.splitlines()[2].split()[:3] == ["teacher.width", "edge", "along"]
    heads, *rows = [line.split() for line in settings.splitlines() if "width" in line or "%" in line]
    assert heads[:5] == ["teacher.width", "student.width", "runs", "done", "share"]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    widths = [int(row[1]) for row in rows if row[0] == "2"]
    assert widths == sorted(widths)
    assert [row[4] for row in rows if row[:2] == ["2", "60"]] == ["100.0%"]
    assert "share: of the runs with recovered=3" in settings
    assert "the search is not at its end" not in printed
    directory.write_info(directory.read_info().changed(searching=True))
    show_sweep(directory, directory.read_info())
    assert "the search is not at its end; go on with featlearn sweep --resume" in capsys.readouterr().out
    edges = sweep_document(directory, directory.read_info())["edges"]
    assert [edge["teacher.width"] for edge in edges] == [2, 3, 4]
    assert edges[0]["seen"][0] | {"low": 0, "high": 0} == {
        "value": 2,
        "runs": edges[0]["seen"][0]["runs"],
        "failed": 0,
        "measured": 0.0,
        "low": 0,
        "high": 0,
        "holds": False,
    }


def test_what_a_search_would_do_is_told_before_it_does_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = load_sweep(search_file(tmp_path, FIND, THREE))
    show_plan(plan_of(sweep, WHOLE), None)
    printed = capsys.readouterr().out
    assert "2 … 60 to 20 % for share(recovered == 3) >= 0.5" in printed
    assert f"{len(sweep)} points at the ends; the search takes {sweep.most} in all, at the most" in printed
