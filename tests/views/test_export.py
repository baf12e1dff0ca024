"""The archive of a run or a sweep: whole, the same each time, and nothing from elsewhere in it."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from featlearn.storage.directory import Notes
from featlearn.storage.errors import RunError, WrongChoice
from featlearn.views.export import CITATION, export
from tests.views.edges import searched
from tests.views.examples import SEEDS, new_run, swept


def members(file: Path, name: str) -> dict[str, bytes]:
    with ZipFile(file) as archive:
        assert archive.testzip() is None
        return {path.removeprefix(f"{name}/"): archive.read(path) for path in archive.namelist()}


@pytest.mark.slow
def test_a_run_is_exported_with_figures_that_are_drawn_for_it(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    run.write_notes(Notes(note="good"))
    export(run, tmp_path / "run.zip")
    found = members(tmp_path / "run.zip", run.name)
    for file in (run.config_file, run.info_file, run.metrics_file, run.notes_file):
        assert found[file.name] == file.read_bytes()
    assert {"figures/curves.pdf", "figures/neurons.png", "figures/alignment.csv"} <= set(found)
    assert b"Zhou, Mo" in found[CITATION]
    assert b"version = {0.1.0}" in found[CITATION]
    assert not run.figures.exists()


def test_figures_that_were_plotted_are_taken_and_links_are_not(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    run.figures.mkdir()
    (run.figures / "mine.png").write_bytes(b"mine")
    (run.figures / "link.png").symlink_to("/etc/hostname")
    export(run, tmp_path / "run.zip")
    found = members(tmp_path / "run.zip", run.name)
    assert [name for name in found if name.startswith("figures/")] == ["figures/mine.png"]
    content = (tmp_path / "run.zip").read_bytes()
    with pytest.raises(WrongChoice, match=r"run\.zip is there already; replace it with --force"):
        export(run, tmp_path / "run.zip")
    export(run, tmp_path / "run.zip", force=True)
    assert (tmp_path / "run.zip").read_bytes() == content


def test_a_run_without_rows_is_exported_without_figures(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    run.metrics_file.write_bytes(b"")
    export(run, tmp_path / "run.zip")
    assert not [name for name in members(tmp_path / "run.zip", run.name) if name.startswith("figures/")]


@pytest.mark.slow
def test_a_sweep_is_exported_with_its_results(tmp_path: Path) -> None:
    sweep = swept(tmp_path, SEEDS)
    export(sweep, tmp_path / "sweep.zip")
    found = members(tmp_path / "sweep.zip", sweep.name)
    assert found["results.csv"] == sweep.results_file.read_bytes()
    assert any(name.startswith("figures/loss") for name in found)


@pytest.mark.slow
def test_what_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    with pytest.raises(RunError, match=r"cannot be written: .*; choose another with --out"):
        export(run, tmp_path / "nowhere" / "run.zip")
    run.config_file.unlink()
    run.config_file.symlink_to("/etc/hostname")
    with pytest.raises(RunError, match="is a link"):
        export(run, tmp_path / "run.zip")
    assert not (tmp_path / "run.zip").exists()


def test_a_search_is_exported_with_its_edges(tmp_path: Path) -> None:
    directory = searched(tmp_path, more="")
    export(directory, tmp_path / "sweep.zip")
    found = members(tmp_path / "sweep.zip", directory.name)
    assert found["edges.csv"] == directory.edges_file.read_bytes()
    assert "figures/edge-student.width.png" in found
