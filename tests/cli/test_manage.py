"""The commands diff, export, tag, note and rm, as people type them."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import train
from tests.cli.commands import invoked
from tests.config.broken import MINIMAL, write

RUNS = Path("runs")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[RunDirectory]:
    """Two finished runs in the runs directory of the place where the commands are given."""
    monkeypatch.chdir(tmp_path)
    file = write(tmp_path, MINIMAL)
    return [train(load_config(file, [f"seed={seed}"]), RUNS).run for seed in (0, 1)]


def digest(run: RunDirectory) -> str:
    return run.name.split("-")[-1]


def test_tags_are_given_and_taken_and_runs_are_found_by_them(runs: list[RunDirectory]) -> None:
    assert invoked("tag", digest(runs[0]), "paper", "wide", "paper").stdout == "tags: paper wide\n"
    assert invoked("tag", digest(runs[0]), "wide", "--remove").stdout == "tags: paper\n"
    assert [entry["tags"] for entry in json.loads(invoked("runs", "-w", "tags=paper", "--json").stdout)] == [["paper"]]
    assert "tags: paper" in invoked("show", digest(runs[0])).stdout
    wrong = invoked("tag", "latest", "two words")
    assert (wrong.exit_code, wrong.stdout) == (2, "")


def test_a_note_is_kept_through_the_end_of_the_run(runs: list[RunDirectory]) -> None:
    assert invoked("note", "latest", "the good one").stdout == "note: the good one\n"
    runs[1].write_info(runs[1].read_info())
    assert json.loads(invoked("show", "--json").stdout)["note"] == "the good one"
    assert invoked("note", "latest", "").stdout == ""
    assert runs[1].read_notes().note == ""


def test_diff_tells_settings_and_results(runs: list[RunDirectory]) -> None:
    told = invoked("diff", digest(runs[0]), digest(runs[1]))
    assert told.exit_code == 0
    assert ["seed", "0", "1"] in [line.split() for line in told.stdout.splitlines()]
    found = json.loads(invoked("diff", digest(runs[0]), "latest", "--json").stdout)
    assert found["settings"] == {"seed": [0, 1]}
    assert found["runs"] == [str(run.path.resolve()) for run in runs]


@pytest.mark.slow
def test_export_writes_an_archive_here_or_where_it_is_told(runs: list[RunDirectory]) -> None:
    assert invoked("export").stdout == f"{runs[1].name}.zip\n"
    assert invoked("export", digest(runs[0]), "-o", "out.zip").stdout == "out.zip\n"
    with ZipFile("out.zip") as archive:
        assert f"{runs[0].name}/config.yaml" in archive.namelist()


def test_rm_asks_and_moves_to_the_trash(runs: list[RunDirectory]) -> None:
    refused = invoked("rm", "latest")
    assert (refused.exit_code, runs[1].path.exists()) == (1, True)
    done = invoked("rm", "latest", "--yes")
    assert (done.exit_code, done.stdout) == (0, f"{runs[1].name}: moved to {RUNS / '.trash' / runs[1].name}\n")
    assert runs[1].name not in invoked("runs").stdout
    assert json.loads(invoked("show", "--json").stdout)["path"] == str(runs[0].path.resolve())
    assert invoked("rm", "latest", "--purge", "-y").stdout == f"{runs[0].name}: deleted\n"
    assert [path.name for path in RUNS.iterdir() if not path.name.startswith(".")] == []


def test_rm_touches_nothing_when_one_of_its_names_is_wrong(runs: list[RunDirectory]) -> None:
    for names, status in (([digest(runs[0]), "nothing"], 2), ([digest(runs[0]), "minimal"], 2)):
        done = invoked("rm", "-y", *names)
        assert (done.exit_code, done.stdout) == (status, "")
        assert done.stderr.count("\n") == 1
    runs[1].lock()
    done = invoked("rm", "-y", digest(runs[0]), digest(runs[1]))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "is being worked on" in done.stderr
    runs[1].release()
    assert all(run.path.exists() for run in runs)
