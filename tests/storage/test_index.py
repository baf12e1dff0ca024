"""The cache of lines: what it says is always what the directories say, whatever happens to it."""

import os
from pathlib import Path
from typing import Any

import pytest

from featlearn.storage import index
from featlearn.storage.index import INDEX_FILE, Reader, directories_in, lines_in


class Counting:
    """A reader of directories with a file ``box``, that counts how often one is read."""

    def __init__(self, version: str = "1") -> None:
        self.read_ones: list[str] = []
        self.reader = Reader(version, self.files, self.read)

    def files(self, path: Path) -> list[str]:
        return ["box"] if (path / "box").is_file() else []

    def read(self, path: Path) -> dict[str, Any] | None:
        self.read_ones.append(path.name)
        return {"text": (path / "box").read_text()}

    def lines(self, folder: Path) -> dict[str, str]:
        self.read_ones = []
        return {name: line["text"] for name, line in lines_in(folder, self.reader)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        fill(tmp_path / name, name)
    (tmp_path / "foreign").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    return tmp_path


def fill(directory: Path, text: str, age: int = 3600) -> None:
    file = directory / "box"
    file.write_text(text)
    when = os.stat(directory).st_mtime - age  # noqa: PTH116
    os.utime(file, (when, when))


def test_what_is_known_is_not_read_again(folder: Path) -> None:
    counting = Counting()
    assert counting.lines(folder) == {"a": "a", "b": "b"}
    assert list(counting.lines(folder)) == ["a", "b"]
    assert counting.read_ones == []
    assert directories_in(folder) == ["a", "b", "foreign"]


def test_what_changed_is_read_again_and_what_is_gone_is_gone(folder: Path) -> None:
    counting = Counting()
    counting.lines(folder)
    fill(folder / "a", "A", age=60)
    assert counting.lines(folder) == {"a": "A", "b": "b"}
    assert counting.read_ones == ["a"]
    fill(folder / "a", "AAA", age=60)  # another size alone
    assert counting.lines(folder)["a"] == "AAA"
    (folder / "b" / "box").unlink()
    assert counting.lines(folder) == {"a": "AAA"}


def test_a_file_that_was_changed_just_now_is_read_until_its_time_tells_it_from_a_later_one(folder: Path) -> None:
    counting = Counting()
    fill(folder / "a", "x", age=0)
    before = os.stat(folder / "a" / "box").st_mtime  # noqa: PTH116
    counting.lines(folder)
    fill(folder / "a", "y", age=0)
    os.utime(folder / "a" / "box", (before, before))  # in the same tick of the clock
    assert counting.lines(folder)["a"] == "y"


@pytest.mark.parametrize("damage", ["cut", "other", "empty", "folder", "link", "gone", "unlike"])
def test_a_damaged_cache_is_made_anew(folder: Path, tmp_path: Path, damage: str) -> None:
    counting = Counting()
    counting.lines(folder)
    file = folder / INDEX_FILE
    content = file.read_bytes()
    file.unlink()
    match damage:
        case "cut":
            file.write_bytes(content[:-9])
        case "other":
            file.write_bytes(content.replace(b'"text":"a"', b'"text":"z"'))
        case "empty":
            file.touch()
        case "folder":
            file.mkdir()
        case "link":
            file.symlink_to(folder / "b" / "box")
        case "unlike":
            file.write_bytes(b"1 00000000\n[]")
    for _ in range(2):
        assert counting.lines(folder) == {"a": "a", "b": "b"}
    assert (folder / "b" / "box").read_text() == "b"


def test_a_cache_of_another_version_does_not_count(folder: Path) -> None:
    Counting("1").lines(folder)
    later = Counting("2")
    later.lines(folder)
    assert later.read_ones == ["a", "b"]


def test_a_folder_that_cannot_be_written_is_read_all_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(index, "write_file", refuse)
    counting = Counting()
    assert counting.lines(folder) == counting.lines(folder) == {"a": "a", "b": "b"}
    assert not (folder / INDEX_FILE).exists()
    assert counting.lines(folder / "nowhere") == {}


def test_two_that_write_it_at_once_leave_a_whole_one(folder: Path) -> None:
    first, second = lines_in(folder, Counting().reader), lines_in(folder, Counting().reader)
    assert next(first)[0] == next(second)[0] == "a"
    assert [name for name, _ in second] == [name for name, _ in first] == ["b"]
    again = Counting()
    assert again.lines(folder) == {"a": "a", "b": "b"}
    assert again.read_ones == []
