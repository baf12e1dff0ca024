"""The claim about the descent direction holds for small networks."""

from pathlib import Path

import pytest

from tests.claims.papers.zhou_ge_2024.small import TINY_AND_SHORT, failed, judged


@pytest.mark.slow
def test_small_versions_hold(tmp_path: Path) -> None:
    record = judged("descent", {"runs": TINY_AND_SHORT}, tmp_path)
    assert failed(record) == set()
    assert record.passed
