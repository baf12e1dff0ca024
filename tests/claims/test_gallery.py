"""The gallery: every file of it is valid where it is written, and nothing is overwritten."""

from pathlib import Path

import pytest

from featlearn.claims.gallery import _near, copy_out, gallery, purpose
from featlearn.config.load import load_config
from featlearn.storage.errors import RunError, WrongChoice
from featlearn.sweeps.load import load_sweep
from tests.places import CONFIGS, PAPER


def test_it_has_every_configuration_and_sweep() -> None:
    own = {path.relative_to(CONFIGS).with_suffix("").as_posix() for path in CONFIGS.rglob("*.yaml")}
    papers = {
        path.relative_to(PAPER.parent).with_suffix("").as_posix()
        for kind in ("configs", "sweeps")
        for path in PAPER.parent.glob(f"*/{kind}/*.yaml")
    }
    assert set(gallery()) == own | papers
    assert next(iter(gallery())) == min(own)


@pytest.mark.parametrize("name", gallery())
def test_what_is_written_is_valid_and_its_head_says_what_it_is_for(name: str, tmp_path: Path) -> None:
    first, *_ = copy_out(name, tmp_path)
    assert first == tmp_path / f"{name}.yaml"
    (load_sweep if first.parent.name == "sweeps" else load_config)(first)
    assert len(purpose(first)) > 30


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "quickstart.yaml").write_text("mine")
    with pytest.raises(WrongChoice, match=r"quickstart\.yaml is there already"):
        copy_out("quickstart.yaml", tmp_path)
    assert copy_out("sweeps/seeds", tmp_path) == [tmp_path / "sweeps" / "seeds.yaml"]
    assert (tmp_path / "quickstart.yaml").read_text() == "mine"


def test_a_file_comes_with_what_it_needs(tmp_path: Path) -> None:
    assert copy_out("own_data", tmp_path) == [tmp_path / "own_data.yaml", tmp_path / "own_data.csv"]
    assert copy_out("sweeps/flow", tmp_path) == [tmp_path / "sweeps" / "flow.yaml", tmp_path / "flow.yaml"]


def test_what_does_not_exist_or_cannot_be_written_is_told(tmp_path: Path) -> None:
    for name in ("no_such_name", "../pyproject", ""):
        with pytest.raises(WrongChoice, match=r"in the gallery; .*`featlearn new --list`"):
            copy_out(name, tmp_path)
    (tmp_path / "sweeps").write_text("a file")
    with pytest.raises(RunError, match="cannot be written"):
        copy_out("sweeps/seeds", tmp_path)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("three_stage", "zhou_ge_2024/configs/three_stage or zhou_ge_2024/sweeps/three_stage?"),
        ("decay", "sweeps/decay or zhou_ge_2024/sweeps/constant_decay?"),
        ("beyond-ntk", "zhou_ge_2024/sweeps/floors_dimension"),
        ("quikstart", "did you mean quickstart?"),
        ("three_stages", "zhou_ge_2024/configs/three_stage"),
        ("sweeps/widht", "sweeps/width"),
    ],
)
def test_what_may_be_meant_is_told(name: str, meant: str, tmp_path: Path) -> None:
    with pytest.raises(WrongChoice) as caught:
        copy_out(name, tmp_path)
    assert meant in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_whatever_is_suggested_can_be_written() -> None:
    claims = [path.stem for path in PAPER.glob("*.yaml")]
    assert claims
    for name in claims:
        assert set(_near(name, gallery())) <= set(gallery())
