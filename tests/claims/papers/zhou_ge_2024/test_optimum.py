"""The claim about the best measure: made-up measures that hold or do not, and few real teachers."""

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence
from featlearn.claims.papers.zhou_ge_2024 import optimum
from featlearn.claims.records import ClaimRecord
from featlearn.claims.verdicts import verdict
from featlearn.theory.optimum import Optimum
from featlearn.training.networks import Network
from tests.claims.papers.small import failed
from tests.claims.papers.zhou_ge_2024.small import claim

OWN = claim("optimum")


def judged(teachers: int, **parameters: float) -> ClaimRecord:
    return verdict(OWN, Evidence({}, OWN.file.parameters | parameters | {"quick_teachers": teachers}, quick=True))


@pytest.mark.parametrize(
    ("wrong", "checks"),
    [
        ({}, set()),
        ({"width": 1e-5}, {"certified", "close"}),
        ({"close_width": 1e-5}, {"close"}),
        ({"missing": 0.5}, {"shrinkage"}),
        ({"turn": 0.5}, {"turn"}),
    ],
)
def test_made_up_measures(wrong: dict[str, float], checks: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    powers = {"missing": 1.0, "turn": 1.0, "width": 0.0, "close_width": 0.0} | wrong

    def made_up(teacher: Network, decay: float) -> Optimum:
        """The teacher with masses and rows that are off by powers of λ."""
        masses = teacher.second_layer * (1 - 0.3 * decay ** powers["missing"])
        turned = teacher.first_layer + 0.2 * decay ** powers["turn"] * np.roll(
            np.eye(teacher.first_layer.shape[1])[:1], 5
        )
        turned /= np.linalg.norm(turned, axis=1, keepdims=True)
        width = powers["width"] + powers["close_width"] * (teacher.first_layer.shape[0] > 6)
        return Optimum(decay, 1.0, 1.0 - width, masses, turned, 1.0, 0)

    monkeypatch.setattr(optimum, "best_measure", made_up)
    monkeypatch.setattr(optimum, "_LINES", (3, 8))
    assert failed(judged(16)) == checks


@pytest.mark.slow
def test_it_holds_for_few_teachers() -> None:
    record = judged(6, close=1.0)
    assert failed(record) <= {"certified", "close"}  # so few teachers do not say how large a share is
    assert record.edges[0].startswith("widest bounds")
    assert record.edges[1].startswith("3 lines in a plane, 5° apart: 0 of 6 teachers not certified")
    assert "of 6 teachers have clusters of atoms at a line; their rms angles fall with exponents" in record.edges[-1]
    assert record.panel is not None
    assert [series.name for series in record.panel.series][2:] == ["rms angle of clusters"]


def test_teachers_without_clusters_are_measured_too() -> None:
    record = judged(1)  # one in a plane
    assert record.message is None
    assert record.edges[-1] == "0 of 1 teachers have clusters of atoms at a line"
    assert record.panel is not None
    assert [series.name for series in record.panel.series] == ["missing mass", "angle of the centre"]
