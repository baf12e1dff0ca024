"""Logs keep every whole line, and lose a torn one at most."""

import os
from pathlib import Path

import pytest

from featlearn.storage.errors import RunError
from featlearn.storage.logs import Log, read_lines


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


def test_lines_are_there_once_they_are_appended(path: Path) -> None:
    log = Log(path)
    for number, line in enumerate([b"a", b"", b"c"], start=1):
        log.append(line)
        assert len(read_lines(path)) == number
    log.close()
    assert read_lines(path) == [b"a", b"", b"c"]


@pytest.mark.parametrize("torn", [b"", b"half", bytes(4096), b"half" + bytes(99)])
def test_what_is_torn_is_left_out_and_cut_off_before_the_next_line(torn: bytes, path: Path) -> None:
    path.write_bytes(b"a\nb\n" + torn)
    assert read_lines(path) == [b"a", b"b"]
    log = Log(path)
    log.append(b"c")
    log.close()
    assert path.read_bytes() == b"a\nb\nc\n"


def test_a_log_is_cut_back(path: Path) -> None:
    path.write_bytes(b"a\nbb\nccc\nto")
    log = Log(path)
    assert log.keep(5) == 3
    assert log.keep(2) == 3
    log.append(b"d")
    assert log.keep(3) == 3
    log.close()
    assert path.read_bytes() == b"a\nbb\nd\n"


def test_a_link_is_neither_read_nor_written_nor_cut(path: Path) -> None:
    victim = path.with_name("thesis.tex")
    victim.write_text("years of work\nand a line without its end")
    before = victim.read_bytes()
    path.symlink_to(victim)
    with pytest.raises(OSError, match="link"):
        Log(path)
    with pytest.raises(RunError, match=r"cannot be read: log\.jsonl is a link"):
        read_lines(path)
    assert victim.read_bytes() == before
    path.unlink()
    path.symlink_to(path.with_name("nothing"))
    with pytest.raises(OSError, match="link"):
        Log(path)
    assert not path.with_name("nothing").exists()


def test_a_pipe_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(RunError, match="not a regular file"):
        read_lines(path)
    with pytest.raises(OSError, match="not a regular file"):
        Log(path)


def test_syncing_reaches_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    log = Log(path)
    log.append(b"a")
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    log.sync()
    log.close()
    assert synced == [path.stat().st_ino]


def test_a_log_that_is_missing_is_said(path: Path) -> None:
    with pytest.raises(RunError, match=r"log\.jsonl is missing"):
        read_lines(path)
