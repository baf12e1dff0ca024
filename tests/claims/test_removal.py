"""Removing: to the trash or for good, and never anything else."""

from pathlib import Path

import pytest

from featlearn.claims.find import find
from featlearn.claims.removal import TRASH, check_removable, remove
from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from featlearn.storage.directory import Notes
from featlearn.storage.errors import RunError
from featlearn.storage.names import LATEST
from tests.config.broken import MINIMAL, write
from tests.runs.records import an_info
from tests.storage.damage import contents
from tests.sweeps.small import new_sweep


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def new(folder: Path, seed: int = 0) -> RunDirectory:
    config = load_config(write(folder.parent, MINIMAL), [f"seed={seed}"])
    run = RunDirectory.create(folder, config, an_info(config_hash=config.digest()))
    run.release()
    return RunDirectory(run.path.resolve())


def test_what_is_removed_lies_whole_in_the_trash_and_can_be_moved_back(folder: Path) -> None:
    first, second = new(folder), new(folder, 1)
    second.write_notes(Notes(tags=("paper",)))
    before = contents(second.path)
    assert remove(second, folder) == folder / TRASH / second.name
    assert contents(folder / TRASH / second.name) == before
    assert (folder / LATEST).readlink() == Path(first.name)
    assert [run.name for run in RunDirectory.all_in(folder)] == [first.name]
    (folder / TRASH / second.name).rename(second.path)
    assert remove(second, folder) == folder / TRASH / second.name


def test_a_name_that_is_taken_in_the_trash_gets_a_number(folder: Path) -> None:
    run = new(folder)
    (folder / TRASH / run.name / "something").mkdir(parents=True)
    assert remove(run, folder) == folder / TRASH / f"{run.name}-2"
    assert not (folder / LATEST).is_symlink()


def test_what_is_purged_is_gone_and_links_in_it_are_not_followed(folder: Path, tmp_path: Path) -> None:
    run = new(folder)
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "file").touch()
    (run.path / "figures").symlink_to(tmp_path / "victim")
    assert remove(run, folder, purge=True) is None
    assert [path.name for path in folder.iterdir()] == []
    assert (tmp_path / "victim" / "file").exists()


def test_sweeps_are_removed_too_and_not_their_points(tmp_path: Path) -> None:
    sweep = find("latest", new_sweep(tmp_path, "seeds: 2\n").path.parent)
    folder = sweep.path.parent
    point = RunDirectory(sweep.path / "runs" / "p0000")
    with pytest.raises(RunError, match="does not lie in"):
        check_removable(point, folder)
    assert remove(sweep, folder) == folder / TRASH / sweep.name


def test_nothing_that_is_at_work_elsewhere_or_a_link_is_removed(folder: Path, tmp_path: Path) -> None:
    run, other = new(folder), new(tmp_path / "others")
    (folder / "link").symlink_to(other.path)
    run.lock()
    for purge in (False, True):
        with pytest.raises(RunError, match="is being worked on by another process"):
            remove(RunDirectory(run.path), folder, purge=purge)
        for name in ("link", str(other.path)):
            with pytest.raises(RunError, match="does not lie in"):
                remove(find(name, folder), folder, purge=purge)
    run.release()
    assert other.config_file.exists()
    assert run.config_file.exists()


def test_what_does_not_say_that_it_is_a_run_is_not_deleted_for_good(folder: Path) -> None:
    run = new(folder)
    run.info_file.write_text("{}")
    with pytest.raises(RunError, match=r"run\.json is broken: .*; without --purge it can be moved to the trash"):
        remove(run, folder, purge=True)
    assert run.config_file.exists()
    assert remove(run, folder) is not None


def test_a_trash_that_is_a_link_is_left_as_it_was(folder: Path, tmp_path: Path) -> None:
    run = new(folder)
    (tmp_path / "elsewhere").mkdir()
    (folder / TRASH).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="is a link"):
        remove(run, folder)
    assert run.config_file.exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert not run.is_locked()
