"""What a user names is found, whichever of the three it is, and listed by name."""

from pathlib import Path

import pytest

from featlearn.claims.directory import ReproductionDirectory
from featlearn.claims.find import find, find_run_or_sweep
from featlearn.runs.directory import RunDirectory
from featlearn.storage.errors import RunNotFound
from featlearn.sweeps.directory import SweepDirectory


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder with one of each, as far as finding looks."""
    for name, file in (("c-run", "run.json"), ("a-sweep", "sweep.json"), ("b-reproduction", "claims.json")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind"),
    [("c-run", RunDirectory), ("a-sweep", SweepDirectory), ("b-reproduction", ReproductionDirectory)],
)
def test_each_kind_is_found_by_name_and_by_path(name: str, kind: type, runs: Path) -> None:
    for found in (find(name, runs), find(str(runs / name), Path("elsewhere"))):
        assert isinstance(found, kind)
        assert found.path == (runs / name).resolve()


def test_what_is_nowhere_is_told_as_a_run(runs: Path) -> None:
    with pytest.raises(RunNotFound, match="there is no run 'nothing'"):
        find("nothing", runs)


def test_a_reproduction_is_not_drawn_on_request(runs: Path) -> None:
    assert find_run_or_sweep("c-run", runs).name == "c-run"
    with pytest.raises(RunNotFound, match=r"is a reproduction, no run or sweep: its figures are in .*figures"):
        find_run_or_sweep("b-reproduction", runs)
