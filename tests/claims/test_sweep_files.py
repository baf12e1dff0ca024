"""The sweeps of a claim in full, and in the quick form that its file gives them."""

from pathlib import Path

import pytest

from featlearn.claims.load import Claim, load_paper
from featlearn.claims.sweep_files import sweep_files
from featlearn.config.yaml_source import ConfigError
from featlearn.sweeps.load import load_sweep
from tests.claims.made_up import CLAIM, FEW, HOLDS, PAPER, use_paper


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_paper(tmp_path, monkeypatch)


def claim(folder: Path, old: str = "", new: str = "") -> Claim:
    """The claim with a change of its file."""
    assert old in CLAIM
    (folder / "holds.yaml").write_text(CLAIM.replace(old, new, 1))
    return load_paper(PAPER).claims[HOLDS]


def test_quick_replaces_keys_and_axes_of_a_sweep(folder: Path, tmp_path: Path) -> None:
    sizes = {}
    for quick in (False, True):
        [(name, file, text)] = sweep_files(claim(folder), quick=quick)
        (tmp_path / "written.yaml").write_text(text)
        sizes[quick] = len(load_sweep(tmp_path / "written.yaml"))
        assert (name, file) == ("few", "few.yaml")
    assert sizes == {False: 8, True: 2}


def test_an_axis_that_is_null_goes(folder: Path) -> None:
    [(_, _, text)] = sweep_files(claim(folder, "student.width: [8]", "student.width: null"), quick=True)
    assert "grid: {}" in text


def test_a_quick_form_that_is_no_sweep_is_told_beforehand(folder: Path) -> None:
    wrong = claim(folder, "student.width: [8]", "student.widht: [8]")
    with pytest.raises(ConfigError, match=r"few.yaml:1:1: .*widht.* \(as sweeps.few.quick has it\): "):
        list(sweep_files(wrong, quick=True))


def test_a_broken_sweep_file_is_told_with_its_place(folder: Path) -> None:
    (folder / "sweeps" / "few.yaml").write_text(FEW.replace("seeds: 4", "seeds: four"))
    with pytest.raises(ConfigError, match=r"few.yaml:11:8: seeds: "):
        list(sweep_files(claim(folder), quick=False))
