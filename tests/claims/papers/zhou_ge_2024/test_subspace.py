"""The claim about the first step holds for small networks, and not without the decay that cancels the start."""

from pathlib import Path

import pytest

from tests.claims.papers.zhou_ge_2024.small import Small, failed, judged, judged_when_broken

SMALL: Small = {
    "dimension": {"seeds": 6, "grid": {"teacher.input_dim": [8, 16, 32]}},
    "size": {"seeds": 2},
    "rank_3": {"seeds": 4},
}


def test_small_versions_hold(tmp_path: Path) -> None:
    record = judged("subspace", SMALL, tmp_path)
    assert failed(record) == set()
    assert record.passed


def test_without_weight_decay_the_share_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(judged_when_broken("no decay", "subspace", SMALL, tmp_path, monkeypatch)) == {"share"}
