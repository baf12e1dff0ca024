"""The claim about the floors holds for small dimensions, and not when steps go uphill."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.claims.intervals import Measured
from featlearn.claims.papers.zhou_ge_2024.beyond_ntk import _largest
from tests.claims.papers.small import failed
from tests.claims.papers.zhou_ge_2024.small import judged, judged_when_broken

SMALL = {"dimension": {"seeds": 3, "grid": {"teacher.input_dim": [8, 64]}}}


@pytest.mark.slow
def test_small_versions_hold(tmp_path: Path) -> None:
    record = judged("beyond-ntk", SMALL, tmp_path)
    assert failed(record) == set()
    assert record.passed


@pytest.mark.slow
def test_with_a_flipped_sign_the_trained_network_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(judged_when_broken("steps go uphill", "beyond-ntk", SMALL, tmp_path, monkeypatch)) == {"trained"}


def test_the_largest_loss_is_held_to_the_largest_end_of_any_interval() -> None:
    medians = [Measured(2.0, 1.0, 3.0, 10), Measured(1.0, 0.5, 7.0, 10)]
    assert _largest(medians) == Measured(2.0, 1.0, 7.0, 10)
    assert _largest([*medians, Measured(np.inf, 0.0, np.inf, 10)]).high == np.inf
