"""The claim about the floors holds for small dimensions, and not when steps go uphill."""

from pathlib import Path

import pytest

from tests.claims.papers.zhou_ge_2024.small import failed, judged, judged_when_broken

SMALL = {"dimension": {"seeds": 3, "grid": {"teacher.input_dim": [8, 64]}}}


@pytest.mark.slow
def test_small_versions_hold(tmp_path: Path) -> None:
    record = judged("beyond-ntk", SMALL, tmp_path)
    assert failed(record) == set()
    assert record.passed


@pytest.mark.slow
def test_with_a_flipped_sign_the_trained_network_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(judged_when_broken("wrong sign", "beyond-ntk", SMALL, tmp_path, monkeypatch)) == {"trained"}
