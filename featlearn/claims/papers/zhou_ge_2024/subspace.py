"""The share of the first layer in the teacher's span after the first step."""

from __future__ import annotations

from featlearn.claims.curves import against, curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import median_of, slope
from featlearn.claims.records import Panel
from featlearn.claims.sentences import values_at

_DIMENSION, _STEP_SIZE = "teacher.input_dim", "stages.first_step.step_size"


def measure(evidence: Evidence) -> Findings:
    dimension, size = evidence.table("dimension"), evidence.table("size")
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
