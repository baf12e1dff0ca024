"""The claim about late alignment holds for runs that align late, and not for others or when steps go uphill."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.claims.evidence import Findings
from featlearn.claims.papers.zhou_ge_2024.end import measure
from tests.claims.papers.judging import grid
from tests.claims.papers.small import failed
from tests.claims.papers.zhou_ge_2024.small import TINY_AND_SHORT, judged_when_broken
from tests.claims.papers.zhou_ge_2024.tables import holding, tables, with_logs

SMALL = {
    "with_first_step": TINY_AND_SHORT,
    "without_first_step": TINY_AND_SHORT,
    "in_three_dimensions": TINY_AND_SHORT | {"seeds": 2},
}


@pytest.mark.slow
def test_with_a_flipped_sign_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(judged_when_broken("steps go uphill", "end", SMALL, tmp_path, monkeypatch)) >= {"with"}


def measured(aligned: list[float], losses: tuple[float, ...] = (1.0, 0.01, 0.001, 0.0)) -> Findings:
    """Of runs that all go through these losses, with these aligned masses."""
    log = {"loss": np.array(losses), "aligned_mass": np.array(aligned)}
    evidence = tables("end", **dict.fromkeys(SMALL, grid()))
    return measure(with_logs(evidence, dict.fromkeys(SMALL, [log] * 20)))


def test_it_holds_where_most_mass_aligns_below_a_hundredth() -> None:
    findings = measured([0.0, 0.2, 0.4, 1.0])
    assert all(holding("end", findings).values())
    assert findings.measured["with"].value == pytest.approx(0.8)
    assert "below 0.1 % of its start: 0.60 [0.60, 0.60]" in findings.edges[0]


@pytest.mark.parametrize(
    ("aligned", "losses"),
    [
        ([0.0, 0.6, 0.8, 1.0], (1.0, 0.01, 0.001, 0.0)),  # more than half is aligned by then
        ([0.0, 0.0, 0.0, 0.4], (1.0, 0.01, 0.001, 0.0)),  # hardly any aligns ever
        ([0.0, 0.0, 0.0, 1.0], (1.0, 0.5, 0.1, 0.02)),  # the loss never falls so far
    ],
)
def test_it_does_not_hold_for_other_runs(aligned: list[float], losses: tuple[float, ...]) -> None:
    assert not any(holding("end", measured(aligned, losses)).values())
