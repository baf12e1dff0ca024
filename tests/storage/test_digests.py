"""Files that a configuration points at are held to their SHA-256."""

import os
from pathlib import Path

import pytest

from featlearn.storage.digests import InvalidFile, check_digest, file_digest, pinned_file

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # SHA-256 of "abc": FIPS 180-2, appendix B.1


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    return path


def test_the_digest_is_the_sha_256_of_the_content(file: Path) -> None:
    assert file_digest(file) == ABC


def test_a_file_is_taken_with_its_digest_and_with_none_and_with_no_other(file: Path) -> None:
    assert check_digest(file, ABC) == check_digest(file, None) == ABC
    file.write_bytes(b"abd")
    with pytest.raises(InvalidFile, match=r"abc has changed since this configuration was written"):
        check_digest(file, ABC)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "loop", "null byte"])
def test_what_cannot_be_read_is_told_at_once(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "null byte":
        path = tmp_path / "a\0b"
    with pytest.raises(InvalidFile, match=r"cannot be read: |is not a regular file"):
        file_digest(path)


def test_a_pinned_file_has_an_absolute_path_without_detours_and_a_digest(file: Path) -> None:
    pinned = {"path": str(file), "sha256": ABC}
    assert pinned_file("abc", None, file.parent) == pinned
    assert pinned_file("folder/../abc", None, file.parent) == pinned
    assert pinned_file(str(file), None, Path("/nowhere")) == pinned


def test_a_digest_that_is_given_stays_and_the_one_file_there_is_is_not_read(file: Path) -> None:
    other = "0" * 64
    assert pinned_file("abc", other, file.parent) == {"path": str(file), "sha256": other}


def test_a_file_that_is_nowhere_is_told_with_what_is_known_of_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="No such file"):
        pinned_file("missing", None, tmp_path)
    for path in ("missing", "/nowhere/missing", "a\0b"):
        with pytest.raises(InvalidFile, match=r"is the file that this configuration knows \(SHA-256 ba7816bf8f01…\)"):
            pinned_file(path, ABC, tmp_path)


@pytest.mark.parametrize(
    ("now", "configuration"),
    [("data/abc", "."), ("data/abc", "runs/one"), ("abc", "runs/one"), ("runs/one/abc", "runs/one")],
)
def test_a_file_is_found_where_its_folder_was_moved_to(now: str, configuration: str, tmp_path: Path) -> None:
    for folder in ("data", "runs/one"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / now).write_bytes(b"abc")
    found = pinned_file("/before/the/move/data/abc", ABC, tmp_path / configuration)
    assert found == {"path": str(tmp_path / now), "sha256": ABC}
    with pytest.raises(InvalidFile, match="No such file"):  # only what is known by its content is looked for
        pinned_file("/before/the/move/data/abc", None, tmp_path / configuration)


def test_of_several_files_that_is_taken_which_has_the_digest(file: Path) -> None:
    copy = file.parent / "copy"
    (copy / "runs").mkdir(parents=True)
    (copy / "abc").write_bytes(b"abc")
    assert pinned_file(str(file), ABC, copy / "runs")["path"] == str(file)
    file.write_bytes(b"abd")
    assert pinned_file(str(file), ABC, copy / "runs")["path"] == str(copy / "abc")
    (copy / "abc").write_bytes(b"abe")
    assert pinned_file(str(file), ABC, copy / "runs")["path"] == str(file)  # and reading it says that it has changed
