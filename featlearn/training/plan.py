"""What a run goes through, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from featlearn.training.methods import METHODS
from featlearn.training.stages import Stage, rows_of_stages, snapshot_steps


@dataclass(frozen=True)
class Plan:
    """What one run goes through: its stages, and which of their steps are logged and stored.

    Attributes:
        stages: in order.
        rows, snapshots: for each stage, the numbers of steps done at its metrics rows and at its neuron snapshots.
        gap: whether rows compare the objective with its optimum.
    """

    stages: tuple[Stage, ...]
    rows: tuple[np.ndarray, ...]
    snapshots: tuple[np.ndarray, ...]
    gap: bool = False

    @classmethod
    def of(cls, stages: Sequence[Stage], points: int, snapshots: int, *, gap: bool = False) -> Plan:
        """The plan that logs ``points`` rows and ``snapshots`` neuron snapshots over the stages."""
        rows = rows_of_stages(stages, points)
        return cls(tuple(stages), tuple(rows), tuple(snapshot_steps(rows, stages, snapshots)), gap)

    def total_steps(self) -> int:
        return sum(s.steps for s in self.stages)

    def shape(self) -> tuple[object, ...]:
        """Equal for two plans that can go through the loop together: all but λ, η and stop thresholds."""
        kinds = tuple(
            (s.train, s.method, s.steps, s.constraint, s.loss, s.then, tuple(_parameters(s).items()))
            for s in self.stages
        )
        return kinds, self.gap, tuple(r.tobytes() for r in self.rows), tuple(r.tobytes() for r in self.snapshots)


def _parameters(stage: Stage) -> dict[str, Any]:
    return METHODS[stage.method].values(stage.parameters)


@dataclass(frozen=True)
class Position:
    """How far a run is: ``stage_step`` steps of stage ``stage`` are done, ``step`` in all."""

    stage: int = 0
    stage_step: int = 0
    step: int = 0
