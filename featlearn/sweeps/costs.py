"""How long experiments will take on this machine, from a short measured calibration."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from featlearn.config.build import ScaleTooLarge, starts_at_zero
from featlearn.config.data import EmpiricalData, OnlineData
from featlearn.config.model import Config
from featlearn.runs.batch import Experiment
from featlearn.runs.directory import RunError
from featlearn.storage.digests import InvalidFile
from featlearn.training.backends.fused import WIDE
from featlearn.training.measurement import measure
from featlearn.training.methods import METHODS, Exact, OwnSteps, SteppedByBackend
from featlearn.training.networks import InfeasibleTeacher
from featlearn.training.optima import optimum_of
from featlearn.training.problem import Problem
from featlearn.training.stages import Stage

_MEASURED = 4  # shapes at most, of each backend and kind of data
_SAMPLES = 20_000  # of a measurement, at most: larger samples cost in proportion
_SECONDS = 0.05  # of each measurement
_OWN_STEPS = 4  # of a method that takes its own, in a measurement
_FLOATS_PER_PAIR = 40  # of arrays while a row is measured, generously


@dataclass(frozen=True)
class Shape:
    """What the cost of an experiment depends on."""

    width: int
    teachers: int
    dimension: int
    steps: int  # that the backend takes
    own_steps: int  # of methods that take their own
    rows: int
    backend: str
    data: str
    samples: int  # of the whole run, or in each batch; 0 for population data
    exact: float  # work of the exact methods, in the units of ``work_of_step``; that on the population is lost in it
    decays: int  # λ whose optimum is computed

    @classmethod
    def of(cls, config: Config) -> Shape:
        teachers, dimension = config.teacher.shape()
        width = config.student.width or len(getattr(config.student.init, "first_layer", [None] * 100))
        stages = [stage.stage(name) for name, stage in config.stages.items()]
        methods = [METHODS[stage.method] for stage in stages]
        pairs = list(zip(stages, methods, strict=True))
        steps = sum(stage.steps for stage, method in pairs if isinstance(method, SteppedByBackend))
        own_steps = sum(stage.steps for stage, method in pairs if isinstance(method, OwnSteps))
        rows = min(config.log.points, steps + own_steps + 1)
        if config.student.output_scale is not None and not starts_at_zero(config):
            teachers += width  # the start is subtracted
        samples = _samples(config.data, dimension)
        exact = sum(method.work(samples, width, dimension) for method in methods if isinstance(method, Exact))
        decays = sum(1 + len(stage.weight_decay.epoch_ends(stage.steps, rows)) for stage in stages)
        decays = decays if config.log.gap else 0
        sizes = width, teachers, dimension, steps, own_steps, rows
        return cls(*sizes, config.backend, config.data.kind, samples, exact, decays)

    def kind(self) -> tuple[str, str, bool]:
        """Shapes of one kind differ in sizes and numbers alone."""
        return self.backend, self.data, self.own_steps > 0

    def pairs(self) -> float:
        return float(self.width * (self.width + self.teachers))

    def work_of_step(self) -> float:
        """In arbitrary units: the pairs of neurons, or of inputs and neurons, with their products over coordinates."""
        if self.data == "online":
            drawing = self.samples * (30 * self.dimension + self.teachers * (self.dimension + 25))
            return self._work_of_samples() + drawing + 20_000
        return self._work_of_samples() + 2000 if self.samples else self._work_of_pairs()

    def work_of_row(self) -> float:
        """The metrics of the population, and the gradient on an empirical sample."""
        return self._work_of_pairs() + (self._work_of_samples() if self.data == "empirical" else 0.0)

    def _work_of_samples(self) -> float:
        return float(self.samples * self.width * (self.dimension + 25))

    def _work_of_pairs(self) -> float:
        dimension = min(self.dimension, self.width + self.teachers) if self.backend == "fused" else self.dimension
        return self.pairs() * (dimension + 25) + 2000

    def bytes(self) -> float:
        """Memory that one run of a batch takes, generously; a sample is there twice, as array and as tensor."""
        sample = 2 * self.samples * (self.dimension + 2)
        return 8.0 * (_FLOATS_PER_PAIR * self.pairs() + 20 * self.width * (self.dimension + 8) + sample)


def _samples(data: object, dimension: int) -> int:
    if isinstance(data, OnlineData):
        return data.batch_size
    if not isinstance(data, EmpiricalData):
        return 0
    if data.path is None:
        return data.samples or 0
    try:  # some eight bytes a number in an npz file, more in a csv file
        return 1 + Path(data.path).stat().st_size // (8 * (dimension + 1))
    except OSError:
        return 1


@dataclass(frozen=True)
class _Pace:
    """Measured at one shape: seconds of a step, of a method's own step, of a row and of an optimum, on one core."""

    shape: Shape
    step: float
    own_step: float
    row: float
    optimum: float


class Costs:
    """Estimates for the experiments of one sweep."""

    def __init__(self, configs: Iterable[Config]) -> None:
        """Calibrate on a few of the configurations, from the lightest to the heaviest."""
        shapes: dict[Any, Config] = {}
        for config in configs:
            shape = Shape.of(config)
            shapes.setdefault((shape.kind(), shape.width, shape.teachers, shape.dimension, shape.samples), config)
        self._paces: dict[tuple[str, str, bool], list[_Pace]] = {}
        for kind in {key[0] for key in shapes}:
            alike = [config for key, config in shapes.items() if key[0] == kind]
            ordered = sorted(alike, key=lambda config: Shape.of(config).work_of_step())
            chosen = sorted({round(i) for i in np.linspace(0, len(ordered) - 1, _MEASURED)})
            self._paces[kind] = [pace for i in chosen if (pace := _measured(_with_few_samples(ordered[i]))) is not None]

    def seconds(self, config: Config) -> float:
        """One experiment on one core, as one of a batch."""
        shape = Shape.of(config)
        paces = self._paces.get(shape.kind())
        if not paces:
            return 1.0
        work = shape.work_of_step()
        near = min(paces, key=lambda pace: abs(np.log(pace.shape.work_of_step() / work)))
        steps = shape.steps * work + shape.exact
        rows = shape.rows * shape.work_of_row()
        optima = near.optimum * shape.decays
        like_rows = near.row * rows + near.own_step * shape.own_steps * shape.work_of_row()
        return near.step * steps / near.shape.work_of_step() + like_rows / near.shape.work_of_row() + optima


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _with_few_samples(config: Config) -> Config:
    """The same with no more samples than a measurement needs, drawn even where they come from a file."""
    if not isinstance(config.data, EmpiricalData):
        return config
    samples = min(_SAMPLES, Shape.of(config).samples)
    return config.model_copy(update={"data": EmpiricalData(kind="empirical", samples=samples)})


def _measured(config: Config) -> _Pace | None:
    """The pace of one shape; None for a configuration that cannot run."""
    try:
        built = Experiment.of(config)
    except (InfeasibleTeacher, InvalidFile, ScaleTooLarge, RunError, MemoryError):
        return None
    problem, state, backend = built.problem, built.start.state, built.backend
    stages = built.plan.stages
    stage = next((s for s in reversed(stages) if isinstance(METHODS[s.method], SteppedByBackend)), None)
    own_stages = [s for s in stages if isinstance(METHODS[s.method], OwnSteps)]
    threads = backend.threads if config.backend == "fused" and state.first_layer.shape[1] >= WIDE else 1
    row_stage = stage or Stage(name="row", train=("second_layer",))
    row = _seconds_per_call(lambda count: _measure_rows(problem, row_stage, built, count))
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
        step = threads * _seconds_per_call(lambda count: backend.advance(problem, [stage], state, 0, count))
    return _Pace(Shape.of(config), step, own_step, row, optimum)


def _measure_rows(problem: Problem, stage: Stage, built: Experiment, count: int) -> None:
    state = built.start.state
    for _ in range(count):
        measure(problem, [stage], state, 1, built.backend)


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
