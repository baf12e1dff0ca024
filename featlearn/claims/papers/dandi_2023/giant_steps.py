"""The batches with which one and two giant steps find directions, against the dimension."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featlearn.claims.curves import by_seed, curve
from featlearn.claims.edges import edge_of, exponent_of_edges, runs_taken
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import exponent_of, median_of
from featlearn.claims.records import Panel, Series
from featlearn.claims.sentences import values_at
from featlearn.runs.metrics import Table
from featlearn.sweeps.search.edges import Edge

_TARGET, _DIMENSION = "teacher.polynomial", "teacher.input_dim"
STAIRCASE, HARD = "x1 + x1*x2", "x1 + He2(x2)"
SEARCHES = {
    "leap_1": "one step, x1",
    "leap_2": "one step, He2(x1)",
    "second": "two steps, x1 + x1 x2",
}


def measure(evidence: Evidence) -> Findings:
    searches = {name: evidence.edges(name) for name in SEARCHES}
    overlaps = overlaps_of(evidence)
    dims = sorted({dim for _, dim in overlaps})
    second, hard = (np.stack([overlaps[target, d][:, 1] for d in dims], axis=1) for target in (STAIRCASE, HARD))
    first = np.stack([overlaps[STAIRCASE, d][:, 0] for d in dims], axis=1)
    return Findings(
        {
            **{name: exponent_of_edges(_dimensions(edges), edges) for name, edges in searches.items()},
            "staircase": median_of(second[:, -1]),
            "one": exponent_of(dims, first),
            "joined": exponent_of(dims, second),
            "hard": exponent_of(dims, hard),
        },
        [
            *(f"{SEARCHES[name]}: {_told(edges)}; {runs_taken(edges)}" for name, edges in searches.items()),
            *(
                f"overlap with x2, batches of 32 d, medians, {what}: "
                + values_at("d", dims, np.median(found, axis=0), "{:.2f}".format)
                for what, found in (
                    ("one step on x1 + x1 x2", first),
                    ("two steps on it", second),
                    ("two steps on x1 + He2(x2)", hard),
                )
            ),
        ],
        Panel(
            "dimension d",
            "batch with which the directions are found in every second run",
            [_curve(SEARCHES[name], edges) for name, edges in searches.items()],
            log_x=True,
            log_y=True,
        ),
    )


def overlaps_of(evidence: Evidence) -> dict[tuple[str, float], np.ndarray]:
    """(seeds, 2) for each target and d: the least overlap of a direction with its best unit after each step.

    NaN for a run that is not done.
    """
    table, logs = evidence.table("targets"), evidence.metrics("targets")
    steps = [[_at(log, step) for step in (1, 2)] for log in logs]
    after = np.where((table["status"] == "done")[:, None], np.array(steps), np.nan)
    cells = {(str(target), float(d)) for target, d in zip(table[_TARGET], table[_DIMENSION], strict=True)}
    found = {}
    for target, d in cells:
        own = table[_TARGET] == target
        part = {name: column[own] for name, column in table.items()}
        cases = [by_seed(part, after[own, step], [{_DIMENSION: d}])[:, 0] for step in (0, 1)]
        found[target, d] = np.stack(cases, axis=1)
    return found


def _at(log: Table, step: int) -> float:
    """The overlap after a step; NaN where a run did not get there."""
    there = np.flatnonzero(log["step"] == step)
    return float(log["overlap_min"][there[-1]]) if len(there) else float("nan")


def _dimensions(edges: Sequence[Edge]) -> list[float]:
    return [float(edge.setting[_DIMENSION]) for edge in edges]


def _told(edges: Sequence[Edge]) -> str:
    return ", ".join(
        f"{found.low:.0f} … {found.high:.0f} at d = {d:g}"
        for d, found in zip(_dimensions(edges), map(edge_of, edges), strict=True)
    )


def _curve(name: str, edges: Sequence[Edge]) -> Series:
    return curve(name, _dimensions(edges), [edge_of(edge) for edge in edges])
