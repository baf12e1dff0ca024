"""The command as a whole: its help and version, streams that are closed or cut off, and interruptions."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from featlearn.cli import app as app_module
from tests.cli.commands import ENVIRONMENT, FEATLEARN, featlearn, invoked
from tests.config.broken import MINIMAL, write

COMMANDS = ["new", "lab", "train", "sweep", "reproduce", "runs", "show", "plot", "report"]
COMMANDS += ["diff", "export", "tag", "note", "rm", "schema", "check"]


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_command_in_the_order_of_work(option: str) -> None:
    done = invoked(option)
    assert done.exit_code == 0
    told = done.stdout.replace("│", " ").split("Experiments", 1)[1].splitlines()
    assert [line.split()[0] for line in told if line.startswith("  ") and line.split() and line[2] != " "] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_a_sentence(command: str) -> None:
    done = invoked(command, "--help")
    assert done.exit_code == 0
    assert f"{command} [OPTIONS]" in done.stdout


def test_the_version_is_that_of_the_package() -> None:
    done = invoked("--version")
    assert (done.exit_code, done.stdout) == (0, f"featlearn {version('featlearn')}\n")


@pytest.mark.parametrize("word", app_module.CALLED)
def test_what_people_call_a_command_is_answered_by_its_name(word: str) -> None:
    meant = app_module.CALLED[word]
    assert word not in COMMANDS
    assert meant.split()[0] in COMMANDS
    done = invoked(word, "a", "b", env={"COLUMNS": "100"})
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"there is no command '{word}'; did you mean `featlearn {meant}`?" in done.stderr


def test_a_command_that_is_not_there_exits_2() -> None:
    done = invoked("no-such-command")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "No such command 'no-such-command'" in done.stderr


def test_ctrl_c_before_anything_began_exits_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(app_module, "app", interrupted)
    with pytest.raises(SystemExit) as caught:
        app_module.main()
    assert caught.value.code == 130


def test_the_output_of_runs_can_be_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, MINIMAL)
    monkeypatch.chdir(tmp_path)
    for seed in range(2):
        assert invoked("train", "-c", "config.yaml", "-q", "--set", f"seed={seed}").exit_code == 0
    command = f"{sys.executable} -m featlearn runs | true"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""


def test_closed_streams_end_no_command(tmp_path: Path) -> None:
    command = " ".join([*FEATLEARN, "runs", ">&-", "2>&-"])
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, timeout=60)
    assert done.returncode == 0


def test_letters_that_the_terminal_does_not_have_end_no_command(tmp_path: Path) -> None:
    done = featlearn("--help", cwd=tmp_path, env=ENVIRONMENT | {"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "Teacher?student experiments" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["schema"], ["train", "-c", "config.yaml", "--json"]])
def test_a_standard_output_that_is_full_is_one_line(arguments: list[str], tmp_path: Path) -> None:
    write(tmp_path, MINIMAL)
    with Path("/dev/full").open("w") as full:
        command = [*FEATLEARN, *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120
        )
    assert (done.returncode, done.stderr) == (1, "output cannot be written: No space left on device\n")


@pytest.mark.parametrize("columns", ["0", "", "000"])
def test_a_terminal_of_no_width_is_one_of_the_usual_width(columns: str, tmp_path: Path) -> None:
    done = featlearn("--help", cwd=tmp_path, env=ENVIRONMENT | {"COLUMNS": columns})
    assert "Usage" in done.stdout
