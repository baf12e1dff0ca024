"""How far runs are at the moments at which a claim of local convergence may begin, and whether they find the teacher.

These moments are the start of the last stage and the ends of its epochs.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from featlearn.claims.evidence import Evidence
from featlearn.claims.papers.zhou_ge_2024.teachers import squared_norm
from featlearn.config.build import build
from featlearn.config.model import Config
from featlearn.config.schedules import GeometricSchedule
from featlearn.runs.metrics import Table


@dataclass(frozen=True)
class Histories:
    """The runs of a sweep.

    Attributes:
        losses: (runs, moments) loss over ‖f*‖², NaN where a run did not get there.
        far: (runs, moments) share of the mass that is not aligned with a teacher line.
        final, far_at_end: (runs,) both at the last row.
        recovered, found: (runs,) whether every teacher line was recovered, and whether the teacher was found.
        seeds: (runs,).
    """

    losses: np.ndarray
    far: np.ndarray
    final: np.ndarray
    far_at_end: np.ndarray
    recovered: np.ndarray
    found: np.ndarray
    seeds: np.ndarray

    @classmethod
    def of(cls, evidence: Evidence, sweep: str) -> Histories:
        configs = evidence.configs(sweep)
        problems = [build(config)[0] for config in configs]
        norms = np.array([squared_norm(problem) for problem in problems])
        widths = np.array([problem.teacher_second_layer.shape[-1] for problem in problems])
        logs = evidence.metrics(sweep)
        moments = [_moments(log, config) for log, config in zip(logs, configs, strict=True)]
        return cls(
            _rectangle([log["loss"][at] for log, at in zip(logs, moments, strict=True)]) / norms[:, None],
            1 - _rectangle([log["aligned_mass"][at] for log, at in zip(logs, moments, strict=True)]),
            np.array([log["loss"][-1] for log in logs]) / norms,
            1 - np.array([log["aligned_mass"][-1] for log in logs]),
            np.array([log["recovered"][-1] for log in logs]) == widths,
            evidence.found(sweep),
            np.array([config.seed for config in configs]),
        )

    def of_those(self, chosen: np.ndarray) -> Histories:
        """Some of the runs."""
        return Histories(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def first_below(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Which runs have a moment with a loss of at most ``level`` ‖f*‖², and (runs,) the first of them."""
        below = self.losses <= level
        return np.asarray(below.any(-1)), np.argmax(below, -1)


def _moments(log: Table, config: Config) -> np.ndarray:
    """The rows at the start of the last stage and at the ends of its epochs."""
    name, stage = list(config.stages.items())[-1]
    if not isinstance(stage.weight_decay, GeometricSchedule):
        raise ValueError(f"stage {name} has no epochs: its weight decay is not {{start, factor, every}}")
    last = log["stage"] == name
    before = np.flatnonzero(~last)[-1:]
    ends = np.flatnonzero(last & (log["stage_step"] % stage.weight_decay.every == 0))
    return np.concatenate([before, ends])


def _rectangle(rows: list[np.ndarray]) -> np.ndarray:
    """Rows of any lengths as one array, filled up with NaN."""
    filled = np.full((len(rows), max(len(row) for row in rows)), np.nan)
    for place, row in zip(filled, rows, strict=True):
        place[: len(row)] = row
    return filled
