"""The verdict on a claim: what its measurement finds, and that one which finds nothing is a FAIL."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from featlearn.claims.directory import Record
from featlearn.claims.evidence import Evidence
from featlearn.claims.findings import Findings, Panel, Series
from featlearn.claims.intervals import Measured
from featlearn.claims.load import Claim, Measure
from featlearn.claims.model import ClaimFile
from featlearn.claims.verdicts import panel_of, verdict
from featlearn.config.yaml_source import parse_document
from tests.claims.made_up import CLAIM

INF, NAN = float("inf"), float("nan")
SERIES = Series("median", [8.0, 10.0], [0.5, NAN], [0.4] * 2, [INF] * 2)
FOUND = Findings(
    {"loss": Measured(0.5, 0.4, 0.6, 2)}, ["it holds"], Panel("m", "loss", [SERIES], marks={"at": 1.0, "nowhere": INF})
)


def judged(measure: Measure, text: str = CLAIM) -> Record:
    claim = Claim("holds", Path(), ClaimFile.model_validate(parse_document(text, "text").data), measure)
    record: Record = json.loads(json.dumps(verdict(claim, Evidence({}, {})), allow_nan=False))
    return record


def test_what_was_measured_is_held_to_the_threshold() -> None:
    record = judged(lambda evidence: FOUND)
    assert (record["id"], record["passed"], record["message"], record["edges"]) == ("holds", True, None, ["it holds"])
    [check] = record["checks"]
    assert (check["value"], check["low"], check["high"], check["count"]) == (0.5, 0.4, 0.6, 2)
    assert (check["threshold"], check["judged_by"]) == ("< 1", "interval")
    assert not judged(lambda evidence: FOUND, CLAIM.replace("below: 1.0", "below: 0.55"))["passed"]


def test_a_measurement_that_raises_or_leaves_something_out_is_a_fail_with_its_message() -> None:
    def raises(evidence: Evidence) -> Findings:
        raise ArithmeticError("no number\nat all")

    raised = judged(raises)
    line = raises.__code__.co_firstlineno + 1
    assert raised["message"] == f"could not be measured: ArithmeticError: no number at all (test_verdicts.py:{line})"
    half = judged(lambda evidence: FOUND, f"{CLAIM}  other: {{measures: something else, above: 0}}\n")
    assert "nothing was measured for other" in half["message"]
    for record in (raised, half):
        assert (record["passed"], record["panel"]) == (False, None)
        assert all((c["value"], c["count"], c["passed"]) == (None, 0, False) for c in record["checks"])


def test_a_figure_that_cannot_be_drawn_is_a_fail() -> None:
    uneven = replace(FOUND, panel=Panel("x", "y", [Series("short", [1.0, 2.0], [1.0])]))
    record = judged(lambda evidence: uneven)
    assert not record["passed"]
    assert "short: x, y, low and high are not equally long" in record["message"]


def test_arrays_of_numbers_can_be_drawn() -> None:
    arrays = replace(FOUND, panel=Panel("x", "y", [Series("s", list(np.arange(2)), np.ones(2))]))  # type: ignore[arg-type]
    record = judged(lambda evidence: arrays)
    assert record["passed"]
    assert record["panel"]["series"][0]["x"] == [0, 1]


def test_figures_come_back_with_nan_for_what_is_not_finite() -> None:
    panel = panel_of(judged(lambda evidence: FOUND))
    assert panel is not None
    [series] = panel.series
    assert np.isnan(series.y[1])
    assert np.isnan(series.high).all()  # type: ignore[arg-type]
    assert panel.marks == {"at": 1.0}
    assert panel_of({"panel": None}) is None
