"""The judge of giant steps: batches ∝ d^ℓ and a staircase that two steps climb hold; others do not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence
from featlearn.claims.papers.dandi_2023 import giant_steps
from featlearn.claims.papers.dandi_2023.giant_steps import HARD, STAIRCASE, measure, overlaps_of
from tests.claims.papers.judging import claim_of, edge_at, failed, given
from tests.sweeps.small import new_sweep, run

CLAIM = claim_of("dandi-2023", "giant-steps")
DIMS = (64.0, 128.0, 256.0, 512.0)
LEAPS = {"leap_1": 1.0, "leap_2": 2.0, "second": 1.0}


def chance(d: float) -> float:
    return 2.0 / np.sqrt(d)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Any:
    def judge(*, first: Any = chance, second: Any = lambda d: 0.6, hard: Any = chance, powers: Any = None) -> set[str]:
        edges = {
            name: [edge_at(10 * d**p, teacher__input_dim=d) for d in (16, 32, 64)]
            for name, p in (LEAPS | (powers or {})).items()
        }
        jitter = 1 + 0.02 * np.random.default_rng(0).standard_normal((10, 2))
        found = {(STAIRCASE, d): jitter * (first(d), second(d)) for d in DIMS}
        found |= {(HARD, d): jitter * (chance(d), hard(d)) for d in DIMS}
        monkeypatch.setattr(giant_steps, "overlaps_of", lambda evidence: found)
        return failed(CLAIM, measure(given(CLAIM, edges=edges)))

    return judge


def test_batches_that_grow_with_the_leap_hold(judged: Any) -> None:
    assert judged() == set()


@pytest.mark.parametrize(("name", "wrong"), [("leap_1", 2), ("leap_2", 1), ("leap_2", 3), ("second", 2)])
def test_other_powers_fail(judged: Any, name: str, wrong: float) -> None:
    assert judged(powers={name: wrong}) == {name}


def test_a_staircase_that_is_not_climbed_and_targets_that_are_all_learned_fail(judged: Any) -> None:
    assert judged(second=lambda d: 0.4) == {"staircase"}
    assert judged(second=chance) == {"staircase", "joined"}
    assert judged(first=lambda d: 0.6) == {"one"}
    assert judged(hard=lambda d: 0.6) == {"hard"}


def test_an_edge_that_was_not_found_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    edges = {name: [edge_at(10 * d**p, teacher__input_dim=d) for d in (16, 32)] for name, p in LEAPS.items()}
    edges["leap_2"][1] = edge_at(1.0, ending="nowhere", grid_runs=None, teacher__input_dim=32)
    found = {(target, d): np.full((3, 2), 0.6) for target in (STAIRCASE, HARD) for d in DIMS}
    monkeypatch.setattr(giant_steps, "overlaps_of", lambda evidence: found)
    findings = measure(given(CLAIM, edges=edges))
    assert np.isnan(findings.measured["leap_2"].value)
    assert failed(CLAIM, findings) >= {"leap_2"}


@pytest.mark.slow
def test_overlaps_after_each_step_are_read(tmp_path: Path) -> None:
    base = (CLAIM.folder / "configs" / "two_steps.yaml").read_text()
    lines = "\n".join(f"  {line}" for line in base.splitlines())
    axes = f'teacher.polynomial: ["{STAIRCASE}", "{HARD}"], data.batch_size: [1000], teacher.input_dim: [32]'
    rest = f"grid: {{{axes}}}\nseeds: 2\nstore: full\n"
    directory = new_sweep(tmp_path, rest, f"base:\n{lines}\n")
    assert run(directory).status == "done"
    found = overlaps_of(Evidence({"targets": directory}, {}))
    assert {key: cases.shape for key, cases in found.items()} == {(STAIRCASE, 32.0): (2, 2), (HARD, 32.0): (2, 2)}
    assert (found[STAIRCASE, 32.0][:, 1] > 0.4).all()
