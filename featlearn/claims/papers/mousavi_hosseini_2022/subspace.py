"""The share of the first layer across the principal subspace against the inputs that were used, and the dimension."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import exponent_of, median_of, slope, smallest_of
from featlearn.claims.records import Panel, Series
from featlearn.config.data import OnlineData
from featlearn.runs.metrics import load_metrics

_DIMENSION = "teacher.input_dim"


@dataclass(frozen=True)
class Course:
    """A run: its dimension, the inputs used at its rows but the first, and the share across the subspace there."""

    dimension: int
    inputs: np.ndarray
    across: np.ndarray


def measure(evidence: Evidence) -> Findings:
    decay, without = (courses(evidence, name) for name in ("decay", "without"))
    return judged(decay, without, evidence.parameters["inputs_per_dimension"])


def courses(evidence: Evidence, sweep: str) -> list[Course]:
    """The runs that are done."""
    found = []
    for full, config in evidence.runs(sweep):
        if full.status == "done":
            rows = load_metrics(full.run.path)
            assert isinstance(config.data, OnlineData)
            inputs = rows["step"].astype(float) * config.data.batch_size
            across = 1 - rows["subspace"].astype(float)
            found.append(Course(int(full.values[_DIMENSION]), inputs[1:], across[1:]))
    return found


def judged(decay: list[Course], without: list[Course], begins: float) -> Findings:
    dims = sorted({run.dimension for run in decay})
    by_dim = {d: [run for run in decay if run.dimension == d] for d in dims}
    ends = np.array([[run.across[-1] for run in by_dim[d]] for d in dims]).T
    late = [(run.inputs >= begins * run.dimension, run) for run in by_dim[dims[-1]]]
    per = [run.across[-1] * run.inputs[-1] / run.dimension for run in decay]
    return Findings(
        {
            "inputs": median_of([slope(run.inputs[at], run.across[at]) for at, run in late]),
            "dimension": exponent_of(dims, ends),
            "without": smallest_of([run.across[-1] for run in without]),
        },
        [
            f"at the end the share across is {np.median(per):.2f} d/T, from {np.min(per):.2f} to {np.max(per):.2f}",
            f"without weight decay the share across is {np.median([run.across[-1] for run in without]):.2f}",
        ],
        Panel(
            "inputs T",
            "share of ‖W‖² across the subspace",
            [
                *(_median(f"d = {d}", by_dim[d]) for d in dims),
                _median(f"d = {without[0].dimension}, no weight decay", without),
            ],
            log_x=True,
            log_y=True,
        ),
    )


def _median(name: str, runs: list[Course]) -> Series:
    across = np.median([run.across for run in runs], axis=0)
    return Series(name, runs[0].inputs.tolist(), across.tolist())
