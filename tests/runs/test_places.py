"""Places of runs in a sweep: only what is ours is taken for ours or removed, and no link is followed."""

from pathlib import Path

import pytest

from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.places import check_own, discard, run_inside
from featlearn.storage.errors import RunError
from featlearn.storage.locks import marker_of
from tests.config.broken import MINIMAL, write
from tests.runs.records import an_info


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(write(tmp_path, MINIMAL))


@pytest.fixture
def run(config: Config, tmp_path: Path) -> RunDirectory:
    """A run of the configuration that has begun, in a sweep's directory of runs."""
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "runs").mkdir()
    made = RunDirectory.create_at(tmp_path / "sweep" / "runs" / "0000", config, an_info(config_hash=config.digest()))
    made.release()
    return made


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file of somebody else."""
    file = tmp_path / "victim"
    file.write_text("mine")
    return file


# --- run_inside ---------------------------------------------------------------------------------


def test_a_run_has_its_place_whether_it_is_there_or_not(run: RunDirectory) -> None:
    assert run_inside(run.path.parent, "0000").path == run.path
    assert run_inside(run.path.parent, "0001").path == run.path.with_name("0001")
    assert not run.path.with_name("0001").exists()


@pytest.mark.parametrize("name", ["..", "../0000", "a/b", "", ".hidden", "/absolute", "a\0b"])
def test_what_is_no_name_has_no_place(name: str, run: RunDirectory) -> None:
    with pytest.raises(RunError, match="is not the name of anything"):
        run_inside(run.path.parent, name)


@pytest.mark.parametrize("link", ["run", "runs"])
def test_a_folder_that_is_a_link_is_no_place(link: str, run: RunDirectory, tmp_path: Path) -> None:
    place = run.path if link == "run" else run.path.parent
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="is a link"):
        run_inside(run.path.parent, "0000")


FILES = ["config.yaml", "run.json", "metrics.jsonl", "snapshots.npz", "checkpoint.npz", "report.html", ".lock"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["link", "link to nothing", "folder"])
def test_a_run_with_a_file_that_is_none_is_left_alone(kind: str, name: str, run: RunDirectory, victim: Path) -> None:
    file = run.path / name
    file.unlink(missing_ok=True)
    if kind == "folder":
        file.mkdir()
    else:
        file.symlink_to(victim if kind == "link" else victim.with_name("nothing"))
    with pytest.raises(RunError, match=f"{name} is not a regular file, and was left as it was; move .*0000 elsewhere"):
        run_inside(run.path.parent, "0000")
    assert victim.read_text() == "mine"
    assert not victim.with_name("nothing").exists()


# --- check_own ----------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", [None, "run.json", "config.yaml"])
def test_a_run_is_ours_while_one_of_its_two_files_says_so(
    broken: str | None, run: RunDirectory, config: Config
) -> None:
    if broken is not None:
        (run.path / broken).write_text("{")
    check_own(run, config)


@pytest.mark.parametrize("missing", [["run.json", "config.yaml"], ["run.json"], ["config.yaml"]])
def test_a_run_of_another_configuration_is_not_ours(
    missing: list[str], run: RunDirectory, config: Config, tmp_path: Path
) -> None:
    other = load_config(write(tmp_path, MINIMAL), ["seed=1"])
    assert other.digest() != config.digest()
    for name in missing:
        (run.path / name).unlink()
    with pytest.raises(RunError, match="is in the place of this point and is not its run, so it was left as it was"):
        check_own(run, other)


def test_a_folder_of_somebody_else_is_not_ours(config: Config, tmp_path: Path) -> None:
    (tmp_path / "0000").mkdir()
    (tmp_path / "0000" / "thesis.tex").write_text("mine")
    with pytest.raises(RunError, match="is not its run"):
        check_own(RunDirectory(tmp_path / "0000"), config)


# --- discard ------------------------------------------------------------------------------------


def test_a_run_is_removed_with_all_that_a_run_has(run: RunDirectory) -> None:
    for file in (*run.data_files, run.report_file, run.lock_file, marker_of(run.lock_file)):
        file.touch()
    run.figures.mkdir()
    (run.figures / "curves.png").touch()
    (run.path / ".checkpoint.npz.draft").touch()
    discard(run)
    assert list(run.path.parent.iterdir()) == []


@pytest.mark.parametrize("name", ["thesis.tex", ".hidden", "run.json.bak", "..run.json", ".metrics.jsonl"])
def test_a_run_with_a_file_of_somebody_else_stays_whole(name: str, run: RunDirectory) -> None:
    (run.path / name).write_text("mine")
    before = sorted(path.name for path in run.path.iterdir())
    with pytest.raises(RunError, match="is no file of the run that is to be computed again"):
        discard(run)
    assert sorted(path.name for path in run.path.iterdir()) == before
    assert (run.path / name).read_text() == "mine"


def test_what_a_link_in_the_figures_leads_to_stays(run: RunDirectory, victim: Path) -> None:
    run.figures.mkdir()
    (run.figures / "curves.png").symlink_to(victim)
    discard(run)
    assert not run.path.exists()
    assert victim.read_text() == "mine"
