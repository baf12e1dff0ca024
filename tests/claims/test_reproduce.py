"""A reproduction runs, judges, and can be cut off anywhere: its record says the same in the end."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from featlearn.claims import reproduce as reproduction
from featlearn.claims.directory import ReproductionDirectory
from featlearn.claims.listing import listing
from featlearn.claims.load import load_paper
from featlearn.claims.records import ClaimRecord, ReproductionInfo
from featlearn.claims.reproduce import Interrupted, Watch, begin
from featlearn.config.yaml_source import ConfigError
from featlearn.storage.errors import RunError, RunNotFound
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.executors import Executor, SerialExecutor
from featlearn.views.report import claims_files
from featlearn.views.report.claims import body
from tests.claims.made_up import (
    CLAIM,
    HALF,
    HOLDS,
    LOSS,
    PAPER,
    RAISES,
    SHARES,
    SLOW,
    TOO_HIGH,
    add_claim,
    timeless,
    use_paper,
)

ALL = [HOLDS, SHARES, TOO_HIGH, RAISES, HALF]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the made-up paper, which is reproduced here."""
    monkeypatch.chdir(tmp_path)
    return use_paper(tmp_path, monkeypatch)


def begun(*names: str, quick: bool = True) -> ReproductionDirectory:
    return begin(load_paper(PAPER), names, Path("runs"), quick=quick)


def reproduce(directory: ReproductionDirectory, watch: Watch, *executor: Callable[[], Executor]) -> ReproductionInfo:
    return reproduction.reproduce(load_paper(PAPER), directory, watch, *executor)


@pytest.mark.slow
def test_a_claim_is_added_by_its_two_files(folder: Path) -> None:
    add_claim(folder, "new-one", CLAIM.replace("order: 1", "order: 0"), LOSS)
    directory = begin(load_paper(PAPER), ["new-one", HOLDS], Path("runs"), quick=True)
    info = reproduce(directory, Watch())
    assert [(claim.id, claim.passed) for claim in info.claims] == [("new-one", True), (HOLDS, True)]
    claims_files.write(directory)
    assert (directory.figures / "new-one.png").is_file()
    page = directory.page_file.read_text()
    assert "## new-one" in page
    assert "![loss](figures/new-one.png)" in page
    assert "[`few.yaml`](sweeps/few.yaml) (2 runs)" in page
    assert (directory.path / "sweeps" / "few.yaml").is_file()
    assert "[`few.yaml`](../papers/few.yaml) (2 runs)" in body(info, "figures", "../papers")


def test_each_claim_is_run_measured_and_judged() -> None:
    directory = begun(*ALL)
    told: list[ClaimRecord] = []
    info = reproduce(directory, Watch(verdict=told.append))
    assert info == directory.read_info()
    assert info.status == "done"
    records = {record.id: record for record in info.claims}
    assert list(records) == ALL
    assert tuple(told) == info.claims
    assert {name: record.passed for name, record in records.items()} == {
        HOLDS: True,
        SHARES: True,
        TOO_HIGH: False,
        RAISES: False,
        HALF: False,
    }
    [check] = records[HOLDS].checks
    assert check.low is not None
    assert check.value is not None
    assert check.high is not None
    assert check.low <= check.value <= check.high
    assert (check.threshold, check.count, check.judged_by) == ("< 1", 2, "interval")
    assert records[HOLDS].edges == ("it holds *everywhere*",)
    [sweep] = records[HOLDS].sweeps
    assert (sweep.file, sweep.points, sweep.done) == ("sweeps/few.yaml", 2, 2)
    assert records[TOO_HIGH].checks[0].value == check.value


def test_a_measurement_that_fails_is_told_without_the_directory() -> None:
    [raised] = reproduce(begun(RAISES), Watch()).claims
    assert raised.message is not None
    assert raised.message.startswith("could not be measured: ArithmeticError: no number in sweeps/")
    assert raised.message.endswith(" at all (raises.py:2)")


def test_no_path_of_this_machine_is_in_the_record(tmp_path: Path) -> None:
    directory = begun(*ALL)
    reproduce(directory, Watch())
    assert str(tmp_path) not in directory.info_file.read_text()


def test_claims_that_name_the_same_sweep_share_its_runs() -> None:
    directory = begun(HOLDS, SHARES)
    info = reproduce(directory, Watch())
    assert len(SweepDirectory.all_in(directory.sweeps)) == 1
    assert info.claims[0].sweeps == info.claims[1].sweeps


def test_the_full_form_has_more_runs_than_the_quick_one() -> None:
    info = reproduce(begun(HOLDS, quick=False), Watch())
    assert info.claims[0].checks[0].count == 8
    assert not info.quick


def stop_in_a_measurement() -> Watch:
    Path("interrupt").touch()
    return Watch()


def stop_after_a_verdict() -> Watch:
    def interrupted(record: ClaimRecord) -> None:
        raise KeyboardInterrupt

    return Watch(verdict=interrupted)


@pytest.mark.parametrize("stop", [stop_in_a_measurement, stop_after_a_verdict])
def test_whatever_was_interrupted_goes_on_to_the_same_record(stop: Callable[[], Watch]) -> None:
    whole = reproduce(begun(*ALL), Watch())
    directory = begun(*ALL)
    with pytest.raises(Interrupted):
        reproduce(directory, stop())
    Path("interrupt").unlink(missing_ok=True)
    info = directory.read_info()
    assert info.status == "running"
    assert len(info.claims) < len(ALL)
    [_, cut] = listing(Path("runs"))
    assert cut.about is not None
    assert (cut.status, cut.about["judged"]) == ("interrupted", len(info.claims))
    told: list[ClaimRecord] = []
    assert timeless(reproduce(directory, Watch(verdict=told.append)).plain()) == timeless(whole.plain())
    assert len(told) == len(ALL) - len(info.claims)
    assert reproduce(directory, Watch(verdict=told.append)) == directory.read_info()
    assert len(told) == len(ALL) - len(info.claims), "what was judged stays judged"


def test_a_sweep_that_is_stopped_interrupts_the_reproduction() -> None:
    directory = begun(HOLDS)
    with pytest.raises(Interrupted):
        reproduce(directory, Watch(sweep=lambda state: os.kill(os.getpid(), signal.SIGINT)))
    assert directory.read_info().claims == ()
    assert reproduce(directory, Watch()).claims[0].passed


def test_a_full_disk_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(SerialExecutor):
        def submit(self, *arguments: Any) -> None:
            raise OSError(28, "No space left on device")

    def no_room() -> Executor:
        return Full()

    directory = begun(HOLDS)
    go_on = f"No space left on device; go on with: featlearn reproduce --resume {directory.path}$"
    with pytest.raises(RunError, match=go_on):
        reproduce(directory, Watch(), no_room)

    def fails(info: ReproductionInfo) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(directory, "write_info", fails)
        with pytest.raises(RunError, match=go_on):
            reproduce(directory, Watch())
    assert reproduce(directory, Watch()).status == "done"


@pytest.mark.slow
def test_two_at_once_are_refused() -> None:
    directory = begun(HOLDS)
    other = ReproductionDirectory(directory.path)

    def second(record: ClaimRecord) -> None:
        [line] = listing(Path("runs"))
        assert line.status == "running"
        with pytest.raises(RunError, match="is being worked on by another process"):
            reproduce(other, Watch())

    reproduce(directory, Watch(verdict=second))
    assert not directory.is_locked()


def test_unknown_claims_are_told_with_the_known_ones() -> None:
    with pytest.raises(RunNotFound) as error:
        begun("hodls", HOLDS, "nothing")
    first, second = str(error.value).splitlines()
    assert first.startswith("there is no claim 'hodls'; did you mean 'holds'? the claims are: holds, shares, ")
    assert second.startswith("there is no claim 'nothing'; the claims are: ")
    assert not Path("runs").exists()


def test_everything_wrong_with_the_sweeps_is_told_before_anything_is_written(folder: Path) -> None:
    for name in ("few", "long"):
        file = folder / "sweeps" / f"{name}.yaml"
        file.write_text(file.read_text().replace("seeds: 4", "seeds: four"))
    with pytest.raises(ConfigError) as error:
        begun(HOLDS, SHARES, SLOW)
    assert [complaint.key for complaint in error.value.complaints] == ["seeds", "seeds"]
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda text: text[: len(text) // 2], "is broken: "),
        (lambda text: "", "is broken: "),
        (lambda text: "[]", "is broken: it is not a JSON object"),
        (lambda text: text.replace('"passed": true', '"passed": "yes"', 1), "is broken: claims.0."),
        (lambda text: text.replace('"style"', '"stile"'), "is broken: claims.0.panel.series.0.stile"),
        (lambda text: text.replace('"threshold": 1.0', '"threshold": NaN'), "is broken: "),
    ],
)
def test_a_damaged_record_is_one_line(damage: Callable[[str], str], told: str) -> None:
    directory = begun(HOLDS)
    reproduce(directory, Watch())
    text = directory.info_file.read_text()
    assert damage(text) != text
    directory.info_file.write_text(damage(text))
    with pytest.raises(RunError) as error:
        reproduce(directory, Watch())
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert not directory.is_locked()
    [line] = listing(Path("runs"))
    assert (line.about, line.error) == (None, str(error.value))


def test_a_record_whose_names_lead_elsewhere_is_refused(folder: Path, tmp_path: Path) -> None:
    directory = begun(HOLDS)
    reproduce(directory, Watch())
    (tmp_path / "elsewhere").mkdir()
    claim = (folder / "shares.yaml").rename(tmp_path / "elsewhere" / "claim.yaml")
    record = json.loads(directory.info_file.read_text())
    judged, begun_only = record["claims"], {"status": "running", "claims": []}
    [sweep] = judged[0]["sweeps"]
    for name in (str(claim.with_suffix("")), "../../../elsewhere/claim", "..", ".", "", "a/b", "a\x1b[2J"):
        for changes in (
            begun_only | {"wanted": [name]},
            begun_only | {"paper": name},
            {"claims": [judged[0] | {"id": name}]},
            {"claims": [judged[0] | {"sweeps": [sweep | {"directory": name}]}]},
        ):
            directory.info_file.write_text(json.dumps(record | changes))
            with pytest.raises(RunError, match="is the name of no claim, of no paper and of no sweep") as error:
                reproduce(directory, Watch())
            assert repr(name)[:50] in str(error.value)
            with pytest.raises(RunError):
                claims_files.write(directory)
    directory.info_file.write_text(json.dumps(record | begun_only | {"wanted": ["retired"]}))
    with pytest.raises(RunNotFound, match="there is no claim 'retired'"):
        reproduce(directory, Watch())
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["claim.yaml"]


def test_a_link_in_place_of_the_sweeps_is_refused(tmp_path: Path) -> None:
    directory = begun(HOLDS)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "few.yaml").write_text("mine")
    directory.sweeps.rmdir()
    directory.sweeps.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="sweeps is a link"):
        reproduce(directory, Watch())
    assert [path.read_text() for path in (tmp_path / "elsewhere").iterdir()] == ["mine"]


def test_finding_a_reproduction() -> None:
    directory = begun(HOLDS)
    for name in (directory.name, str(directory.path)):
        assert ReproductionDirectory.find(name, Path("runs")).path == directory.path.resolve()
    for name in ("nothing", "runs", "x" * 5000, "a\0b"):
        with pytest.raises(RunNotFound, match="there is no reproduction"):
            ReproductionDirectory.find(name, Path("runs"))
    with pytest.raises(RunError, match=r"claims\.json is missing"):
        ReproductionDirectory(Path("nowhere")).read_info()


def test_what_is_measured_is_handed_the_published_numbers(folder: Path) -> None:
    module = """\
from featlearn.claims.evidence import Findings
from featlearn.claims.intervals import median_of
from featlearn.claims.records import Panel


def measure(evidence):
    return Findings({"loss": median_of(evidence.published["losses"].y)}, [], Panel("x", "y", []))
"""
    published = "published:\n  losses: {x: [8, 10, 12], y: [0.5, 0.25, 0.125], source: their table 1}\n"
    add_claim(folder, "published", CLAIM + published, module)
    [record] = reproduce(begun("published"), Watch()).claims
    assert (record.message, record.checks[0].value) == (None, 0.25)


def test_a_record_says_its_paper_and_one_that_does_not_is_of_the_first_paper() -> None:
    directory = begun(HOLDS)
    assert directory.name.partition("-reproduction-")[2].startswith(f"{PAPER}-quick")
    record = json.loads(directory.info_file.read_text())
    assert record["paper"] == PAPER
    [line] = listing(Path("runs"))
    assert line.document()["paper"] == PAPER
    del record["paper"]
    directory.info_file.write_text(json.dumps(record))
    assert directory.read_info().paper == "zhou-ge-2024"
