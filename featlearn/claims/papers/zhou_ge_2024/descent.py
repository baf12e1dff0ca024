"""The product of the gradient with the way to the teacher, over the gap, by the gap of the teacher itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import Measured, proportion_of
from featlearn.claims.papers.zhou_ge_2024.snapshots import Snapshot, snapshots_of
from featlearn.claims.records import Panel, Series
from featlearn.theory import population
from featlearn.theory.alignment import nearest_teacher

_BANDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 100.0, np.inf)  # of the gap over g₀


def measure(evidence: Evidence) -> Findings:
    least, most = evidence.parameters["least_product"], evidence.parameters["largest"]
    gd, quasi_newton, at_end, rank_3 = (
        _States.of(evidence, sweep) for sweep in ("gd", "quasi_newton", "at_end", "rank_3")
    )
    return Findings(
        {
            "gd": gd.by_runs(1.0, most, lambda product: product >= least, together=True),
            "quasi_newton": quasi_newton.by_runs(1.0, most, lambda product: product >= least),
            "sharp": at_end.by_runs(0.5, 1.0, lambda product: product < 0),
        },
        [
            f"gradient descent, {gd.told(least)}",
            f"quasi-Newton from stage 2, {quasi_newton.told(least)}",
            quasi_newton.first_failure(least),
            f"back from the teacher, {at_end.below()}",
            f"four lines in three dimensions, quasi-Newton from stage 2, {rank_3.told(least)}",
        ],
        Panel(
            "gap / g₀",
            "(θ − target) · ∇L_λ / gap",
            [
                states.series(name)
                for name, states in (
                    ("gradient descent", gd),
                    ("quasi-Newton from stage 2", quasi_newton),
                    ("back from the teacher", at_end),
                )
            ],
            log_x=True,
            marks={"0": 0.0},
        ),
    )
