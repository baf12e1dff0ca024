"""Where runs live."""

from pathlib import Path

import pytest

from featlearn.runs.home import runs_directory


def test_what_is_given_goes_before_the_environment_and_that_before_the_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEATLEARN_RUNS", raising=False)
    assert runs_directory() == Path("runs")
    monkeypatch.setenv("FEATLEARN_RUNS", "/elsewhere")
    assert runs_directory() == Path("/elsewhere")
    assert runs_directory("here") == runs_directory(Path("here")) == Path("here")
