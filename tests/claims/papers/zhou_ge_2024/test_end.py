"""The claim about late alignment fails when steps go uphill."""

from pathlib import Path

import pytest

from tests.claims.papers.zhou_ge_2024.small import TINY_AND_SHORT, failed, judged_when_broken

SMALL = {"with_first_step": TINY_AND_SHORT, "without_first_step": TINY_AND_SHORT}


@pytest.mark.slow
def test_with_a_flipped_sign_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(judged_when_broken("wrong sign", "end", SMALL, tmp_path, monkeypatch)) >= {"with"}
