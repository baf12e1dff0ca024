"""The claim about starts near the teacher holds for small networks, and not when training is broken."""

from pathlib import Path

import pytest

from tests.claims.papers.zhou_ge_2024.small import SHORT, TINY, failed, judged, judged_when_broken

SMALL = {
    "starts": {
        "grid": {**TINY, **SHORT, "student.init.angle": [20, 40]},
        "zip": [{"teacher.width": [3], "teacher.min_angle": [25]}],
    }
}


@pytest.mark.slow
def test_small_versions_hold(tmp_path: Path) -> None:
    record = judged("local", SMALL, tmp_path)
    assert failed(record) == set()
    assert record.passed


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["no decay", "wrong sign"])
def test_with_broken_steps_no_start_ends_at_the_teacher(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failed(judged_when_broken(fault, "local", SMALL, tmp_path, monkeypatch)) == {"success"}
