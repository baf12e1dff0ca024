"""The lines of a folder: of runs, sweeps and reproductions, whole or broken, at work or not."""

import os
from pathlib import Path

import pytest

from featlearn.claims.listing import Line, listing
from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.statuses import STOPPED
from featlearn.storage.directory import Notes
from featlearn.storage.index import INDEX_FILE
from tests.config.broken import MINIMAL, write
from tests.runs.records import an_info
from tests.sweeps.small import new_sweep


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory.create(tmp_path / "runs", load_config(write(tmp_path, MINIMAL)), an_info())
    run.release()
    return run


def line_of(run: RunDirectory) -> Line:
    [line] = listing(run.path.parent)
    return line


def of_old(run: RunDirectory) -> None:
    """Let the run look as if it had been written long ago, so that it is kept in the cache."""
    for path in (*run.path.iterdir(), run.path):
        os.utime(path, (1e9, 1e9))


def test_a_line_knows_settings_results_and_notes(run: RunDirectory) -> None:
    run.write_notes(Notes(tags=("paper",), note="the good one"))
    line = line_of(run)
    assert (line.name, line.kind, line.fact("name"), line.error) == (run.name, "run", "minimal", None)
    assert (line.tags, line.note) == (["paper"], "the good one")
    assert line.settings["teacher.rank"] == 2
    document = line.document()
    assert document["settings"] == line.settings
    assert document["versions"] == {"featlearn": "0.1.0", "torch": None}
    assert document["tags"] == ["paper"]


def test_the_status_is_that_of_now_although_the_line_is_kept(run: RunDirectory) -> None:
    of_old(run)
    assert line_of(run).status == STOPPED
    assert (run.path.parent / INDEX_FILE).exists()
    run.lock()
    assert line_of(run).status == "running"
    run.release()
    run.write_info(an_info(status="failed"))
    assert line_of(run).status == "failed"


def test_notes_that_are_added_later_are_seen(run: RunDirectory) -> None:
    of_old(run)
    assert line_of(run).tags == []
    run.write_notes(Notes(tags=("paper",)))
    assert line_of(run).tags == ["paper"]
    run.notes_file.write_text("{")
    line = line_of(run)
    assert line.status == STOPPED
    assert "notes.json is broken" in str(line.error)


def test_broken_ones_are_listed_with_what_is_wrong(run: RunDirectory) -> None:
    run.info_file.write_text("{")
    line = line_of(run)
    assert (line.status, line.about) == ("unreadable", None)
    assert "run.json is broken" in str(line.error)
    assert line.document()["status"] == "unreadable"


def test_a_sweep_runs_while_it_is_locked(tmp_path: Path) -> None:
    sweep = new_sweep(tmp_path, "seeds: 2\n")
    folder = sweep.path.parent
    assert [(line.kind, line.status) for line in listing(folder)] == [("sweep", "interrupted")]
    sweep.lock()
    assert [line.status for line in listing(folder)] == ["running"]
    sweep.release()


def test_where_nothing_is_nothing_is_listed(tmp_path: Path) -> None:
    assert listing(tmp_path / "nowhere") == []
    assert listing(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
