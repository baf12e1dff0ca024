"""Run several experiments together. Those of equal shape share backend calls; results do not depend on the grouping."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from featlearn.config.build import build
from featlearn.config.model import Config
from featlearn.runs.recorder import Ending, Keeper, follow, snapshot, teacher_arrays
from featlearn.runs.threads import one_blas_thread
from featlearn.runs.train import backend_of
from featlearn.storage.growing_npz import Entry
from featlearn.training.backends import Backend
from featlearn.training.column import Row
from featlearn.training.events import Event, Logged, Start
from featlearn.training.layers import separated
from featlearn.training.plan import Plan
from featlearn.training.problem import Problem


@dataclass(frozen=True)
class Experiment:
    """One experiment, ready to run (B = 1)."""

    problem: Problem
    plan: Plan
    start: Start
    backend: Backend

    @classmethod
    def of(cls, config: Config) -> Experiment:
        """Raises InfeasibleTeacher, InvalidFile, ScaleTooLarge, RunError."""
        return cls(*build(config), backend_of(config))

    def group(self) -> Hashable:
        """Equal for two experiments that can go through the descent loop together."""
        state, at_row = self.start.state, self.start.at_row
        shapes = self.problem.teacher_first_layer.shape, state.first_layer.shape, state.first_layer.dtype
        place = self.start.position, self.start.start_loss is None, None if at_row is None else at_row.stage_step
        memory = _shapes(state.memory), None if at_row is None else _shapes(at_row.state.memory)
        data = None if self.problem.data is None else type(self.problem.data[0])
        scale = self.problem.scaled
        scaled = None if scale is None else (scale.second_layer.shape, scale.lazy is None)
        root = None if self.problem.root is None else self.problem.root.is_spike
        kind = (
            self.problem.activation,
            self.problem.function,
            self.backend.name,
            self.backend.device,
            data,
            scaled,
            root,
        )
        return self.plan.shape(), shapes, place, memory, kind


def _shapes(memory: dict[str, np.ndarray]) -> Hashable:
    return tuple((name, values.shape) for name, values in memory.items())


def groups_of(experiments: Sequence[Experiment]) -> list[list[int]]:
    """The places, in the given sequence, of experiments that can go through the descent loop together."""
    groups: dict[Hashable, list[int]] = {}
    for i, experiment in enumerate(experiments):
        groups.setdefault(experiment.group(), []).append(i)
    return list(groups.values())


def run_group(
    experiments: Sequence[Experiment],
    keepers: Sequence[Keeper],
    *,
    interrupted: Callable[[], bool] = lambda: False,
    watch: Callable[[Event], None] = lambda event: None,
    every_row: bool = True,
) -> Iterator[int]:
    """Run the experiments of one group, a keeper for each; yields their places as they end. See ``recorder.follow``.

    Their samples are released at the end.
    """
    problem = Problem.stack([e.problem for e in experiments])
    start = Start.stack([e.start for e in experiments])
    plans, backend = [e.plan for e in experiments], experiments[0].backend
    try:
        yield from follow(
            problem, plans, backend, start, keepers, interrupted=interrupted, watch=watch, every_row=every_row
        )
    finally:
        problem.release_data()


@dataclass(frozen=True)
class MemoryRun:
    """What one run of a batch logged, and its final weights (m) and (m, d), with biases (m) where there are any.

    Attributes:
        status: "done" or "diverged".
        snapshots: the arrays that the file of the snapshots of a run has; empty where none were kept.
    """

    config: Config
    rows: list[Row]
    status: Literal["done", "diverged"]
    second_layer: np.ndarray
    first_layer: np.ndarray
    loss_floor: float
    snapshots: dict[str, np.ndarray]
    biases: np.ndarray | None = None


@dataclass
class _MemoryKeeper:
    """Keeps what a ``MemoryRun`` holds."""

    config: Config
    problem: Problem
    keeps_snapshots: bool
    rows: list[Row] = field(default_factory=list)
    status: Literal["done", "diverged"] = "done"
    last: Logged | None = None
    loss_floor: float = 0.0
    shots: list[Entry] = field(default_factory=list)

    def take(self, event: Event) -> None:
        if isinstance(event, Logged):
            self.rows.append(event.row)
            self.last = event
            self.loss_floor = event.loss_floor if np.isfinite(event.loss_floor) else self.loss_floor
            if event.snapshot and self.keeps_snapshots:
                self.shots.append(snapshot(self.problem, event.row["step"], event.state))

    def finish(self, status: Ending, message: str | None = None, trace: str | None = None) -> None:
        self.status = "diverged" if status == "diverged" else "done"

    def run(self) -> MemoryRun:
        assert self.last is not None
        state = self.last.state
        snapshots = (
            {name: np.stack([shot[name] for shot in self.shots]) for name in self.shots[0]} if self.shots else {}
        )
        if snapshots:
            snapshots |= teacher_arrays(self.problem)
        layers = separated(state.second_layer[0], state.first_layer[0], self.problem.has_biases)
        second, first = layers["second_layer"], layers["first_layer"]
        ended = self.rows, self.status, second, first, self.loss_floor, snapshots
        return MemoryRun(self.config, *ended, layers.get("biases"))


def run_batch(configs: Sequence[Config], *, snapshots: bool = False) -> list[MemoryRun]:
    """Run many experiments without writing anything.

    Each result is bit for bit the one that its configuration gives alone ("seconds" apart, which stays None).

    Args:
        snapshots: whether to keep the snapshots of the weights, which take memory.
    Raises:
        networks.InfeasibleTeacher, digests.InvalidFile, build.ScaleTooLarge, RunError: nothing has run then.
    """
    with one_blas_thread():
        experiments = [Experiment.of(config) for config in configs]
        pairs = zip(configs, experiments, strict=True)
        keepers = [_MemoryKeeper(config, experiment.problem, snapshots) for config, experiment in pairs]
        for members in groups_of(experiments):
            for _ in run_group([experiments[i] for i in members], [keepers[i] for i in members]):
                pass
    return [keeper.run() for keeper in keepers]
