"""What holds for every directory of ours: finding, locking, reading, and where its names lead."""

import errno
import fcntl
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from featlearn.storage.directory import Directory, Member, Notes
from featlearn.storage.errors import RunError, RunNotFound
from featlearn.storage.records import FileRecord, Record, write_record
from tests.runs.killing import in_child


class Info(FileRecord):
    name: str


class Box(Directory[Info]):
    kind = "box"
    info_type = Info
    info_file = Member("box.json")
    arrays = Member("arrays.npz")

    def brief(self, *, alive: bool) -> Record:
        return self.read_info()


@pytest.fixture
def box(tmp_path: Path) -> Box:
    path = tmp_path / "boxes" / "one"
    path.mkdir(parents=True)
    write_record(Box(path).info_file, Info(name="one"))
    return Box(path)


def test_members_are_paths_in_the_directory(box: Box) -> None:
    assert box.info_file == box.path / "box.json"
    assert Box.info_file.name == "box.json"


def test_a_box_is_found_by_path_and_name(box: Box) -> None:
    where = box.path.parent
    for name in ("one", str(box.path)):
        assert Box.find(name, where).path == box.path.resolve()
    assert Box.named("two", where) is None
    assert [found.path for found in Box.all_in(where)] == [box.path]
    assert Box.all_in(where / "nowhere") == []
    for name in ("two", "", "x" * 5000, "a\0b", "one/box.json"):
        with pytest.raises(RunNotFound, match="there is no box "):
            Box.find(name, where)
    with pytest.raises(RunNotFound, match=r"boxes is not a box directory: it has no box\.json"):
        Box.find(str(where), where)


@pytest.mark.slow
def test_a_lock_keeps_others_out_until_it_is_given_back(box: Box) -> None:
    other = Box(box.path)
    box.lock()
    assert other.is_locked()
    began = time.monotonic()
    with pytest.raises(RunError, match=r"one is being worked on by another process$"):
        other.lock()
    assert time.monotonic() - began > 1.5, "whoever only looks is waited for"
    other.release()
    assert box.is_locked()
    box.release()
    assert not other.is_locked()
    other.lock()
    other.release()


def test_a_killed_process_leaves_no_lock(box: Box) -> None:
    reader, writer = os.pipe()

    def hold() -> None:
        box.lock()
        os.write(writer, b"x")
        signal.pause()

    child = in_child(hold)
    os.read(reader, 1)
    os.close(reader)
    os.close(writer)
    assert box.is_locked()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert not box.is_locked()
    box.lock()
    box.release()


def test_locking_makes_nothing_in_a_directory_that_is_not_ours(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RunError, match="not a box directory"):
            Box(path).lock()
        assert not Box(path).is_locked()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written_is_said(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(RunError, match="one cannot be written: Input/output error"):
        box.lock()


@pytest.mark.slow
def test_a_marker_of_another_machine_is_named(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    (box.path / ".lock.held").write_text("12\nnode-7\n")
    with pytest.raises(
        RunError, match=r"by another process \(12 on node-7; if that process is gone, remove .*\.held\)"
    ):
        box.lock()


def test_a_part_of_a_name_is_enough_where_only_one_has_it(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    where = box.path.parent
    names = ["20261123-130426-quick-3f2a1c", "20261124-130426-quick-4f2a1c", "20261124-130427-lazy-5f2a1c"]
    for name in names:
        (where / name).mkdir()
        write_record(Box(where / name).info_file, Info(name=name))
    (where / "20261125-no-box").mkdir()
    (where / "20261126-link").symlink_to(where / names[0])
    for text, name in (("20261123", names[0]), ("4f2a1c", names[1]), ("lazy", names[2]), ("on", "one")):
        assert Box.find(text, where).path == (where / name).resolve()
        assert Box.find(str(where / text), Path("elsewhere")).path == (where / name).resolve()
    for text in ("20261124", "quick", str(where / "2026")):
        with pytest.raises(RunNotFound, match=rf"may be any of \d: .*{names[1]}.*; give more of the name"):
            Box.find(text, where)
    for text in ("", ".", "..", "/", "20261125", "20261126", "x" * 5000, "a\0b", "5f2a"):
        with pytest.raises(RunNotFound, match="there is no box "):
            Box.find(text, where)
    assert Box.find("laz", where).name == names[2], "the beginning of its own name"
    with pytest.raises(RunNotFound, match="'qui' may be any of 2"):
        Box.find("qui", where)
    (where / "20261127-130427-lazier-6f2a1c").mkdir()
    write_record(Box(where / "20261127-130427-lazier-6f2a1c").info_file, Info(name="lazier"))
    assert Box.find("lazy", where).name == names[2]
    monkeypatch.chdir(where)
    assert Box.find("20261123", Path("nowhere")).path == (where / names[0]).resolve()


def test_what_is_no_box_is_told_by_its_path_and_hides_names_that_go_on(box: Box) -> None:
    where = box.path.parent
    for name in ("20261123-130426-lazy-3f2a1c", "20261123-130427-lazy_more-4f2a1c"):
        (where / name).mkdir()
    more = Box(where / name)
    write_record(more.info_file, Info(name="lazy_more"))
    for text in ("lazy", "3f2a1c"):
        with pytest.raises(
            RunNotFound, match=r"no box '\w+': .*-lazy-3f2a1c is not a box directory: it has no box\.json"
        ):
            Box.find(text, where)
    assert Box.find("lazy_", where).path == more.path.resolve()


def test_notes_are_there_once_they_are_written(box: Box) -> None:
    assert box.read_notes() == Notes()
    assert box.files_of_brief() == [".", "box.json"]
    box.write_notes(Notes(tags=("paper",), note="n"))
    assert box.read_notes() == Notes(tags=("paper",), note="n")
    assert box.files_of_brief() == [".", "box.json", "notes.json"]
    box.notes_file.unlink()
    box.notes_file.symlink_to(box.path / "box.json")
    with pytest.raises(RunError, match=r"notes\.json is a link|cannot be read"):
        box.read_notes()


def test_arrays_are_read_but_not_through_links(box: Box, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"arrays\.npz is missing"):
        box.read_arrays(box.arrays)
    np.savez(tmp_path / "else.npz", x=np.ones(2))
    box.arrays.symlink_to(tmp_path / "else.npz")
    with pytest.raises(RunError, match=r"arrays\.npz is broken: arrays\.npz is a link"):
        box.read_arrays(box.arrays)
    box.arrays.unlink()
    np.savez(box.arrays, x=np.ones(2))
    assert box.read_arrays(box.arrays)["x"].tolist() == [1, 1]
    os.truncate(box.arrays, 100)
    with pytest.raises(RunError, match=r"arrays\.npz is broken"):
        box.read_arrays(box.arrays)


def test_a_folder_that_is_a_link_leads_nowhere(box: Box, tmp_path: Path) -> None:
    (box.path / "figures").symlink_to(tmp_path)
    with pytest.raises(RunError, match="figures is a link"):
        box.inside("figures")
    assert box.inside("other") == box.path / "other"
