"""Judges of claims about training: what the runs of their sweeps show."""

from __future__ import annotations

import numpy as np

from featlearn.experiments.claims import Findings, Panel, Series
from featlearn.experiments.evidence import Columns, Evidence
from featlearn.experiments.intervals import Measured, median_of, slope


def against(table: Columns, axis: str, column: np.ndarray) -> tuple[list[float], list[Measured]]:
    """The values of an axis, and the median of a column over the seeds at each."""
    values = sorted(set(table[axis].tolist()))
    return values, [median_of(column[table[axis] == value]) for value in values]


def curve(name: str, x: list[float], y: list[Measured], style: str = "line") -> Series:
    """Medians and intervals as a curve."""
    return Series(name, x, [m.value for m in y], [m.low for m in y], [m.high for m in y], style)  # type: ignore[arg-type]


def subspace(evidence: Evidence) -> Findings:
    """The share of the first layer in the teacher's span after the first step."""
    dimension, size = evidence.table("dimension"), evidence.table("size")
    dims, outside = against(dimension, "teacher.input_dim", 1 - dimension["subspace"])
    steps, shares = against(size, "stages.first_step.step_size", size["subspace"])
    at_32 = dimension["teacher.input_dim"] == 32
    lowest = {d: dimension["subspace"][dimension["teacher.input_dim"] == d].min() for d in dims}
    return Findings(
        {"share": median_of(dimension["subspace"][at_32]), "aligned": median_of(dimension["aligned_mass"][at_32])},
        [
            f"the share outside falls as d^{slope(dims[1:], [m.value for m in outside[1:]]):.2f}",
            "the lowest share of any seed: " + ", ".join(f"{low:.3f} at d = {d:g}" for d, low in lowest.items()),
            "without weight decay the start stays: share "
            + ", ".join(f"{m.value:.2f} at η = {eta:g}" for eta, m in zip(steps, shares, strict=True)),
        ],
        Panel(
            "input dimension d",
            "share of the first layer outside S* after one step",
            [curve("η = 1, λ = 1/η", dims, outside)],
            log_x=True,
            log_y=True,
            marks={"threshold": 0.05},
        ),
    )
