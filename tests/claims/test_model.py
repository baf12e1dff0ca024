"""Claim files: strict, all complaints at once with their places, and quick forms of their sweeps."""

from pathlib import Path

import pytest

from featlearn.claims.intervals import Measured
from featlearn.claims.model import Check, claims_directory, load_claim, sweep_files
from featlearn.config.yaml_source import ConfigError
from featlearn.sweeps.load import load_sweep
from tests.claims.reproductions import CLAIM, FEW, HOLDS, a_paper
from tests.places import CONFIGS

OURS = CONFIGS / "paper" / "claims"
INF = float("inf")


@pytest.mark.parametrize("name", sorted(path.stem for path in OURS.glob("*.yaml")))
@pytest.mark.parametrize("quick", [False, True])
def test_the_claims_of_the_paper_and_their_sweeps_are_read(name: str, quick: bool) -> None:
    claim = load_claim(name, OURS)
    for _, file, text in sweep_files(claim, OURS, quick=quick):
        assert file.endswith(".yaml")
        assert "seeds" in text
    assert claim.checks


@pytest.mark.parametrize(
    ("old", "new", "place", "key", "told"),
    [
        ("origin: paper", "origin: papr", "2:9", "origin", "did you mean 'paper'"),
        ("sentence:", "sentense:", "1:1", "sentense", "did you mean 'sentence'"),
        ("edge: large steps\n", "", "1:1", "edge", "missing (where it is expected to stop holding"),
        ("below: 1.0", "belwo: 1.0", "9:53", "checks.loss.belwo", "did you mean 'below'"),
        (", below: 1.0", "", "9:9", "checks.loss", "needs a threshold"),
        ("below: 1.0", "below: 1.0, above: 2", "9:60", "checks.loss.below", "no number is both"),
        ("below: 1.0", "below: .nan", "9:60", "checks.loss.below", "NaN and infinity are not numbers"),
        ("below: 1.0", "below: 1.0, judged_by: luck", "9:76", "checks.loss.judged_by", "one of: interval, value"),
        ("seeds: 2", "seedz: 2", "7:50", "sweeps.few.quick.seedz", "did you mean 'seeds'"),
        ("grid: {student.width: [8]}", "grid: [8]", "7:59", "sweeps.few.quick.grid", "expected a mapping"),
        ("few.yaml", "fwe.yaml", "7:15", "sweeps.few.file", "no such file"),
        ("checks:\n", "checks: {}\nchecks:\n", "9:1", "checks", "duplicate key"),
        ("origin: paper", "origin: paper\norigin: paper", "3:1", "origin", "duplicate key"),
    ],
)
def test_what_is_wrong_with_a_claim_is_told_with_its_place(
    old: str, new: str, place: str, key: str, told: str, tmp_path: Path
) -> None:
    directory = a_paper(tmp_path)
    file = directory / f"{HOLDS}.yaml"
    assert old in CLAIM
    file.write_text(CLAIM.replace(old, new, 1))
    with pytest.raises(ConfigError) as error:
        load_claim(HOLDS, directory)
    lines = [str(complaint) for complaint in error.value.complaints]
    assert any(line.startswith(f"{file}:{place}: {key}: ") and told in line for line in lines), lines


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    directory = a_paper(tmp_path)
    broken = CLAIM.replace("paper", "papr", 1).replace("seeds: 2", "seedz: 2").replace("1.0", "one")
    (directory / f"{HOLDS}.yaml").write_text(broken)
    with pytest.raises(ConfigError) as error:
        load_claim(HOLDS, directory)
    assert [c.key for c in error.value.complaints] == ["origin", "sweeps.few.quick.seedz", "checks.loss.below"]


def test_quick_replaces_keys_and_axes_of_a_sweep(tmp_path: Path) -> None:
    directory = a_paper(tmp_path)
    claim = load_claim(HOLDS, directory)
    sizes = {}
    for quick in (False, True):
        [(name, file, text)] = sweep_files(claim, directory, quick=quick)
        (tmp_path / "written.yaml").write_text(text)
        sizes[quick] = len(load_sweep(tmp_path / "written.yaml"))
        assert (name, file) == ("few", "few.yaml")
    assert sizes == {False: 8, True: 2}


def test_an_axis_that_is_null_goes(tmp_path: Path) -> None:
    directory = a_paper(tmp_path)
    (directory / f"{HOLDS}.yaml").write_text(CLAIM.replace("student.width: [8]", "student.width: null"))
    [(_, _, text)] = sweep_files(load_claim(HOLDS, directory), directory, quick=True)
    assert "grid: {}" in text


def test_a_quick_form_that_is_no_sweep_is_told_beforehand(tmp_path: Path) -> None:
    directory = a_paper(tmp_path)
    (directory / f"{HOLDS}.yaml").write_text(CLAIM.replace("student.width: [8]", "student.widht: [8]"))
    with pytest.raises(ConfigError, match=r"few.yaml:1:1: .*widht.* \(as sweeps.few.quick has it\): "):
        list(sweep_files(load_claim(HOLDS, directory), directory, quick=True))


def test_a_broken_sweep_file_is_told_with_its_place(tmp_path: Path) -> None:
    directory = a_paper(tmp_path)
    (tmp_path / "configs" / "paper" / "sweeps" / "few.yaml").write_text(FEW.replace("seeds: 4", "seeds: four"))
    with pytest.raises(ConfigError, match=r"few.yaml:11:8: seeds: "):
        list(sweep_files(load_claim(HOLDS, directory), directory, quick=False))


def test_claims_are_found_here_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert claims_directory().resolve() == OURS
    a_paper(tmp_path)
    assert claims_directory().resolve() == tmp_path / "configs" / "paper" / "claims"


def check(**keys: object) -> Check:
    return Check.model_validate({"measures": "a number", **keys})


def test_the_whole_interval_must_be_on_the_right_side() -> None:
    measured = Measured(0.97, 0.94, 0.99, 20)
    assert check(above=0.93).holds(measured)
    assert not check(above=0.95).holds(measured)
    assert check(above=0.95, judged_by="value").holds(measured)
    assert not check(above=0.93, below=0.98).holds(measured)
    assert not check(above=0.94).holds(measured), "on the threshold is not above it"
    assert [check(**k).threshold for k in ({"above": 0.9}, {"below": 1e-3}, {"above": 1.9, "below": 2.1})] == [
        "> 0.9",
        "< 0.001",
        "1.9 … 2.1",
    ]


@pytest.mark.parametrize("judged_by", ["interval", "value"])
def test_what_is_not_known_does_not_hold(judged_by: str) -> None:
    nan = float("nan")
    for low, value, high in [(-INF, INF, INF), (-INF, 0.5, 0.9), (0.1, 0.5, INF), (nan, nan, nan)]:
        assert not check(above=0.0, below=1.0, judged_by=judged_by).holds(Measured(value, low, high, 9))
    assert not check(above=0.0, judged_by=judged_by).holds(Measured(INF, -INF, INF, 9))
