"""Names that were read from a file lead nowhere else."""

import os
from pathlib import Path

import pytest

from featlearn.storage.errors import RunError
from featlearn.storage.names import inside, is_name, stem_of


@pytest.mark.parametrize(
    "name", ["..", ".", "", "/", "/etc", "a/b", "a\\b", "../x", ".hidden", "a\0b", "a\n", "٠", "-rf", "C:x", "a b"]
)
def test_what_is_no_name_is_refused(name: str, tmp_path: Path) -> None:
    assert not is_name(name)
    with pytest.raises(RunError) as caught:
        inside(tmp_path, name)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_name_is_a_path_in_its_folder_whether_it_is_there_or_not(tmp_path: Path) -> None:
    for name in ("0001", "figures", "report.html", "20261123-130426-quickstart-3f2a1c"):
        assert inside(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize("target", ["..", "elsewhere", os.devnull, "path"])
def test_a_link_is_refused(target: str, tmp_path: Path) -> None:
    (tmp_path / "path").symlink_to(target)
    with pytest.raises(RunError, match="is a link"):
        inside(tmp_path, "path")


@pytest.mark.parametrize("name", ["../../etc", "α β", "x" * 300, "\x1b[2J", "..."])
def test_a_new_directory_has_a_harmless_name(name: str) -> None:
    assert is_name(stem_of(name, "3f2a1c"))
    assert len(stem_of(name, "3f2a1c")) < 100
