"""Names that were read from a file lead nowhere else."""

import os
from pathlib import Path

import pytest

from featlearn.storage.errors import RunError
from featlearn.storage.names import answers_to, begins_so, inside, is_name, stem_of


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


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("20261123-130426-quickstart-3f2a1c", True),
        ("20261123-13", True),
        ("quickstart", True),
        ("3f2a1c", True),
        ("quick", False),
        ("start", False),
        ("3f2a", False),
        ("0426", False),
        ("20261124", False),
    ],
)
def test_a_directory_answers_to_the_beginning_of_its_name_and_to_parts_of_it(text: str, meant: bool) -> None:
    for name in ("20261123-130426-quickstart-3f2a1c", "20261123-130426-quickstart-3f2a1c-2"):
        assert answers_to(name, text) is meant


def test_a_directory_is_known_by_the_beginning_of_its_own_name() -> None:
    for text, meant in (("quick", True), ("quickstart", True), ("start", False), ("3f", False), ("2026", False)):
        assert begins_so("20261123-130426-quickstart-3f2a1c", text) is meant
    assert not begins_so("quickstart", "quick")


def test_every_name_that_is_given_answers_to_what_it_was_given_for() -> None:
    for name in ("quickstart", "a b/c", "λ = 0.1", "x-2", "20261123-130426-y-3f2a1c"):
        assert answers_to(stem_of(name, "3f2a1c"), name)
        assert answers_to(f"{stem_of(name, 'full')}-2", name)


def test_a_directory_that_was_renamed_answers_to_its_beginning_alone() -> None:
    assert answers_to("the good one", "the")
    assert not answers_to("the good one", "good")
