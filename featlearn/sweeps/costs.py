"""How long experiments will take on this machine, from a short measured calibration."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from featlearn.config.build import ScaleTooLarge
from featlearn.config.data import EmpiricalData
from featlearn.config.model import Config
from featlearn.config.teacher import Teacher
from featlearn.runs.batch import Experiment
from featlearn.runs.floors_record import floors_record
from featlearn.runs.threads import one_blas_thread
from featlearn.storage.digests import InvalidFile
from featlearn.storage.errors import RunError
from featlearn.sweeps.shape import Shape
from featlearn.training.backends import WIDE
from featlearn.training.measurement import measure
from featlearn.training.methods import METHODS, OwnSteps, SteppedByBackend
from featlearn.training.networks import InfeasibleTeacher
from featlearn.training.optima import optimum_of
from featlearn.training.problem import Problem
from featlearn.training.reduction import reductions
from featlearn.training.stages import Stage
from featlearn.training.state import State

_MEASURED = 4  # shapes at most, of each backend and kind of data
_SAMPLES = 20_000  # a measurement takes at most so many: larger samples cost in proportion
_SECONDS = 0.05  # each measurement takes about so long
_CANNOT_RUN = InfeasibleTeacher, InvalidFile, ScaleTooLarge, RunError, MemoryError
_ROWS_TOGETHER = 16  # rows are measured of so many runs at once, as in a batch
_OWN_STEPS = 4  # so many steps are measured of a method that takes its own


@dataclass(frozen=True)
class _Pace:
    """Measured at one shape: seconds of a step, of a method's own step, of a row and of an optimum, on one core."""

    shape: Shape
    step: float
    own_step: float
    row: float
    optimum: float


@dataclass(frozen=True)
class Cost:
    """Seconds of one core.

    Attributes:
        steps: of the steps of the backend, which spreads those of many runs over the cores.
        rest: of rows, optima, floors, and methods that take steps of their own; they come one after another.
    """

    steps: float = 0.0
    rest: float = 0.0

    def on(self, cores: int) -> float:
        """The seconds that one process takes."""
        return self.steps / cores + self.rest

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.steps + other.steps, self.rest + other.rest)

    def times(self, count: float) -> Cost:
        return Cost(self.steps * count, self.rest * count)


class Costs:
    """Estimates for the experiments of one sweep."""

    def __init__(self, configs: Iterable[Config], *, stored: bool = False) -> None:
        """Calibrate on a few of the configurations, from the lightest to the heaviest.

        Args:
            stored: whether the runs have directories: floors are computed for those alone.
        """
        shapes: dict[Any, Config] = {}
        configs = list(configs)
        for config in configs:
            shape = Shape.of(config)
            sizes = shape.width, shape.teachers, shape.dimension, shape.samples, shape.batch
            shapes.setdefault((shape.kind(), *sizes), config)
        self._paces: dict[tuple[str, str, bool], list[_Pace]] = {}
        with one_blas_thread():
            for kind in {key[0] for key in shapes}:
                alike = [config for key, config in shapes.items() if key[0] == kind]
                ordered = sorted(alike, key=lambda config: Shape.of(config).work_of_step())
                chosen = [ordered[i] for i in sorted({round(i) for i in np.linspace(0, len(ordered) - 1, _MEASURED)})]
                found = [_measured(_with_few_samples(config)) for config in chosen]
                self._paces[kind] = [pace for pace in found if pace is not None]
            self._floors = _pace_of_floors(configs) if stored else 0.0

    def seconds(self, config: Config) -> float:
        """One experiment on one core, as one of a batch."""
        return self.cost(config).on(1)

    def cost(self, config: Config) -> Cost:
        """One experiment, as one of a batch."""
        shape = Shape.of(config)
        paces = self._paces.get(shape.kind())
        if not paces:
            return Cost(rest=1.0)
        work = shape.work_of_step()
        near = min(paces, key=lambda pace: abs(np.log(pace.shape.work_of_step() / work)))
        of_step = near.step / near.shape.work_of_step()
        of_row = shape.work_of_row() / near.shape.work_of_row()
        like_rows = (near.row * shape.rows + near.own_step * shape.own_steps) * of_row
        rest = of_step * shape.exact + like_rows + near.optimum * shape.decays + self._floors * shape.floors
        return Cost(of_step * shape.steps * work, rest)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _with_few_samples(config: Config) -> Config:
    """The same with no more samples than a measurement needs, drawn from a teacher even in place of a file."""
    if not isinstance(config.data, EmpiricalData):
        return config
    samples = min(_SAMPLES, Shape.of(config).samples)
    teacher = config.teacher or Teacher(input_dim=config.shape()[1] or 1, width=1)
    batch = None if config.data.batch_size is None else min(samples, config.data.batch_size)
    data = EmpiricalData(
        kind="empirical", samples=samples, batch_size=batch, with_replacement=config.data.with_replacement
    )
    return config.model_copy(update={"data": data, "teacher": teacher})


def _pace_of_floors(configs: Iterable[Config]) -> float:
    """Seconds for a unit of the work of floors, measured where it is the least; 0 where there are none."""
    with_floors = [config for config in configs if Shape.of(config).floors]
    for config in sorted(with_floors, key=lambda config: Shape.of(config).floors):
        try:
            problem = Experiment.of(_with_few_samples(config)).problem
        except _CANNOT_RUN:
            continue
        return _seconds_of(partial(floors_record, problem)) / Shape.of(config).floors
    return 0.0


def _measured(config: Config) -> _Pace | None:
    """The pace of one shape; None for a configuration that cannot run."""
    try:
        built = Experiment.of(config)
    except _CANNOT_RUN:
        return None
    problem, state, backend = built.problem, built.start.state, built.backend
    stages = built.plan.stages
    stage = next((s for s in reversed(stages) if isinstance(METHODS[s.method], SteppedByBackend)), None)
    own_stages = [s for s in stages if isinstance(METHODS[s.method], OwnSteps)]
    threads = backend.threads if config.backend == "fused" and state.first_layer.shape[1] >= WIDE else 1
    row_stage = stage or Stage(name="row", train=("second_layer",))
    together = 1 if problem.data else _ROWS_TOGETHER
    row = _seconds_per_call(lambda count: _measure_rows(row_stage, [built] * together, count)) / together
    decay = (stage or stages[-1]).weight_decay.start
    optimum = _seconds_of(lambda: optimum_of(problem, 0, decay)) if config.log.gap else 0.0
    own_step = 0.0
    if own_stages:
        # how much a step of these asks for depends on where it is: the first ones stand for all
        longest = max(own_stages, key=lambda s: s.steps)
        method = METHODS[longest.method]
        own_step = _seconds_of(lambda: method.advance(backend, problem, [longest], state, 0, 1))
        if own_step < _SECONDS:
            count = min(_OWN_STEPS, longest.steps)
            own_step = _seconds_of(lambda: method.advance(backend, problem, [longest], state, 0, count)) / count
    step = row
    if stage is not None:
        ((_, found),) = reductions(problem, [stage], state, before_any_step=True, within_stage=False)
        start = found.reduced(state)
        step = threads * _seconds_per_call(lambda count: backend.advance(found.problem, [stage], start, 0, count))
    return _Pace(Shape.of(config), step, own_step, row, optimum)


def _measure_rows(stage: Stage, together: list[Experiment], count: int) -> None:
    problem = Problem.stack([built.problem for built in together])
    state = State.stack([built.start.state for built in together])
    for _ in range(count):
        measure(problem, [stage] * len(together), state, 1, together[0].backend)


def _seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


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
