"""The share of the first layer in the teacher's span after the first step."""

from __future__ import annotations

import numpy as np

from featlearn.claims.curves import against, curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import median_of, slope
from featlearn.claims.records import Panel
from featlearn.claims.sentences import values_at
from featlearn.runs.metrics import Table
from featlearn.theory.alignment import ALIGNED_WITHIN

_DIMENSION, _STEP_SIZE = "teacher.input_dim", "stages.first_step.step_size"


def measure(evidence: Evidence) -> Findings:
    dimension, size, space = (evidence.table(name) for name in ("dimension", "size", "rank_3"))
    dims, outside = against(dimension, _DIMENSION, 1 - dimension["subspace"])
    lowest = [dimension["subspace"][dimension[_DIMENSION] == d].min() for d in dims]
    steps, shares = against(size, _STEP_SIZE, size["subspace"])
    at_32 = dimension[_DIMENSION] == 32
    return Findings(
        {"share": median_of(dimension["subspace"][at_32]), "aligned": median_of(dimension["aligned_mass"][at_32])},
        [
            f"the share outside falls as d^{slope(dims[1:], [m.value for m in outside[1:]]):.2f}",
            "the lowest share of any seed: " + values_at("d", dims, lowest, "{:.3f}".format),
            "without weight decay the start stays: share "
            + values_at("η", steps, [m.value for m in shares], "{:.2f}".format),
            _in_space(space),
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


def _in_space(table: Table) -> str:
    """The share and the aligned mass in three dimensions, where a cap of 5° around each end of a line is small."""
    share, aligned = median_of(table["subspace"]), median_of(table["aligned_mass"])
    lines = int(table["teacher.width"][0])
    chance = lines * (1 - np.cos(np.radians(ALIGNED_WITHIN)))
    return (
        f"{lines} lines in three dimensions, medians: share {share.value:.3f} [{share.low:.3f}, {share.high:.3f}], "
        f"aligned mass {aligned.value:.3f} [{aligned.low:.3f}, {aligned.high:.3f}], of which chance has {chance:.3f}"
    )
