"""The claim about the descent direction: made-up states, small networks, and gradients or training that are wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence
from featlearn.claims.load import Claim
from featlearn.claims.papers.zhou_ge_2024 import descent
from featlearn.claims.records import ClaimRecord
from featlearn.claims.verdicts import verdict
from featlearn.theory import population
from tests.claims.papers import small
from tests.claims.papers.small import Small, failed
from tests.claims.papers.zhou_ge_2024.small import LATE, SHORT, claim, judged, judged_when_broken

OWN = claim("descent")
SEEDS = 30
LOW = {"teacher.input_dim": [6]}
SMALL: Small = {
    "gd": {"seeds": 6, "grid": LOW | SHORT},
    "quasi_newton": {"seeds": 6, "grid": LOW | {f"{LATE}.weight_decay": [0.004, 0.001]}},
    "at_end": {"seeds": 6, "grid": LOW | {"stages.back.weight_decay": [0.001]}},
    "rank_3": {"seeds": 1, "grid": LOW | {f"{LATE}.weight_decay": [0.004]}},
}


def shares(record: ClaimRecord) -> dict[str, float | None]:
    """The share of teachers of each check: of so few, no interval is above a threshold."""
    assert record.message is None
    return {check.id: check.value for check in record.checks}


def states(gap: list[float], product: list[float], *, decays: int = 1, bad: int = 0, missing: int = 0) -> Any:
    """Runs of 30 seeds at each of some decays with these states; of the first seeds' last run, the products are −1, or
    the gaps far away."""
    count = SEEDS * decays
    seeds = np.tile(np.arange(SEEDS), decays)
    gaps, products = np.tile(gap, (count, 1)), np.tile(product, (count, 1))
    products[count - SEEDS :][:bad] = -1
    gaps[count - SEEDS :][:missing] = 1e-3
    run = np.repeat(np.arange(count), len(gap))
    return descent._States(run, seeds, np.full(run.shape, 1e-3), gaps.ravel(), products.ravel())


@pytest.mark.parametrize(
    ("changed", "checks"),
    [
        ({}, set()),
        ({"gd": states([2.0], [1.0], bad=2)}, set()),
        ({"gd": states([2.0], [1.0], bad=6)}, {"gd"}),
        ({"gd": states([2.0], [1.0], missing=6)}, {"gd"}),  # runs without a state in the region
        ({"gd": states([2.0, 8.0], [1.0, -1.0])}, set()),  # above 4 g₀ nothing is claimed
        ({"quasi_newton": states([2.0], [0.4], decays=3)}, {"quasi_newton"}),
        ({"quasi_newton": states([2.0], [1.0], decays=3, bad=6)}, {"quasi_newton"}),  # at one λ of three
        ({"at_end": states([0.7], [0.1], decays=3)}, {"sharp"}),
        ({"at_end": states([0.7], [-0.1], decays=3, missing=8)}, {"sharp"}),
    ],
)
def test_made_up_states(changed: dict[str, Any], checks: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    good = {
        "gd": states([0.1, 2.0], [-1.0, 1.0]),
        "quasi_newton": states([1.1, 2.0], [0.6, 1.0], decays=3),
        "at_end": states([0.7, 0.001], [-0.5, 3.0], decays=3),
        "rank_3": states([2.0], [1.0]),
    } | changed
    monkeypatch.setattr(descent._States, "of", lambda evidence, sweep: good[sweep])
    record = verdict(OWN, Evidence({}, OWN.file.parameters))
    assert failed(record) == checks


@pytest.mark.slow
def test_small_versions_hold_and_with_a_wrong_gradient_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = population.gradient
    evidence: list[Evidence] = []

    def kept(own: Claim, given: Evidence) -> ClaimRecord:
        evidence.append(given)
        return verdict(own, given)

    monkeypatch.setattr(small, "verdict", kept)
    assert min(value or 0 for value in shares(judged("descent", SMALL, tmp_path)).values()) >= 0.8

    def wrong(*args: Any) -> population.Gradient:
        return population.Gradient(*(-part for part in right(*args)))

    monkeypatch.setattr(population, "gradient", wrong)
    found = shares(verdict(OWN, evidence[0]))
    assert (found["gd"], found["quasi_newton"]) == (0, 0)


@pytest.mark.slow
def test_without_weight_decay_gradient_descent_does_not_come_near(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {key: {**one, "seeds": 2} for key, one in SMALL.items()}
    assert shares(judged_when_broken("no weight decay", "descent", few, tmp_path, monkeypatch))["gd"] == 0
