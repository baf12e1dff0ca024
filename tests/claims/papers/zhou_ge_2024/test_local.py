"""The claim about runs below a threshold holds for small networks and known runs, and not when training is broken."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.claims.evidence import Findings
from featlearn.claims.papers.zhou_ge_2024.local import measure
from tests.claims.papers.judging import grid
from tests.claims.papers.small import failed
from tests.claims.papers.zhou_ge_2024.small import SHORT, TINY, judged, judged_when_broken
from tests.claims.papers.zhou_ge_2024.tables import holding, logs_of, tables, with_ends, with_logs

STARTS = {"seeds": 80, "grid": {**TINY, **SHORT}}
CONES = {
    "seeds": 80,
    "grid": {**TINY, **SHORT, "student.init.angle": [20]},
    "zip": [{"teacher.width": [3], "teacher.min_angle": [25]}],
}
FEW = {"starts": STARTS | {"seeds": 6}, "rank_3": STARTS | {"seeds": 2}, "without_first_step": STARTS | {"seeds": 2}}
SMALL = FEW | {"starts": STARTS, "cones": CONES}


def measured(found: np.ndarray, before: np.ndarray, *, cones: np.ndarray | None = None, far: float = 0.8) -> Findings:
    """Of random starts that are ``before`` at their first moments, and end as said; starts around lines two a seed."""
    starts, around = with_ends(grid(len(found)), found), grid(80, student__init__angle=[10, 80])
    around |= {"teacher.width": np.full(160, 3), "teacher.min_angle": np.full(160, 25)}
    around = with_ends(around, np.ones(160) == 1 if cones is None else cones)
    few = with_ends(grid(2), np.ones(2) == 1)
    given = {"starts": starts, "rank_3": few, "without_first_step": few, "cones": around}
    logs = {"starts": logs_of(starts, before, far=far), "rank_3": logs_of(few), "without_first_step": logs_of(few)}
    logs["cones"] = logs_of(around, np.r_[np.full(80, 0.01), np.ones(80)])
    return measure(with_logs(tables("local", **given), logs))


def test_it_holds_where_only_runs_above_the_threshold_get_stuck() -> None:
    found = np.arange(200) >= 20
    findings = measured(found, np.where(found, 0.01, 0.05), cones=np.arange(160) < 150)
    assert all(holding("local", findings).values())
    assert findings.measured["success"].count == 180
    assert findings.measured["far"].value == pytest.approx(0.8)
    assert findings.measured["cones"].count == 80
    assert "180 of 200 once below 0.1, 180 of 180 once below 0.03" in findings.edges[0]
    assert findings.edges[-1] == "random starts in a plane that miss the teacher end at 0.2 … 0.2 of ‖f*‖²"


def test_it_does_not_hold_where_one_run_in_twenty_gets_stuck_below_it() -> None:
    found = np.arange(200) % 20 > 0
    findings = measured(found, np.full(200, 0.02), cones=np.arange(160) % 20 > 0, far=0.3)
    assert not any(holding("local", findings).values())


def test_it_tells_of_runs_that_recover_every_line_and_do_not_find_the_teacher() -> None:
    assert "recover" not in measured(np.arange(100) > 3, np.full(100, 0.02)).edges[0]
    starts = with_ends(grid(100), np.arange(100) > 3)
    starts["recovered"][:2] = 2
    around = with_ends(grid(2, teacher__width=[3], teacher__min_angle=[25]), np.ones(2) == 1)
    given = {"starts": starts, "rank_3": around, "without_first_step": around, "cones": around}
    logs = {name: logs_of(table) for name, table in given.items()}
    assert "; 2 others recover every line" in measure(with_logs(tables("local", **given), logs)).edges[0]


def test_a_run_is_a_case_once_any_of_its_moments_is_below_and_the_end_is_one() -> None:
    found = np.ones(100) == 1
    assert measured(found, np.where(np.arange(100) < 90, 0.01, 0.5)).measured["success"].count == 100


@pytest.mark.slow
def test_small_versions_hold(tmp_path: Path) -> None:
    assert failed(judged("local", SMALL, tmp_path)) <= {"far"}  # fewer neurons fit later, when some are aligned


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["no weight decay", "steps go uphill"])
def test_with_broken_steps_no_start_ends_at_the_teacher(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = judged_when_broken(fault, "local", FEW | {"cones": CONES | {"seeds": 6}}, tmp_path, monkeypatch)
    assert {check.id for check in record.checks if not check.passed} >= {"success", "cones"}
