"""A reproduction runs, judges, and can be cut off anywhere: its record says the same in the end."""

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.experiments import reproduction
from featlearn.experiments.claims import Findings, Panel, Series
from featlearn.experiments.evidence import Evidence
from featlearn.experiments.executors import Executor, SerialExecutor
from featlearn.experiments.reproduction import Interrupted, Watch, begin, panel_of, reproduce
from featlearn.experiments.reproduction_directory import (
    Record,
    ReproductionDirectory,
    read_claims,
    summarise_reproductions,
)
from featlearn.experiments.runs import RunError, RunNotFound
from featlearn.experiments.sweep_directory import SweepDirectory
from featlearn.experiments.yaml_source import ConfigError
from featlearn.views import claims_files
from tests.experiments import reproductions
from tests.experiments.reproductions import HALF, HOLDS, JUDGES, RAISES, SHARES, TOO_HIGH, a_paper, timeless

ALL = [HOLDS, SHARES, TOO_HIGH, RAISES, HALF]


@pytest.fixture(autouse=True)
def _paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_paper(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reproduction, "JUDGES", JUDGES)


def begun(*names: str, quick: bool = True) -> ReproductionDirectory:
    return begin(names, Path("runs"), quick=quick)


def test_each_claim_is_run_measured_and_judged() -> None:
    directory = begun(*ALL)
    told: list[Record] = []
    info = reproduce(directory, Watch(verdict=told.append))
    assert info == directory.read()
    assert info["status"] == "done"
    records = {record["id"]: record for record in info["claims"]}
    assert list(records) == ALL
    assert told == info["claims"]
    assert {name: record["passed"] for name, record in records.items()} == {
        HOLDS: True,
        SHARES: True,
        TOO_HIGH: False,
        RAISES: False,
        HALF: False,
    }
    [check] = records[HOLDS]["checks"]
    assert check["low"] <= check["value"] <= check["high"]
    assert (check["threshold"], check["count"], check["judged_by"]) == ("< 1", 2, "interval")
    assert records[HOLDS]["edges"] == ["it holds *everywhere*"]
    [sweep] = records[HOLDS]["sweeps"]
    assert (sweep["file"], sweep["points"], sweep["done"]) == ("../sweeps/few.yaml", 2, 2)
    assert records[TOO_HIGH]["checks"][0]["value"] == check["value"]


def test_a_judge_that_raises_or_leaves_something_out_is_a_fail_with_its_message() -> None:
    info = reproduce(begun(RAISES, HALF), Watch())
    raised, half = info["claims"]
    assert raised["message"].startswith("could not be measured: ArithmeticError: no number in sweeps/")
    line = reproductions.raises.__code__.co_firstlineno + 1
    assert raised["message"].endswith(f" at all (reproductions.py:{line})")
    assert "nothing was measured for other" in half["message"]
    for record in (raised, half):
        assert record["panel"] is None
        assert all((c["value"], c["count"], c["passed"]) == (None, 0, False) for c in record["checks"])


def test_a_figure_that_cannot_be_drawn_is_a_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def uneven(evidence: Evidence) -> Findings:
        found = reproductions.loss(evidence)
        return replace(found, panel=Panel("x", "y", [Series("short", [1.0, 2.0], [1.0])]))

    def numpys(evidence: Evidence) -> Findings:
        found = reproductions.loss(evidence)
        return replace(found, panel=Panel("x", "y", [Series("s", list(np.arange(2)), np.ones(2))]))  # type: ignore[arg-type]

    monkeypatch.setattr(reproduction, "JUDGES", {HOLDS: uneven, SHARES: numpys})
    first, second = reproduce(begun(HOLDS, SHARES), Watch())["claims"]
    assert "short: x, y, low and high are not equally long" in first["message"]
    assert second["passed"]
    assert second["panel"]["series"][0]["x"] == [0, 1]


def test_no_path_of_this_machine_is_in_the_record(tmp_path: Path) -> None:
    directory = begun(*ALL)
    reproduce(directory, Watch())
    assert str(tmp_path) not in directory.claims_file.read_text()


def test_claims_that_name_the_same_sweep_share_its_runs() -> None:
    directory = begun(HOLDS, SHARES)
    info = reproduce(directory, Watch())
    assert len(SweepDirectory.all_in(directory.sweeps)) == 1
    assert info["claims"][0]["sweeps"] == info["claims"][1]["sweeps"]


def test_the_full_form_has_more_runs_than_the_quick_one() -> None:
    info = reproduce(begun(HOLDS, quick=False), Watch())
    assert info["claims"][0]["checks"][0]["count"] == 8
    assert not info["quick"]


def test_figures_come_back_with_nan_for_what_is_not_finite() -> None:
    info = reproduce(begun(HOLDS, RAISES), Watch())
    panel = panel_of(json.loads(json.dumps(info["claims"][0], allow_nan=False)))
    assert panel is not None
    [series] = panel.series
    assert (series.y[1] != series.y[1], series.high is not None and series.high[0] != series.high[0]) == (True, True)
    assert panel.marks == {"threshold": 1.0}
    assert panel_of(info["claims"][1]) is None


def stop_in_a_judge(monkeypatch: pytest.MonkeyPatch) -> Watch:
    def interrupted(evidence: Evidence) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(reproduction, "JUDGES", {**JUDGES, TOO_HIGH: interrupted})
    return Watch()


def stop_after_a_verdict(monkeypatch: pytest.MonkeyPatch) -> Watch:
    def interrupted(record: Record) -> None:
        raise KeyboardInterrupt

    return Watch(verdict=interrupted)


@pytest.mark.parametrize("stop", [stop_in_a_judge, stop_after_a_verdict])
def test_whatever_was_interrupted_goes_on_to_the_same_record(
    stop: Callable[[pytest.MonkeyPatch], Watch], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = reproduce(begun(*ALL), Watch())
    directory = begun(*ALL)
    with monkeypatch.context() as patched, pytest.raises(Interrupted):
        reproduce(directory, stop(patched))
    info = directory.read()
    assert info["status"] == "running"
    assert len(info["claims"]) < len(ALL)
    [_, cut] = summarise_reproductions(Path("runs"))
    assert (cut.info["status"], cut.info["judged"]) == ("interrupted", len(info["claims"]))
    told: list[Record] = []
    assert timeless(reproduce(directory, Watch(verdict=told.append))) == timeless(whole)
    assert len(told) == len(ALL) - len(info["claims"])
    assert reproduce(directory, Watch(verdict=told.append)) == directory.read()
    assert len(told) == len(ALL) - len(info["claims"]), "what was judged stays judged"


def test_a_sweep_that_is_stopped_interrupts_the_reproduction() -> None:
    directory = begun(HOLDS)
    with pytest.raises(Interrupted):
        reproduce(directory, Watch(sweep=lambda state: os.kill(os.getpid(), signal.SIGINT)))
    assert directory.read()["claims"] == []
    assert reproduce(directory, Watch())["claims"][0]["passed"]


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

    def fails(info: Record) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(directory, "write", fails)
        with pytest.raises(RunError, match=go_on):
            reproduce(directory, Watch())
    assert reproduce(directory, Watch())["status"] == "done"


def test_two_at_once_are_refused() -> None:
    directory = begun(HOLDS)
    other = ReproductionDirectory(directory.path)

    def second(record: Record) -> None:
        assert [summary.info["status"] for summary in summarise_reproductions(Path("runs"))] == ["running"]
        with pytest.raises(RunError, match="is being worked on by another process"):
            reproduce(other, Watch())

    reproduce(directory, Watch(verdict=second))
    assert not directory.is_locked()


def test_unknown_claims_are_told_with_the_known_ones() -> None:
    with pytest.raises(RunNotFound) as error:
        begun("subspce", HOLDS, "nothing")
    first, second = str(error.value).splitlines()
    assert first.startswith("there is no claim 'subspce'; did you mean 'subspace'? the claims are: subspace, local, ")
    assert second.startswith("there is no claim 'nothing'; the claims are: ")
    assert not Path("runs").exists()


def test_everything_wrong_with_the_claims_is_told_before_anything_is_written() -> None:
    for name in (HOLDS, SHARES):
        file = Path("configs", "paper", "claims", f"{name}.yaml")
        file.write_text(file.read_text().replace("origin: paper", "origin: papr"))
    with pytest.raises(ConfigError) as error:
        begun(*ALL)
    assert [complaint.key for complaint in error.value.complaints] == ["origin", "origin"]
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda text: text[: len(text) // 2], "is broken: "),
        (lambda text: "", "is broken: "),
        (lambda text: "[]", "is broken: it is not a JSON object"),
        (lambda text: text.replace('"passed": true', '"passed": "yes"', 1), "is broken: claims.0."),
        (lambda text: text.replace('"style"', '"stile"'), "is broken: claims.0.panel.series.0.stile"),
        (lambda text: text.replace('"threshold": 1.0', '"threshold": NaN'), "is broken: NaN is not JSON"),
    ],
)
def test_a_damaged_record_is_one_line(damage: Callable[[str], str], told: str) -> None:
    directory = begun(HOLDS)
    reproduce(directory, Watch())
    text = directory.claims_file.read_text()
    assert damage(text) != text
    directory.claims_file.write_text(damage(text))
    with pytest.raises(RunError) as error:
        reproduce(directory, Watch())
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert not directory.is_locked()
    [summary] = summarise_reproductions(Path("runs"))
    assert (summary.info["status"], summary.error) == ("unreadable", str(error.value))


def test_a_record_whose_names_lead_elsewhere_is_refused(tmp_path: Path) -> None:
    directory = begun(HOLDS)
    reproduce(directory, Watch())
    (tmp_path / "elsewhere").mkdir()
    claim = Path("configs", "paper", "claims", f"{SHARES}.yaml").rename(tmp_path / "elsewhere" / "claim.yaml")
    record = directory.read()
    judged, begun_only = record["claims"], {"status": "running", "claims": []}
    [sweep] = judged[0]["sweeps"]
    for name in (str(claim.with_suffix("")), "../../../elsewhere/claim", "..", ".", "", "a/b", "a\x1b[2J"):
        for changes in (
            begun_only | {"wanted": [name]},
            {"claims": [judged[0] | {"id": name}]},
            {"claims": [judged[0] | {"sweeps": [sweep | {"directory": name}]}]},
        ):
            directory.write(record | changes)
            with pytest.raises(RunError, match="is the name of no claim and of no sweep") as error:
                reproduce(directory, Watch())
            assert repr(name)[:50] in str(error.value)
            with pytest.raises(RunError):
                claims_files.write(directory)
    directory.write(record | begun_only | {"wanted": ["retired"]})
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
    with pytest.raises(RunError, match="cannot be read"):
        read_claims(Path("nowhere"))


def test_points_that_cannot_run_are_left_out_of_tables_and_configurations(monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps = Path("configs", "paper", "sweeps", "few.yaml")
    sweeps.write_text(sweeps.read_text().replace("student.width: [8, 10]", "teacher.rank: [4, 2]"))
    seen: dict[str, Any] = {}

    def look(evidence: Evidence) -> Any:
        seen["table"], seen["configs"] = evidence.table("few"), evidence.configs("few")
        return reproductions.loss(evidence)

    monkeypatch.setattr(reproduction, "JUDGES", {HOLDS: look})
    info = reproduce(begun(HOLDS, quick=False), Watch())
    assert info["claims"][0]["message"] is None
    assert seen["table"]["teacher.rank"].tolist() == [2, 2, 2, 2]
    assert [config.seed for config in seen["configs"]] == seen["table"]["seed"].tolist() == [0, 1, 2, 3]
    [sweep] = info["claims"][0]["sweeps"]
    assert (sweep["points"], sweep["done"]) == (8, 4)
