"""The claim about misalignment and gradient near a solution holds for small networks, and not without weight decay."""

from pathlib import Path

import pytest

from tests.claims.papers.zhou_ge_2024.small import TINY_AND_SHORT, failed, judged, judged_when_broken

SMALL = {"runs": TINY_AND_SHORT}


@pytest.mark.slow
def test_small_versions_hold(tmp_path: Path) -> None:
    record = judged("geometry", SMALL, tmp_path)
    assert failed(record) == set()
    assert record.passed


@pytest.mark.slow
def test_without_weight_decay_no_network_comes_near_a_solution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = judged_when_broken("no decay", "geometry", SMALL, tmp_path, monkeypatch)
    assert not record.passed
    assert "there are no values to measure" in (record.message or "")
