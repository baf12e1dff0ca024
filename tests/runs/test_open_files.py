"""The limit of open files, for which the system is asked."""

import resource
from pathlib import Path

import pytest

from featlearn.runs import open_files
from featlearn.runs.open_files import most_open_runs


def limited(monkeypatch: pytest.MonkeyPatch, limit: int, is_open: int) -> int:
    monkeypatch.setattr(resource, "getrlimit", lambda what: (limit, limit))
    monkeypatch.setattr(open_files, "_open_files", lambda: is_open)
    return most_open_runs()


def test_there_are_as_many_runs_as_files_may_still_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limited(monkeypatch, 256, 10) == (256 - 10 - open_files._OTHER_FILES) // open_files._FILES_OF_A_RUN
    assert limited(monkeypatch, 256, 110) < limited(monkeypatch, 256, 10) < limited(monkeypatch, 1024, 10)


def test_there_is_one_at_least_and_no_limit_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limited(monkeypatch, 20, 19) == 1
    assert limited(monkeypatch, resource.RLIM_INFINITY, 10) > 1000


def test_open_files_are_counted(tmp_path: Path) -> None:
    before = open_files._open_files()
    files = [(tmp_path / str(i)).open("w") for i in range(5)]
    assert open_files._open_files() == before + 5
    for file in files:
        file.close()
