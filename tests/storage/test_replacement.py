"""Files are replaced whole, whoever writes at the same time and whatever lies in their place."""

import os
from pathlib import Path

import pytest

from featlearn.storage.replacement import is_draft_of, remove_drafts, replace_file, write_file
from tests.runs.killing import in_child


def test_three_writers_at_once_all_succeed(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    pages = [bytes([65 + writer]) * 200_000 for writer in range(3)]

    def write_often(page: bytes) -> None:
        for _ in range(30):
            write_file(file, page)

    children = [in_child(lambda page=page: write_often(page)) for page in pages]  # type: ignore[misc]
    seen = set()
    while children:
        if file.exists():
            seen.add(file.read_bytes())
        child, status = os.waitpid(-1, os.WNOHANG)
        if child in children:
            assert os.waitstatus_to_exitcode(status) == 0
            children.remove(child)
    assert seen <= set(pages)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_device_in_its_place_is_left_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Path, "replace", lambda *_: pytest.fail("it would be replaced")
    )  # never the device of this machine
    monkeypatch.setattr(Path, "with_name", lambda *_: tmp_path / "draft")
    with pytest.raises(OSError, match="is a device"):
        write_file(Path(os.devnull), b"page")
    assert not list(tmp_path.iterdir())


def test_a_link_in_its_place_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    victim, file = tmp_path / "thesis.tex", tmp_path / "report.html"
    victim.write_text("years of work")
    for target in (victim, tmp_path / "nothing", file):
        file.unlink(missing_ok=True)
        file.symlink_to(target)
        write_file(file, b"page")
        assert not file.is_symlink()
        assert file.read_text() == "page"
    assert victim.read_text() == "years of work"
    assert not (tmp_path / "nothing").exists()


def test_a_link_with_the_name_of_the_draft_is_not_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "thesis.tex"
    victim.write_text("years of work")
    monkeypatch.setattr("secrets.token_hex", lambda count: "0123abcd")
    (tmp_path / ".report.html.0123abcd.new").symlink_to(victim)
    with pytest.raises(FileExistsError):
        write_file(tmp_path / "report.html", b"page")
    assert victim.read_text() == "years of work"


def test_what_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    write_file(file, b"before")

    def fails(out: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(file, fails)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space"):
            write_file(file, b"after")
    assert file.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def watched_fsync(descriptor: int) -> None:
        told.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    def watched_replace(path: Path, target: Path) -> Path:
        told.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "replace", watched_replace)
    write_file(tmp_path / "file", b"content")
    assert is_draft_of(told[0], "file")
    assert told[1:] == ["rename", tmp_path.name]


def test_drafts_of_a_killed_process_are_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = {".file.new", ".file.0123abcd.old", ".other.0123abcd.new", ".file.0123abcg.new", "file"}
    for name in (*kept, ".file.0123abcd.new", ".file.ffffffff.new"):
        (tmp_path / name).touch()
    remove_drafts(tmp_path, ["file"])
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_a_long_name_can_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / ("x" * 250)
    write_file(file, b"content")
    assert file.read_bytes() == b"content"
