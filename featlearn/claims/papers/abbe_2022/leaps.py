"""The time to the directions of a target against the dimension, for the leaps 1, 2 and 3."""

from __future__ import annotations

import numpy as np

from featlearn.claims.curves import by_seed, median_curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import exponent_of, median_of
from featlearn.claims.records import Panel
from featlearn.claims.sentences import values_at
from featlearn.runs.metrics import Table

_TARGET, _DIMENSION = "teacher.polynomial", "teacher.input_dim"
TARGETS = {1: "x1 + x1*x2 + x1*x2*x3", 2: "x1 + x1*x2*x3", 3: "x1*x2*x3"}  # by their leaps
FOUND = 0.25  # as the runs stop


def measure(evidence: Evidence) -> Findings:
    table = evidence.table("leaps")
    dims = np.unique(table[_DIMENSION]).astype(float)
    times = {leap: _times(table, target, dims) for leap, target in TARGETS.items()}
    with np.errstate(invalid="ignore"):
        growth = times[2][:, -1] / times[2][:, 0]
    return Findings(
        {
            "staircase": exponent_of(dims, times[1]),
            "two": exponent_of(dims, times[2] / np.log(dims)),
            "two_grows": median_of(growth),
            "three": exponent_of(dims, times[3]),
        },
        [
            f"leap {leap}: time " + values_at("d", dims, np.median(found, axis=0), "{:.2f}".format)
            for leap, found in times.items()
        ],
        Panel(
            "dimension d",
            "time until every direction is found",
            [median_curve(TARGETS[leap].replace("*", " "), dims.tolist(), found) for leap, found in times.items()],
            log_x=True,
            log_y=True,
        ),
    )


def _times(table: Table, target: str, dims: np.ndarray) -> np.ndarray:
    """(seeds, dims): steps times their size until the run stopped; infinite in runs that never found all."""
    own = {name: column[table[_TARGET] == target] for name, column in table.items()}
    there = (own["status"] == "done") & (own["overlap_min"].astype(float) > FOUND)
    time = np.where(there, own["step"] * own["step_size"].astype(float), np.inf)
    return by_seed(own, time, [{_DIMENSION: d} for d in dims])
