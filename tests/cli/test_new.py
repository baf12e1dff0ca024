"""``featlearn new``."""

from pathlib import Path

import pytest

from tests.cli.commands import invoked


def test_a_configuration_is_written_and_the_next_command_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = invoked("new")
    assert ended.exit_code == 0
    assert ended.stdout == "wrote quickstart.yaml\nrun it with: featlearn train --config quickstart.yaml\n"
    assert (tmp_path / "quickstart.yaml").is_file()
    again = invoked("new", "quickstart")
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    sweep = invoked("new", "sweeps/flow")
    assert "and flow.yaml, which it needs" in sweep.stdout
    assert "featlearn sweep --config sweeps/flow.yaml" in sweep.stdout


def test_the_list_says_what_each_is_for() -> None:
    listed = invoked("new", "--list")
    assert "quickstart" in listed.stdout
    assert "The three-stage experiment of Zhou & Ge" in listed.stdout
