"""The commands runs and show: what is there, as a table, as text and as JSON."""

import json
import re
from pathlib import Path

import pytest

from featlearn.cli.options import document_of
from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import train
from tests.cli.commands import invoked
from tests.config.broken import MINIMAL, write


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    """A finished run in the runs directory of the place where the commands are given."""
    monkeypatch.chdir(tmp_path)
    return train(load_config(write(tmp_path, MINIMAL), ["log.floors=true"]), Path("runs")).run


def test_runs_lists_a_run_with_its_status(run: RunDirectory) -> None:
    listed = invoked("runs")
    assert (listed.exit_code, listed.stderr) == (0, "")
    [line] = [line for line in listed.stdout.splitlines() if run.name in line]
    assert "done" in line
    (entry,) = json.loads(invoked("runs", "--json").stdout)
    assert entry["status"] == "done"
    assert entry["alive"] is False
    assert entry["error"] is None
    assert Path(entry["path"]).name == run.name


def test_where_there_are_no_runs_none_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoked("runs").exit_code == 0
    assert json.loads(invoked("runs", "--json").stdout) == []
    assert list(tmp_path.iterdir()) == []


def test_a_broken_run_is_listed_as_such_and_not_shown(run: RunDirectory) -> None:
    run.info_file.write_text("{")
    (entry,) = json.loads(invoked("runs", "--json").stdout)
    assert entry["status"] == "unreadable"
    assert "run.json is broken" in entry["error"]
    shown = invoked("show")
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert shown.stderr.count("\n") == 1
    assert "run.json is broken" in shown.stderr


def test_show_tells_how_a_run_ended_and_with_what(run: RunDirectory) -> None:
    shown = invoked("show")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert "minimal" in shown.stdout
    assert "done after" in shown.stdout
    assert re.search(r"floors: random features \S+ \(\d+% of ‖f\*‖²\), NTK \S+ \(\d+%\)", shown.stdout)
    assert "numpy" in shown.stdout


def test_a_run_is_shown_by_name_by_path_and_as_the_latest(run: RunDirectory) -> None:
    document = document_of(run, run.read_info())
    for name in ((), ("latest",), (run.name,), (run.path,)):
        assert json.loads(invoked("show", *name, "--json").stdout) == document


def test_a_run_that_does_not_exist_is_told_in_one_line(run: RunDirectory) -> None:
    shown = invoked("show", "no-such-run")
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert shown.stderr.count("\n") == 1
    assert "'no-such-run'" in shown.stderr


def test_runs_are_found_by_their_settings_and_results(run: RunDirectory, tmp_path: Path) -> None:
    other = train(
        load_config(tmp_path / "config.yaml", ["student.width=6", "seed=1", "log.floors=true"]), Path("runs")
    ).run
    listed = invoked("runs", "--where", "student.width=6", "-w", "status=done", "-w", "loss>0")
    assert (listed.exit_code, listed.stderr) == (0, "")
    assert other.name in listed.stdout
    assert run.name not in listed.stdout
    (entry,) = json.loads(invoked("runs", "--where", "seed=1", "--json").stdout)
    assert entry["settings"]["student.width"] == 6
    assert entry["final"]["stage"] == "go"
    none = invoked("runs", "--where", "loss<0")
    told = none.stdout.splitlines()
    assert (none.exit_code, told[0], len(told)) == (0, "no run in runs/ meets this condition", 2)
    assert told[1].startswith("none has loss<0: loss is ")


def test_settings_that_differ_are_columns_and_so_is_what_was_asked_for(run: RunDirectory, tmp_path: Path) -> None:
    train(load_config(tmp_path / "config.yaml", ["student.width=6", "seed=1", "log.floors=true"]), Path("runs"))
    heading, _, first, second = invoked("runs").stdout.splitlines()
    assert heading.split()[:5] == ["run", "status", "seed", "student.width", "loss"]
    assert sorted([first.split()[2:4], second.split()[2:4]]) == [["0", "4"], ["1", "6"]]
    heading, _, first, second = invoked(
        "runs", "--columns", "student.width,loss", "--sort", "-seed"
    ).stdout.splitlines()
    assert heading.split() == ["run", "status", "student.width", "loss"]
    assert (first.split()[2], second.split()[2]) == ("6", "4")
    assert len(invoked("runs", "--last", "1").stdout.splitlines()) == 3


@pytest.mark.parametrize("text", ["loss<1e-6 and seed=0", "loss<abc", "status=don"])
def test_a_condition_that_nothing_could_meet_is_refused(run: RunDirectory, text: str) -> None:
    listed = invoked("runs", "--where", text)
    assert (listed.exit_code, listed.stdout) == (2, "")
    assert listed.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "options", [["--where", "studnt.width=4"], ["--sort", "lss"], ["--columns", "loss,studnt.width"]]
)
def test_an_unknown_key_is_told_with_one_that_is_there(run: RunDirectory, options: list[str]) -> None:
    listed = invoked("runs", *options)
    assert (listed.exit_code, listed.stdout) == (2, "")
    assert "did you mean" in listed.stderr
    assert listed.stderr.count("\n") == 1


def test_show_tells_of_one_neuron_at_one_time(run: RunDirectory) -> None:
    told = invoked("show", "--neuron", "1", "--step", "2")
    assert told.exit_code == 0
    assert told.stdout.startswith("neuron 1 at step 2\n")
    found = json.loads(invoked("show", "minimal", "--neuron", "1", "--json").stdout)
    assert found["mass"] == pytest.approx(found["norm"] * abs(found["output_weight"]))
    assert invoked("show", "--step", "2").exit_code == 2
    wrong = invoked("show", "--neuron", "99")
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (2, 1)
