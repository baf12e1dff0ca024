"""The networks of the last stage, snapshot by snapshot, beside the best measure at their λ; those near a solution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from featlearn.claims.evidence import Evidence
from featlearn.config.build import build
from featlearn.theory.optimum import Optimum
from featlearn.training.optima import optimum_of
from featlearn.training.problem import Problem


@dataclass(frozen=True)
class Snapshot:
    """A network of the last stage at one snapshot, (1, m) and (1, m, d), with its row and the optimum at its λ.

    ``run`` is the place of its run among those of the sweep.
    """

    run: int
    seed: int
    decay: float
    gap: float
    gradient: float
    second_layer: np.ndarray
    first_layer: np.ndarray
    problem: Problem
    optimum: Optimum


def snapshots_of(evidence: Evidence, sweep: str) -> Iterator[Snapshot]:
    """The snapshots of every run. Raises ValueError when a run is not done."""
    for run, (full, config) in enumerate(evidence.runs(sweep)):
        if full.status != "done":
            raise ValueError(f"the run of seed {config.seed} ended as {full.status}")
        problem, last = build(config)[0], list(config.stages)[-1]
        rows = {row["step"]: row for row in full.run.read_whole_metrics()}
        arrays = full.run.read_arrays(full.run.snapshots_file)
        for step, a, w in zip(arrays["step"], arrays["second_layer"], arrays["first_layer"], strict=True):
            row = rows[int(step)]
            best = optimum_of(problem, 0, row["weight_decay"])
            if row["stage"] == last and best is not None:
                numbers = config.seed, row["weight_decay"], row["gap"], row["grad_norm"]
                yield Snapshot(run, *numbers, a[None], w[None], problem, best)
