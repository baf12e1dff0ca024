"""Options that commands share, and JSON documents."""

import io
import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from featlearn.cli.options import AsJson, Jobs, RunsDir, document_of, print_json
from featlearn.runs.directory import RunDirectory
from featlearn.runs.home import DEFAULT_RUNS_DIR
from tests.cli.commands import invoked as featlearn_invoked
from tests.runs.records import an_info

app = typer.Typer()


@app.command()
def command(as_json: AsJson = False, jobs: Jobs = None, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
    """A command that tells its options."""
    print_json([as_json, jobs, str(runs_dir)])


def invoked(*arguments: str, runs: str | None = None) -> Result:
    return CliRunner().invoke(app, arguments, env={"FEATLEARN_RUNS": runs})


def told(*arguments: str, runs: str | None = None) -> list[object]:
    done = invoked(*arguments, runs=runs)
    assert done.exit_code == 0, done.output
    options: list[object] = json.loads(done.stdout)
    return options


def test_nothing_is_asked_for_by_default() -> None:
    assert told() == [False, None, "runs"]
    assert told(runs="") == [False, None, "runs"]


def test_the_option_goes_before_the_environment() -> None:
    assert told("--json", "-j", "3", "--runs-dir", "there") == [True, 3, "there"]
    assert told(runs="here") == [False, None, "here"]
    assert told("--runs-dir", "there", runs="here") == [False, None, "there"]


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many"])
def test_there_is_at_least_one_worker(number: str) -> None:
    done = invoked("--jobs", number)
    assert done.exit_code == 2
    assert "--jobs" in done.stderr


def test_json_says_what_it_is_given_and_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"name": "‖f*‖²", "colour": "\x1b[31m", "direction": "\u202e", "lines": "a\nb", "number": 1e-300}
    print_json(document)
    printed = capsys.readouterr().out
    assert json.loads(printed) == document
    assert "‖f*‖²" in printed
    assert "\x1b" not in printed
    assert "\u202e" not in printed


def test_the_document_of_a_directory_is_its_information_with_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    info = an_info(status="done")
    document = document_of(RunDirectory(Path("run")), info)
    assert document.pop("path") == str(tmp_path.resolve() / "run")
    assert document == info.plain()


def test_json_leads_back_to_any_path_on_any_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/runs\udcff/λ é"
    for encoding in ("latin-1", "ascii", "utf-8"):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, errors="replace"))
        print_json({"path": path})
        sys.stdout.flush()
        assert json.loads(raw.getvalue())["path"] == path
        assert ("λ".encode() in raw.getvalue()) == (encoding == "utf-8")


@pytest.mark.parametrize(
    ("command", "given", "option"),
    [
        ("train", "my.yaml", "--config my.yaml"),
        ("sweep", "my.yaml", "--config my.yaml"),
        ("train", ".", "--resume ."),
        ("reproduce", "decay", "--claim decay"),
    ],
)
def test_what_is_given_without_its_option_is_told_which_it_needs(command: str, given: str, option: str) -> None:
    done = featlearn_invoked(command, given)
    assert done.exit_code == 2
    assert option in " ".join(done.stderr.replace("│", " ").split())
