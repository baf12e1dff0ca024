"""The claim about the first step holds for small networks, and not without the decay that cancels the start."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.claims.evidence import Findings
from featlearn.claims.papers.zhou_ge_2024.subspace import measure
from tests.claims.papers.judging import grid
from tests.claims.papers.small import Small, failed
from tests.claims.papers.zhou_ge_2024.small import judged, judged_when_broken
from tests.claims.papers.zhou_ge_2024.tables import holding, tables

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
    assert failed(judged_when_broken("no weight decay", "subspace", SMALL, tmp_path, monkeypatch)) == {"share"}


def measured(outside: float, aligned: float) -> Findings:
    dimension = grid(10, teacher__input_dim=[16, 32, 64])
    size = grid(10, stages__first_step__step_size=[1.0, 10.0])
    space = grid(10, teacher__width=[4])

    def filled(table: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        runs = len(table["seed"])
        return table | {"subspace": np.full(runs, 1 - outside), "aligned_mass": np.full(runs, aligned)}

    return measure(tables("subspace", dimension=filled(dimension), size=filled(size), rank_3=filled(space)))


def test_it_holds_for_a_subspace_without_directions_and_not_for_others() -> None:
    assert all(holding("subspace", measured(0.01, 0.1)).values())
    assert not any(holding("subspace", measured(0.06, 0.2)).values())
    assert measured(0.01, 0.1).edges[-1] == (
        "4 lines in three dimensions, medians: share 0.990 [0.990, 0.990], aligned mass 0.100 [0.100, 0.100], of which "
        "chance has 0.015"
    )
