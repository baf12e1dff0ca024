"""How much of the final alignment comes after the loss has fallen to a hundredth of its start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.claims.curves import median_curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import Measured, median_of
from featlearn.claims.records import Panel, Series
from featlearn.runs.metrics import Table

_FALLEN = 0.01  # the share of the starting loss to which the loss is to fall
_FARTHER = 0.001  # another, which is only told of
_LEVELS = np.geomspace(1, 1e-6, 25)  # the shares of the starting loss in the figure


def measure(evidence: Evidence) -> Findings:
    first, without, space = (_Alignment.of(evidence, sweep) for sweep in evidence.sweeps)
    return Findings(
        {"with": first.late_share(), "without": without.late_share()},
        [first.edge(), without.edge(), space.edge()],
        Panel(
            "loss at the start / loss",
            "share of the mass within 5°",
            [first.curve(), without.curve(), space.curve()],
            log_x=True,
        ),
    )


@dataclass(frozen=True)
class _Alignment:
    """The aligned mass of the runs of a sweep, (runs,) each.

    Attributes:
        done: whether the run is.
        then: (runs, 2) the aligned mass when the loss is down to 1 % and 0.1 % of its start; NaN where it never is.
        final: in the end.
        at_levels: (runs, levels), when the loss falls to each level.
    """

    name: str
    done: np.ndarray
    then: np.ndarray
    final: np.ndarray
    at_levels: np.ndarray

    @classmethod
    def of(cls, evidence: Evidence, sweep: str) -> _Alignment:
        logs = evidence.metrics(sweep)
        return cls(
            sweep.replace("_", " "),
            evidence.table(sweep)["status"] == "done",
            np.array([[_first_aligned(log, level) for level in (_FALLEN, _FARTHER)] for log in logs]),
            np.array([log["aligned_mass"][-1] for log in logs]),
            np.array([[_aligned_when(log, level) for level in _LEVELS] for log in logs]),
        )

    def late_share(self, place: int = 0) -> Measured:
        """The share of the final alignment that comes later than ``then``; −1 for a run that never gets there."""
        share = 1 - self.then[:, place] / np.maximum(self.final, 0.5)
        return median_of(np.where(self.done & (self.final > 0.5) & np.isfinite(share), share, -1.0))

    def edge(self) -> str:
        then, final, later = median_of(self.then[:, 0]).value, np.median(self.final), self.late_share(1)
        return (
            f"{self.name}: aligned mass {then:.2f} at a hundredth, of {final:.2f} in the end, medians; the share that "
            f"comes after the loss is below 0.1 % of its start: {later.value:.2f} [{later.low:.2f}, {later.high:.2f}]"
        )

    def curve(self) -> Series:
        return median_curve(self.name, (1 / _LEVELS).tolist(), self.at_levels)


def _first_aligned(metrics: Table, level: float) -> float:
    """The aligned mass at the first row whose loss is at most a level of the first row's; NaN, if none is."""
    below = np.flatnonzero(metrics["loss"] <= level * metrics["loss"][0])
    return float(metrics["aligned_mass"][below[0]]) if len(below) else np.nan


def _aligned_when(metrics: Table, level: float) -> float:
    """The same; at the end, if none is."""
    aligned = _first_aligned(metrics, level)
    return float(metrics["aligned_mass"][-1]) if np.isnan(aligned) else aligned
