"""Which snapshots are near a solution, and what is told of those that are far."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from featlearn.claims.evidence import Evidence
from featlearn.claims.papers.zhou_ge_2024.snapshots import Snapshot, near_and_far

EVIDENCE = Evidence({}, {"near_solution": 0.3, "smallest_gap": 1e-9})


def shot(gap: float, *, seed: int = 0, gradient: float = 0.1, width_of_bounds: float = 0.0) -> Snapshot:
    """A snapshot beside a best measure with an upper bound of 1."""
    optimum: Any = SimpleNamespace(upper=1.0, lower=1.0 - width_of_bounds)
    nothing: Any = None
    return Snapshot(seed, 0.01, gap, gradient, np.zeros((1, 1)), np.zeros((1, 1, 1)), nothing, optimum)


def test_near_are_gaps_above_rounding_and_bounds_and_not_above_the_limit() -> None:
    shots = [shot(0.3), shot(0.31), shot(2e-9), shot(0.5e-9), shot(1e-5, width_of_bounds=1e-5)]
    near, _ = near_and_far(EVIDENCE, shots)
    assert near == [shots[0], shots[2]]


def test_far_snapshots_are_told_with_the_flattest_of_them() -> None:
    shots = [shot(0.1), shot(0.5, seed=3), shot(0.5, seed=7, gradient=0.2)]
    _, told = near_and_far(EVIDENCE, shots)
    assert told == (
        "2 of 3 runs have snapshots above 0.3 of J*; there ‖∇L_λ‖² is as small as 2.0e-02 of the gap (seed 3, λ = 0.01)"
    )
    _, told = near_and_far(EVIDENCE, [*shots, shot(0.5, seed=7, gradient=1e-4)])
    assert told.endswith("as small as 2.0e-08 of the gap (seed 7, λ = 0.01): a plateau")
    assert near_and_far(EVIDENCE, shots[:1])[1] == "no snapshot of the last stage has a gap above 0.3 of J*"
