"""The judge of the samples that online SGD takes, on courses whose powers of the dimension are known."""

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.papers.ben_arous_2021 import samples
from featlearn.claims.papers.ben_arous_2021.samples import Course, arrival, course
from tests.claims.papers.judging import claim_of, failed, given

CLAIM = claim_of("ben-arous-2021", "samples")
DIMENSIONS = [16, 32, 64]


def judged(monkeypatch: pytest.MonkeyPatch, powers: dict[int, float], waits: dict[int, float]) -> Findings:
    """Units that are found after d^power inputs, for k = 2 times log d, and wait for a share of these."""

    def courses_of(evidence: Evidence, k: int) -> dict[int, list[Course]]:
        return {d: [one(k, d, seed) for seed in range(8)] for d in DIMENSIONS}

    def one(k: int, d: int, seed: int) -> Course:
        found = 3 * d ** powers[k] * (np.log(d) if k == 2 else 1) * np.exp(0.1 * np.sin(np.arange(24) + seed))
        wait = waits[k] * found
        at = np.linspace(0, 3 * found.max(), 400)[:, None]
        return Course(at[:, 0], np.clip((at - wait) / (2 * (found - wait)), 0, 1))

    monkeypatch.setattr(samples, "courses_of", courses_of)
    return samples.measure(given(CLAIM))


def test_it_holds_for_the_powers_of_the_theorems(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judged(monkeypatch, {1: 1, 2: 1, 3: 2}, {1: 0, 2: 0.5, 3: 0.8})
    assert failed(CLAIM, found) == set()
    assert found.measured["quadratic"].value == pytest.approx(2, abs=0.05)


def test_it_does_not_hold_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = {1: 0, 2: 0.5, 3: 0.8}
    assert failed(CLAIM, judged(monkeypatch, {1: 1.5, 2: 1.5, 3: 3}, waits)) == {
        "linear",
        "logarithmic",
        "quadratic",
    }
    assert failed(CLAIM, judged(monkeypatch, {1: 1, 2: 1, 3: 2}, {1: 0.8, 2: 0.5, 3: 0})) == {"search"}


def test_an_arrival_lies_between_snapshots_or_never() -> None:
    steps, overlaps = np.array([0.0, 10.0, 30.0]), np.array([[0.1, 0.6, 0.0], [0.3, 0.7, 0.0], [0.7, 0.8, 0.1]])
    assert arrival(steps, overlaps, 0.5).tolist() == [20.0, 0.0, np.inf]


def test_units_count_by_what_the_link_tells_apart() -> None:
    overlaps = np.array([[0.1, -0.1], [0.2, -0.4]])
    assert course(1, np.arange(2), overlaps).overlaps.tolist() == overlaps.tolist()
    assert course(2, np.arange(2), overlaps).overlaps.tolist() == np.abs(overlaps).tolist()
    assert course(3, np.arange(2), overlaps).overlaps.tolist() == [[0.1], [0.2]]
