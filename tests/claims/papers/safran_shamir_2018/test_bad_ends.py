"""The judge of the counts of bad ends: the published counts themselves hold, and others do not."""

from collections.abc import Callable

import numpy as np
import pytest

from featlearn.claims.evidence import Findings
from featlearn.claims.papers.safran_shamir_2018.bad_ends import Cell, measure
from featlearn.runs.metrics import Table
from tests.claims.papers.judging import claim_of, failed, given

CLAIM = claim_of("safran-shamir-2018", "bad-ends")
EQUAL, MORE = (dict(zip(map(int, known.x), map(int, known.y), strict=True)) for known in CLAIM.file.published.values())
Counts = Callable[[int], int]


def ends(students: int, ks: list[int], count: Counts, gradient: float = 1e-10) -> Table:
    """1000 ends for each k, of which so many are bad."""
    k = np.repeat(ks, 1000)
    bad = np.concatenate([np.arange(1000) < count(k) for k in ks])
    return {
        "teacher.width": k.astype(float),
        "student.width": k + float(students),
        "loss": np.where(bad, 0.04, 0.0015),
        "grad_norm": np.where(bad, gradient, 0.02),
        "status": np.full(len(k), "done", dtype=object),
    }


def measured(equal: Counts = EQUAL.__getitem__, more: Counts = MORE.__getitem__, gradient: float = 1e-10) -> Findings:
    own = ends(0, [6, 8, 10, 12, 14], equal, gradient)
    return measure(given(CLAIM, equal=own, one_more=ends(1, [8, 12, 14], more), larger=ends(1, [18], more)))


def test_the_published_counts_hold() -> None:
    findings = measured()
    assert failed(CLAIM, findings) == set()
    assert findings.measured["equal"].value == pytest.approx(1)
    assert findings.measured["together"].value == pytest.approx(1)
    assert findings.measured["rarer"].value == pytest.approx(55 / 736)
    assert "346 of 1000 at k = 10 (published 346)" in findings.edges[0]
    assert findings.edges[1].endswith("369 of 1000 at k = 18 (published 369)")
    assert findings.panel.series[0].y[0] == pytest.approx(3)


def test_one_count_that_is_off_fails() -> None:
    assert failed(CLAIM, measured(lambda k: EQUAL[k] + (70 if k == 10 else 0))) == {"equal"}
    assert "one_more" in failed(CLAIM, measured(more=lambda k: MORE[k] + (20 if k == 12 else 0)))


def test_many_counts_that_are_off_a_little_fail_together() -> None:
    def off(k: int) -> int:
        share = EQUAL[k] / 1000
        return EQUAL[k] + round(2.4 * (2000 * share * (1 - share)) ** 0.5)

    assert failed(CLAIM, measured(off)) == {"together"}


def test_counts_that_do_not_rise_and_students_that_do_not_help_fail() -> None:
    assert {"rising", "equal"} <= failed(CLAIM, measured(lambda k: 1000 - EQUAL[k]))
    assert {"rarer", "one_more"} <= failed(CLAIM, measured(more=lambda k: EQUAL[k]))
    assert "rarer" in failed(CLAIM, measured(equal=lambda k: 0))


def test_runs_that_were_cut_off_fail() -> None:
    findings = measured(gradient=1e-6)
    assert failed(CLAIM, findings) == {"settled"}
    assert findings.measured["settled"].value == sum(EQUAL[k] for k in (6, 8, 10, 12, 14))


def test_a_run_without_a_loss_is_no_good_one() -> None:
    own = ends(0, [6, 14], EQUAL.__getitem__)
    own["loss"][:100], own["status"][:100] = np.nan, "failed"
    findings = measure(given(CLAIM, equal=own, one_more=ends(1, [14], MORE.__getitem__)))
    assert {"equal", "settled"} <= failed(CLAIM, findings)


def test_the_interval_of_a_count_is_that_of_two_counts() -> None:
    assert Cell(10, np.arange(1000) < 400, 346, 1000).exact == pytest.approx(0.0144, abs=5e-4)
    assert Cell(10, np.arange(1000) < 0, 0, 1000).squared == 0
