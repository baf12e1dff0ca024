"""The claim about misalignment and gradient: made-up snapshots, small networks, and training without weight decay."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from featlearn.claims import intervals
from featlearn.claims.evidence import Evidence
from featlearn.claims.papers.zhou_ge_2024 import geometry
from featlearn.claims.papers.zhou_ge_2024.snapshots import Snapshot
from featlearn.claims.verdicts import verdict
from tests.claims.papers.small import failed
from tests.claims.papers.zhou_ge_2024.small import TINY_AND_SHORT, claim, judged, judged_when_broken

SMALL = {"runs": TINY_AND_SHORT | {"seeds": 24}}
OWN = claim("geometry")
DECAYS = (4e-3, 1e-3, 1e-4, 1e-5)
SEEDS = 40


class MadeUp(Evidence):
    """Evidence whose runs have nothing but their seeds."""

    def runs(self, sweep: str) -> Iterator[tuple[Any, Any]]:
        return iter((None, SimpleNamespace(seed=seed)) for seed in range(SEEDS))


def shot(seed: int, decay: float, *, ratio: float, gradient: float, gap: float, width: float) -> Snapshot:
    """One neuron beside one atom, with a misalignment · λ / (gap − width) of ``ratio``."""
    turn = np.sqrt(ratio * (gap - width) / decay)
    optimum: Any = SimpleNamespace(upper=decay, lower=decay - width, directions=np.array([[1.0, 0.0]]))
    problem: Any = SimpleNamespace(activation=SimpleNamespace(symmetry="even"))
    row = np.array([[[np.cos(turn), np.sin(turn)]]])
    return Snapshot(seed, seed, decay, gap, gradient, np.ones((1, 1)), row, problem, optimum)


def checks_that_fail(monkeypatch: pytest.MonkeyPatch, **spoiled: Any) -> set[str]:
    """Those that fail when one of five snapshots is spoiled, or all of some runs, and the rest are good."""
    runs = spoiled.pop("runs", 0)

    def made_up(evidence: Evidence, sweep: str) -> Iterator[Snapshot]:
        for seed in range(SEEDS):
            for decay in DECAYS:
                for place in range(5):
                    good = {"ratio": 60 * decay**0.3, "gradient": 1e-3 * decay, "gap": 1e-4 * decay, "width": 0.0}
                    bad = place == 4 if not runs else seed < runs
                    numbers = good | spoiled if bad else good
                    if numbers["ratio"] == 20:  # a ratio that grows as λ falls
                        numbers["ratio"] *= (decay / DECAYS[0]) ** -0.1
                    yield shot(seed, decay, **numbers)

    monkeypatch.setattr(intervals, "_FEWER_RESAMPLES", 100)
    monkeypatch.setattr(geometry, "snapshots_of", made_up)
    return failed(verdict(OWN, MadeUp({}, OWN.file.parameters)))


@pytest.mark.parametrize(
    ("spoiled", "checks"),
    [
        ({}, set()),
        ({"ratio": 20.0}, {"constant", "growth"}),
        ({"ratio": 20.0, "runs": 1}, set()),  # a tenth of the snapshots may
        ({"ratio": 20.0, "runs": 8}, {"constant", "growth"}),
        ({"gradient": 1e-9, "runs": 1}, set()),
        ({"gradient": 1e-9, "runs": 6}, {"gradient"}),
        ({"gap": 1e-9, "width": 1e-9}, {"constant", "growth"}),  # gaps that the bounds do not tell from 0
    ],
)
def test_made_up_snapshots(spoiled: dict[str, float], checks: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks_that_fail(monkeypatch, **spoiled) == checks


@pytest.mark.slow
def test_small_versions_hold(tmp_path: Path) -> None:
    assert failed(judged("geometry", SMALL, tmp_path)) <= {"growth"}  # in short epochs the ratio is nearly constant


@pytest.mark.slow
def test_without_weight_decay_the_gradient_is_smaller_than_the_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "gradient" in failed(judged_when_broken("no weight decay", "geometry", SMALL, tmp_path, monkeypatch))
