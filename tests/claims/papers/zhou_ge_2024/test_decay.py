"""The claim about weight decay holds for small networks, and not when the decay is dropped or steps go uphill."""

from pathlib import Path

import pytest

from tests.claims.papers.zhou_ge_2024.small import LATE, TINY, failed, judged, judged_when_broken

GRID = {**TINY, "teacher.min_angle": [45], f"{LATE}.weight_decay": [0.0, 0.001, 0.002]}
ELSEWHERE = {"seeds": 1, "grid": {**TINY, f"{LATE}.steps": [4000]}}
SMALL = {"constant": {"seeds": 6, "grid": GRID}, "elsewhere": ELSEWHERE}


@pytest.mark.slow
def test_small_versions_hold(tmp_path: Path) -> None:
    record = judged("decay", SMALL, tmp_path)
    assert failed(record) == set()
    assert record.passed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "checks"),
    [("no decay", {"aligned", "exponent"}), ("wrong sign", {"fits", "aligned"})],
)
def test_with_broken_steps_it_fails(
    fault: str, checks: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failed(judged_when_broken(fault, "decay", SMALL, tmp_path, monkeypatch)) >= checks
