"""What a user names is found, whichever of the three it is, and listed by name."""

from pathlib import Path

import pytest

from featlearn.claims.directory import ReproductionDirectory
from featlearn.claims.find import find, find_only, find_run_or_sweep, find_to_resume
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


@pytest.mark.parametrize("name", ["a-sweep", "a-sw", "latest"])
def test_of_another_kind_it_is_told_what_to_do_with_it(name: str, runs: Path) -> None:
    (runs / "latest").symlink_to("a-sweep")
    path = (runs / "a-sweep").resolve()
    assert find_only(SweepDirectory, name, runs, {}).path == path
    with pytest.raises(RunNotFound, match=f"^{path} is a sweep, no run: see {path}$"):
        find_only(RunDirectory, name, runs, {"sweep": "see {path}"})
    with pytest.raises(
        RunNotFound, match=f"^{path} is a sweep, no run: go on with it by featlearn sweep --resume {path}$"
    ):
        find_to_resume(RunDirectory, name, runs)
    with pytest.raises(RunNotFound, match=f"^{path} is a sweep, no reproduction$"):
        find_only(ReproductionDirectory, name, runs, {})


def test_of_nothing_the_kind_that_was_asked_for_is_told(runs: Path) -> None:
    with pytest.raises(RunNotFound, match="there is no sweep 'nothing'"):
        find_only(SweepDirectory, "nothing", runs, {})
