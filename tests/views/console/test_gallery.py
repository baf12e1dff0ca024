"""What is shown of the gallery: names and purposes, and the command that takes what was written."""

from pathlib import Path

import pytest

from featlearn.views.console.gallery import show_gallery, show_written


def test_names_purposes_and_the_next_command(capsys: pytest.CaptureFixture[str]) -> None:
    show_gallery({"quickstart": "to begin with", "sweeps/seeds": "many seeds"})
    assert "many seeds" in capsys.readouterr().out
    show_written([Path("sweeps/seeds.yaml"), Path("quickstart.yaml")])
    assert capsys.readouterr().out == (
        "wrote sweeps/seeds.yaml, and quickstart.yaml, which it needs\n"
        "run it with: featlearn sweep --config sweeps/seeds.yaml\n"
    )
