"""The claim about the descent direction: made-up states, small networks, and gradients or training that are wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence
from featlearn.claims.papers.zhou_ge_2024 import descent
from featlearn.claims.verdicts import verdict
from featlearn.theory import population
from tests.claims.papers.zhou_ge_2024.small import LATE, TINY, TINY_AND_SHORT, claim, failed, judged, judged_when_broken

OWN = claim("descent")
SEEDS = 30
ONE_SEED = {"seeds": 1, "grid": TINY}
SMALL = {
    "gd": TINY_AND_SHORT,
    "quasi_newton": {"seeds": 16, "grid": TINY | {f"{LATE}.weight_decay": [0.004, 0.001]}},
    "at_end": {"seeds": 16, "grid": TINY | {f"{LATE}.steps": [9000], f"{LATE}.weight_decay.every": [1000]}},
    "rank_3": {"seeds": 1, "grid": TINY},
}


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
    for place in ("right", "wrong"):
        (tmp_path / place).mkdir()
    assert failed(judged("descent", SMALL, tmp_path / "right")) == set()
    right = population.gradient

    def wrong(*args: Any) -> population.Gradient:
        return population.Gradient(*(-part for part in right(*args)))

    monkeypatch.setattr(descent.population, "gradient", wrong)
    assert failed(judged("descent", SMALL, tmp_path / "wrong")) >= {"gd", "quasi_newton"}


@pytest.mark.slow
def test_without_weight_decay_gradient_descent_does_not_come_near(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {key: small | {"seeds": 4} for key, small in SMALL.items()}
    assert "gd" in failed(judged_when_broken("no decay", "descent", few, tmp_path, monkeypatch))
