"""The verdict on a claim: what its measurement finds, and that one which finds nothing is a FAIL."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import Measured
from featlearn.claims.load import Claim, Measure
from featlearn.claims.model import ClaimFile
from featlearn.claims.records import ClaimRecord, Panel, Series
from featlearn.claims.verdicts import verdict
from featlearn.config.yaml_source import parse_document
from tests.claims.made_up import CLAIM
from tests.sweeps.small import new_sweep, run

INF, NAN = float("inf"), float("nan")
SERIES = Series("median", [8.0, 10.0], [0.5, NAN], [0.4] * 2, [INF] * 2)
FOUND = Findings(
    {"loss": Measured(0.5, 0.4, 0.6, 2)}, ["it holds"], Panel("m", "loss", [SERIES], marks={"at": 1.0, "nowhere": INF})
)
NOTHING = Evidence({}, {})


def judged(measure: Measure, text: str = CLAIM, evidence: Evidence = NOTHING) -> ClaimRecord:
    """The verdict, once it was written and read back."""
    claim = Claim("holds", Path(), ClaimFile.model_validate(parse_document(text, "text").data), measure)
    return ClaimRecord.parse(json.dumps(verdict(claim, evidence).plain(), allow_nan=False))


def test_what_was_measured_is_held_to_the_threshold() -> None:
    record = judged(lambda evidence: FOUND)
    assert (record.id, record.passed, record.message, record.edges) == ("holds", True, None, ("it holds",))
    [check] = record.checks
    assert (check.value, check.low, check.high, check.count) == (0.5, 0.4, 0.6, 2)
    assert (check.threshold, check.judged_by) == ("< 1", "interval")
    assert not judged(lambda evidence: FOUND, CLAIM.replace("below: 1.0", "below: 0.55")).passed


def test_a_measurement_that_raises_or_leaves_something_out_is_a_fail_with_its_message() -> None:
    def raises(evidence: Evidence) -> Findings:
        raise ArithmeticError("no number\nat all")

    raised = judged(raises)
    line = raises.__code__.co_firstlineno + 1
    assert raised.message == f"could not be measured: ArithmeticError: no number at all (test_verdicts.py:{line})"
    half = judged(lambda evidence: FOUND, f"{CLAIM}  other: {{measures: something else, above: 0}}\n")
    assert "nothing was measured for other" in (half.message or "")
    for record in (raised, half):
        assert (record.passed, record.panel) == (False, None)
        assert all((check.value, check.count, check.passed) == (None, 0, False) for check in record.checks)


def test_a_figure_that_cannot_be_drawn_is_a_fail() -> None:
    def uneven(evidence: Evidence) -> Findings:
        return replace(FOUND, panel=Panel("x", "y", [Series("short", [1.0, 2.0], [1.0])]))

    record = judged(uneven)
    assert not record.passed
    assert "short: x, y, low and high are not equally long" in (record.message or "")


def test_numbers_of_numpy_can_be_drawn() -> None:
    def numpys(evidence: Evidence) -> Findings:
        return replace(FOUND, panel=Panel("x", "y", [Series("s", list(np.arange(2)), np.ones(2))]))  # type: ignore[arg-type]

    record = judged(numpys)
    assert record.passed
    assert record.panel is not None
    assert record.panel.series[0].x == [0, 1]


def test_figures_come_back_with_none_for_what_is_not_finite() -> None:
    panel = judged(lambda evidence: FOUND).panel
    assert panel is not None
    [series] = panel.series
    assert series.y[1] is None
    assert series.high is not None
    assert set(series.high) == {None}
    assert panel.marks == {"at": 1.0}


def test_the_runs_that_it_rests_on_are_counted(tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, "grid: {teacher.rank: [4, 2]}\nseeds: 4\nstore: summary\n")
    run(directory)
    [sweep] = judged(lambda evidence: FOUND, evidence=Evidence({"few": directory}, {})).sweeps
    assert (sweep.name, sweep.file, sweep.points, sweep.done) == ("few", "sweeps/few.yaml", 8, 4)


def test_published_numbers_are_measured_against_and_drawn() -> None:
    published = "published:\n  losses: {x: [8, 10], y: [0.5, 0.25], source: their table 1}\n"
    record = judged(lambda evidence: FOUND, CLAIM + published)
    assert record.published == ("losses: their table 1",)
    assert record.panel is not None
    own, points = record.panel.series
    assert own.name == SERIES.name
    assert (points.name, points.style, list(points.x), list(points.y)) == (
        "published",
        "published",
        [8, 10],
        [0.5, 0.25],
    )
    two = published + "  others: {x: [8], y: [0.1], source: their table 2}\n"
    panel = judged(lambda evidence: FOUND, CLAIM + two).panel
    assert panel is not None
    assert [series.name for series in panel.series][1:] == ["published: losses", "published: others"]
    assert judged(lambda evidence: FOUND).published == ()
