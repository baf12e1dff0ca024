"""Only regular files are opened, and never through a link."""

import os
from pathlib import Path

import pytest

from featlearn.storage.errors import RunError
from featlearn.storage.opening import open_regular, read_regular


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\r\n\0")
    assert read_regular(tmp_path / "file") == b"\r\n\0"
    with pytest.raises(RunError, match="nothing is missing"):
        read_regular(tmp_path / "nothing")


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR, os.O_RDWR | os.O_CREAT])
@pytest.mark.parametrize("kind", ["link", "dangling", "circle", "pipe", "folder", "device"])
def test_anything_else_is_refused_at_once(kind: str, flags: int, tmp_path: Path) -> None:
    path, victim = tmp_path / "path", tmp_path / "victim"
    victim.write_text("mine")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path = Path("/dev/zero")
    else:
        path.symlink_to({"link": victim, "dangling": tmp_path / "nothing", "circle": path}[kind])
    with pytest.raises(OSError, match=r"link|regular|directory"):
        open_regular(path, flags)
    assert victim.read_text() == "mine"
    assert not (tmp_path / "nothing").exists()
    if flags == os.O_RDONLY:
        with pytest.raises(RunError, match="cannot be read"):
            read_regular(path)


def test_a_link_that_appears_in_the_last_moment_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "path").symlink_to(tmp_path / "victim")
    monkeypatch.setattr(Path, "is_symlink", lambda path: False)
    with pytest.raises(OSError, match="symbolic links"):
        open_regular(tmp_path / "path", os.O_RDWR)
