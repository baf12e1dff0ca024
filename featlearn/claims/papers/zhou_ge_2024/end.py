"""How much of the final alignment comes after the loss has fallen to a hundredth of its start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.claims.curves import median_curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import Measured, median_of
from featlearn.claims.records import Panel, Series
from featlearn.runs.metrics import Table, load_metrics

_FALLEN = 0.01  # the share of the starting loss to which the loss is to fall
_LEVELS = np.geomspace(1, 1e-6, 25)  # the shares of the starting loss in the figure


def measure(evidence: Evidence) -> Findings:
    first, without = _Alignment.of(evidence, "with_first_step"), _Alignment.of(evidence, "without_first_step")
    return Findings(
        {"with": first.late_share(), "without": without.late_share()},
        [first.edge(), without.edge()],
        Panel(
            "loss at the start / loss",
            "share of the mass within 5°",
            [first.curve(), without.curve()],
            log_x=True,
        ),
    )


@dataclass(frozen=True)
class _Alignment:
    """The aligned mass of the runs of a sweep, (runs,) each.

    Attributes:
        fell: whether the run is done and its loss fell to a hundredth.
        then: the aligned mass at that moment; at the start, where there is none.
        final: in the end.
        at_levels: (runs, levels), when the loss falls to each level.
    """

    name: str
    fell: np.ndarray
    then: np.ndarray
    final: np.ndarray
    at_levels: np.ndarray

    @classmethod
    def of(cls, evidence: Evidence, sweep: str) -> _Alignment:
        runs = [(full.status == "done", load_metrics(full.run.path)) for full, _ in evidence.runs(sweep)]
        fallen = [_at_most(metrics, _FALLEN) for _, metrics in runs]
        return cls(
            sweep.replace("_", " "),
            np.array([done and below.any() for (done, _), below in zip(runs, fallen, strict=True)]),
            np.array([m["aligned_mass"][np.argmax(below)] for (_, m), below in zip(runs, fallen, strict=True)]),
            np.array([metrics["aligned_mass"][-1] for _, metrics in runs]),
            np.array([[_aligned_when(metrics, level) for level in _LEVELS] for _, metrics in runs]),
        )

    def late_share(self) -> Measured:
        """The share of the final alignment that comes later; −1 for a run that never gets there."""
        share = 1 - self.then / np.maximum(self.final, 0.5)
        return median_of(np.where(self.fell & (self.final > 0.5), share, -1.0))

    def edge(self) -> str:
        then, final = np.median(self.then), np.median(self.final)
        return f"{self.name}: aligned mass {then:.2f}, of {final:.2f} in the end, medians"

    def curve(self) -> Series:
        return median_curve(self.name, (1 / _LEVELS).tolist(), self.at_levels)


def _at_most(metrics: Table, level: float) -> np.ndarray:
    """Which rows have a loss of at most a level of the first row's."""
    return np.asarray(metrics["loss"] <= level * metrics["loss"][0])


def _aligned_when(metrics: Table, level: float) -> float:
    """The aligned mass at the first row whose loss is that small; at the end, if none is."""
    below = np.flatnonzero(_at_most(metrics, level))
    return float(metrics["aligned_mass"][below[0] if len(below) else -1])
