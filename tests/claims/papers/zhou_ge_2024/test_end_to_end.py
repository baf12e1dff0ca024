"""The claim about random starts: small sweeps, broken training, and runs whose answer is known."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.claims.evidence import Findings
from featlearn.claims.papers.zhou_ge_2024.end_to_end import measure
from tests.claims.papers.judging import grid
from tests.claims.papers.small import failed
from tests.claims.papers.zhou_ge_2024.small import SHORT, TINY, judged, judged_when_broken
from tests.claims.papers.zhou_ge_2024.tables import holding, logs_of, tables, with_ends, with_logs

GRID = {**TINY, **SHORT, "student.width": [40]}
SMALL = {key: {"seeds": seeds, "grid": GRID} for key, seeds in (("starts", 90), ("rank_3", 4), ("activations", 1))}


def measured(found: np.ndarray, space: np.ndarray, *, ill: int = 20, strays: int = 0) -> Findings:
    """Of runs that find their teacher or do not; the last ``ill`` teachers in the plane are ill conditioned."""
    ratios = np.where(np.arange(len(found)) < len(found) - ill, 0.5, 0.05)
    plane = with_ends(grid(len(found)) | {"conditioning": ratios}, found)
    plane["aligned_mass"][:strays] = 0.995
    other = with_ends(grid(2, activation__drop_hermite_below=[0.0]), np.array([True, False]))
    other["activation.name"] = np.array(["relu", "relu"], dtype=object)
    given = {"starts": plane, "rank_3": with_ends(grid(len(space)), space), "activations": other}
    return measure(with_logs(tables("end-to-end", **given), {name: logs_of(table) for name, table in given.items()}))


def test_it_holds_where_well_conditioned_teachers_are_found_and_others_are_not() -> None:
    found = np.r_[np.ones(180), np.zeros(10), np.ones(10)] == 1
    findings = measured(found, np.ones(40) == 1, strays=2)
    assert all(holding("end-to-end", findings).values())
    assert findings.measured["share"].count == 180
    assert findings.measured["ill_conditioned"].value == 0.5
    assert "whatever the conditioning: 190 of 200" in findings.edges[0]
    assert findings.edges[1] == (
        "those that miss it end at 0.2 … 0.2 of ‖f*‖²; the conditioning of their teachers is 0.05 … 0.05"
    )
    assert "2 of 190 in a plane and 0 of 40 in three dimensions" in findings.edges[2]
    assert findings.edges[3] == "plain relu: 1 of 2; 1 have a loss below 1e-6"


def test_it_does_not_hold_where_one_well_conditioned_teacher_in_twenty_is_missed() -> None:
    found = np.arange(200) % 20 > 0
    findings = measured(found, np.arange(40) > 3)
    assert not any(holding("end-to-end", findings).values())


@pytest.mark.slow
def test_small_versions_find_nearly_every_well_conditioned_teacher(tmp_path: Path) -> None:
    record = judged("end-to-end", SMALL, tmp_path)
    assert failed(record) <= {"share", "rank_3", "ill_conditioned"}  # there are too few cases
    share, space, ill = (check.value for check in record.checks)
    assert share is not None
    assert share > 0.95
    assert space == 1.0
    assert ill is not None
    assert ill < 0.8


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["no weight decay", "steps go uphill"])
def test_with_broken_steps_hardly_any_start_ends_at_the_teacher(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = SMALL | {"starts": {"seeds": [70, 71, 72, 73, 74, 75], "grid": GRID}}  # of both kinds
    assert failed(judged_when_broken(fault, "end-to-end", small, tmp_path, monkeypatch)) >= {"share", "rank_3"}
