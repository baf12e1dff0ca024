"""The claim about the certificate: made-up teachers, real ones, and second derivatives that are wrong."""

from typing import Any

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence
from featlearn.claims.papers.zhou_ge_2024 import certificate
from featlearn.claims.verdicts import verdict
from featlearn.theory import precertificate
from tests.claims.papers.small import failed
from tests.claims.papers.zhou_ge_2024.small import claim

OWN = claim("certificate")


def judged(monkeypatch: pytest.MonkeyPatch, ratios: dict[tuple[int, float], np.ndarray]) -> set[str]:
    """The checks that fail when these are the ρ of all teachers of some lines and angles, and 0.02 of the others."""

    def made_up(seeds: Any, rank: int, width: int, min_angle: float, **_: Any) -> np.ndarray:
        return ratios.get((width, min_angle), np.full(100, 0.02)) if rank == 2 else np.full(10, -0.1)

    monkeypatch.setattr(certificate, "_ratios", made_up)
    return failed(verdict(OWN, Evidence({}, OWN.file.parameters)))


def some(negative: int, of: int = 100) -> np.ndarray:
    return np.where(np.arange(of) < negative, -0.01, 0.02)


def test_it_holds_for_teachers_as_they_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(monkeypatch, {(4, 10.0): some(5)}) == set()


@pytest.mark.parametrize(
    ("ratios", "checks"),
    [
        ({(3, 25.0): some(3)}, {"apart"}),
        ({(3, 5.0): some(3)}, {"close"}),
        ({(3, 25.0): np.full(100, 0.001)}, {"size"}),
        ({(4, 10.0): some(0)}, {"stops"}),
        ({(4, 10.0): some(60)}, {"stops"}),
    ],
)
def test_it_does_not_hold_where_one_number_is_wrong(
    ratios: dict[tuple[int, float], np.ndarray], checks: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert judged(monkeypatch, {(4, 10.0): some(5)} | ratios) == checks


@pytest.mark.slow
def test_it_holds_for_real_teachers() -> None:
    record = verdict(OWN, Evidence({}, OWN.file.parameters | {"quick_teachers": 80}, quick=True))
    assert failed(record) == set()
    assert any("4 lines in three dimensions" in edge for edge in record.edges)


def test_with_wrong_second_derivatives_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    right = precertificate.second_derivatives

    def wrong(*args: Any) -> tuple[np.ndarray, np.ndarray]:
        cross, own = right(*args)
        return cross + 0.05 * np.eye(cross.shape[-1]), own  # a slope that is too large

    monkeypatch.setattr(precertificate, "second_derivatives", wrong)
    record = verdict(OWN, Evidence({}, OWN.file.parameters | {"quick_teachers": 4}, quick=True))
    assert failed(record) >= {"apart", "close", "size"}
