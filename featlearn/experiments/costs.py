"""How long experiments will take on this machine, from a short measured calibration."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from featlearn.experiments.batch import Built
from featlearn.experiments.config import Config
from featlearn.experiments.problem import InvalidWeights
from featlearn.experiments.runs import RunError
from featlearn.training.backends.fused import WIDE
from featlearn.training.measurement import measure
from featlearn.training.networks import InfeasibleTeacher
from featlearn.training.problem import Problem
from featlearn.training.stages import Stage

_MEASURED = 4  # shapes at most
_SECONDS = 0.05  # of each measurement
_FLOATS_PER_PAIR = 40  # of arrays while a row is measured, generously


@dataclass(frozen=True)
class Shape:
    """What the cost of an experiment depends on."""

    width: int
    teachers: int
    dimension: int
    steps: int
    rows: int
    backend: str

    @classmethod
    def of(cls, config: Config) -> Shape:
        teachers, dimension = config.teacher.shape()
        width = config.student.width or len(getattr(config.student.init, "first_layer", [None] * 100))
        steps = sum(stage.steps or 0 for stage in config.stages.values())
        return cls(width, teachers, dimension, steps, min(config.log.points, steps + 1), config.backend)

    def pairs(self) -> float:
        return float(self.width * (self.width + self.teachers))

    def work_of_step(self) -> float:
        """In arbitrary units: the pairs of neurons, each with its products over the coordinates."""
        dimension = min(self.dimension, self.width + self.teachers) if self.backend == "fused" else self.dimension
        return self.pairs() * (dimension + 25) + 2000

    def bytes(self) -> float:
        """Memory that one run of a batch takes, generously."""
        return 8.0 * (_FLOATS_PER_PAIR * self.pairs() + 20 * self.width * (self.dimension + 8))


@dataclass(frozen=True)
class _Pace:
    """Measured at one shape: seconds of a step and of a row, on one core."""

    work: float
    step: float
    row: float


class Costs:
    """Estimates for the experiments of one sweep."""

    def __init__(self, configs: Iterable[Config]) -> None:
        """Calibrate on a few of the configurations, from the lightest to the heaviest."""
        shapes: dict[Any, Config] = {}
        for config in configs:
            shape = Shape.of(config)
            shapes.setdefault((shape.width, shape.teachers, shape.dimension, shape.backend), config)
        ordered = sorted(shapes.values(), key=lambda config: Shape.of(config).work_of_step())
        chosen = sorted({round(i) for i in np.linspace(0, len(ordered) - 1, _MEASURED)}) if ordered else []
        self._paces = [pace for i in chosen if (pace := _measured(ordered[i])) is not None]

    def seconds(self, config: Config) -> float:
        """One experiment on one core, as one of a batch."""
        if not self._paces:
            return 1.0
        shape = Shape.of(config)
        work = shape.work_of_step()
        near = min(self._paces, key=lambda pace: abs(np.log(pace.work / work)))
        return (shape.steps * near.step + shape.rows * near.row) * work / near.work


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _measured(config: Config) -> _Pace | None:
    """The pace of one shape; None for a configuration that cannot run."""
    try:
        built = Built.of(config)
    except (InfeasibleTeacher, InvalidWeights, RunError, MemoryError):
        return None
    problem, state, backend = built.problem, built.start.state, built.backend
    stage = next((s for s in reversed(built.plan.stages) if s.step_size is not None), None)
    threads = backend.threads if config.backend == "fused" and state.first_layer.shape[1] >= WIDE else 1
    work = Shape.of(config).work_of_step()
    row_stage = stage or Stage(name="row", train=("second_layer",))
    row = _seconds_per_call(lambda count: _measure_rows(problem, row_stage, built, count))
    if stage is None:
        return _Pace(work, row, row)
    step = _seconds_per_call(lambda count: backend.advance(problem, [stage], state, 0, count))
    return _Pace(work, step * threads, row)


def _measure_rows(problem: Problem, stage: Stage, built: Built, count: int) -> None:
    state = built.start.state
    for _ in range(count):
        measure(problem, [stage], state, 1, built.backend)


def _seconds_per_call(walk: Callable[[int], object]) -> float:
    """Seconds of one of the calls that ``walk(count)`` makes."""
    walk(1)  # compile
    count = 1
    while True:
        began = time.perf_counter()
        walk(count)
        seconds = time.perf_counter() - began
        if seconds > _SECONDS:
            return seconds / count
        count = max(2 * count, int(1.2 * count * _SECONDS / max(seconds, 1e-7)))
