"""The descent loop: stage after stage, from initial weights to logged states, without any input or output.

A batch of runs goes through its stages in step. A run that meets a stop rule waits for the next stage; one that
diverges leaves the batch. What a run computes depends neither on its company nor on where the loop was cut, so that a
run resumed from any ``Progress`` goes on as if it had never stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from featlearn.theory import population
from featlearn.training.backends import Backend
from featlearn.training.measurement import Row, measure
from featlearn.training.problem import Problem, State
from featlearn.training.stages import Operation, Stage, rows_of_stages, snapshot_steps

DIVERGED_ABOVE = 1e6  # times the loss at the start (or ‖f*‖², where that is more): the run is given up
_CHUNK_SECONDS = 0.25  # of steps between two signs of life


@dataclass(frozen=True)
class Plan:
    """What one run goes through: its stages, and which of their steps are logged and stored.

    Attributes:
        stages: in order.
        rows, snapshots: for each stage, the numbers of steps done at its metrics rows and at its neuron snapshots.
    """

    stages: tuple[Stage, ...]
    rows: tuple[np.ndarray, ...]
    snapshots: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, stages: Sequence[Stage], points: int, snapshots: int) -> Plan:
        """The plan that logs ``points`` rows and ``snapshots`` neuron snapshots over the stages."""
        rows = rows_of_stages(stages, points)
        return cls(tuple(stages), tuple(rows), tuple(snapshot_steps(rows, stages, snapshots)))

    def total_steps(self) -> int:
        return sum(s.steps for s in self.stages)

    def shape(self) -> tuple[object, ...]:
        """Equal for two plans that can go through the loop together: all but λ, η and stop thresholds."""
        kinds = tuple((s.train, s.method, s.steps, s.momentum, s.betas, s.then) for s in self.stages)
        return kinds, tuple(r.tobytes() for r in self.rows), tuple(r.tobytes() for r in self.snapshots)


@dataclass(frozen=True)
class Position:
    """How far a run is: ``stage_step`` steps of stage ``stage`` are done, ``step`` in all."""

    stage: int = 0
    stage_step: int = 0
    step: int = 0


@dataclass(frozen=True)
class AtRow:
    """The state at the last row, after ``stage_step`` steps of the stage: where the search for a divergence begins."""

    state: State
    stage_step: int


@dataclass(frozen=True)
class Start:
    """Where a run begins, or goes on: its position, the state there, and what it must remember from before.

    Attributes:
        start_loss: the loss at step 0, for the divergence rule; None when step 0 has not been logged yet.
        at_row: the last logged row's, when the position is past it.
    """

    state: State
    position: Position = Position()
    start_loss: float | None = None
    at_row: AtRow | None = None


@dataclass(frozen=True)
class Progress:
    """A sign of life of one run between two rows: enough to go on from."""

    run: int
    position: Position
    state: State
    at_row: AtRow


@dataclass(frozen=True)
class Logged:
    """A metrics row of one run. ``position`` is where to go on: the next stage when this row ended one."""

    run: int
    position: Position
    state: State
    row: Row
    loss_floor: float
    snapshot: bool
    ended: str | None  # why the stage ended here: "steps", "loss", "grad_norm", "diverged"; None within a stage


Event = Progress | Logged


def descend(problem: Problem, plans: Sequence[Plan], backend: Backend, start: Start) -> Iterator[Event]:
    """Run a batch through its stages, yielding rows as they are reached and signs of life between them.

    Args:
        problem: B runs.
        plans: one for each run; ``Plan.shape`` must be the same for all.
        backend: takes the gradient steps.
        start: the state of all runs at one position.
    Raises:
        ValueError: when the plans cannot go through the loop together.
    """
    if len({plan.shape() for plan in plans}) > 1:
        raise ValueError("the runs of a batch must agree in stages, steps and logged rows")
    yield from _Descent(problem, plans, backend, start).run()


class _Descent:
    """The loop's own state: where every run is, and which of them still go on."""

    def __init__(self, problem: Problem, plans: Sequence[Plan], backend: Backend, start: Start) -> None:
        self.problem, self.plans, self.backend, self.start = problem, plans, backend, start
        self.states = [start.state.take(run) for run in range(len(plans))]
        self.earlier_steps = [start.position.step - start.position.stage_step] * len(plans)  # of earlier stages
        self.alive = list(range(len(plans)))  # the runs that have not diverged
        self.at_row: dict[int, AtRow] = {}
        self.start_row = start.at_row
        teacher = problem.teacher_second_layer, problem.teacher_first_layer
        size = population.squared_norm(problem.activation, *teacher)
        self.loss_limit = DIVERGED_ABOVE * np.maximum(size, start.start_loss or 0.0)

    def run(self) -> Iterator[Event]:
        first = self.start.position
        if self.start.start_loss is None:
            yield from self._log_start()
        for number in range(first.stage, len(self.plans[0].stages)):
            yield from self._run_stage(number, first.stage_step if number == first.stage else 0)

    def _log_start(self) -> Iterator[Event]:
        for run, (row, floor) in zip(list(self.alive), self._measure(self.alive, 0, 0), strict=True):
            ended = "diverged" if row["loss"] is None else None  # weights so large that the loss overflows
            self.loss_limit[run] = max(self.loss_limit[run], DIVERGED_ABOVE * (row["loss"] or 0.0))
            yield Logged(run, Position(), self.states[run], row, floor, snapshot=True, ended=ended)
            if ended is not None:
                self.alive.remove(run)

    def _run_stage(self, number: int, done: int) -> Iterator[Event]:
        going = list(self.alive)
        for target in (int(t) for t in self.plans[0].rows[number] if t > done):
            if not going:
                return
            self.at_row = {run: self.start_row or AtRow(self.states[run], done) for run in going}
            self.start_row = None
            yield from self._advance(going, number, done, target)
            still = []
            for run, (row, floor) in zip(going, self._measure(going, number, target), strict=True):
                if self._has_diverged(run, row["loss"]):
                    self.alive.remove(run)
                    yield self._log_divergence(run, number, target)
                    continue
                logged = self._log_row(run, number, target, row, floor)
                yield logged
                if logged.ended is None:
                    still.append(run)
            going, done = still, target

    def _advance(self, runs: list[int], number: int, done: int, target: int) -> Iterator[Progress]:
        """Take the steps from ``done`` to ``target``, in pieces short enough to show life between them."""
        stages = [self.plans[run].stages[number] for run in runs]
        problem = self.problem.take(runs)
        if stages[0].method == "ridge":
            self._solve_ridge(runs, problem, stages)
            return
        count = 16
        while done < target:
            count = min(count, target - done)
            began = time.perf_counter()
            batch = State.stack([self.states[run] for run in runs])
            batch = self.backend.advance(problem, stages, batch, done, count)
            for i, run in enumerate(runs):
                self.states[run] = batch.take(i)
            done += count
            finite = batch.finite()
            if not finite.any():
                return
            for i, run in enumerate(runs):
                if finite[i] and done < target:
                    position = Position(number, done, self.earlier_steps[run] + done)
                    yield Progress(run, position, self.states[run], self.at_row[run])
            pace = count / max(time.perf_counter() - began, 1e-6)
            count = max(1, int(pace * _CHUNK_SECONDS))

    def _solve_ridge(self, runs: list[int], problem: Problem, stages: list[Stage]) -> None:
        rows = np.concatenate([self.states[run].first_layer for run in runs])
        teacher = problem.teacher_second_layer, problem.teacher_first_layer
        decay = np.array([stage.weight_decay.start for stage in stages])
        second = population.ridge_second_layer(problem.activation, rows.astype(np.float64), *teacher, decay)
        for i, run in enumerate(runs):
            self.states[run] = State(second[i : i + 1].astype(rows.dtype), rows[i : i + 1])

    def _measure(self, runs: list[int], number: int, stage_step: int) -> list[tuple[Row, float]]:
        """The metrics row of each run, and its loss floor; the runs stand at the same step of one stage."""
        stages = [self.plans[run].stages[number] for run in runs]
        batch = State.stack([self.states[run] for run in runs])
        rows, floors = measure(self.problem.take(runs), stages, batch, stage_step)
        for run, row in zip(runs, rows, strict=True):
            row["step"] = self.earlier_steps[run] + stage_step
        return list(zip(rows, floors.tolist(), strict=True))

    def _log_row(self, run: int, number: int, target: int, row: Row, floor: float) -> Logged:
        """The event of a row; a stage that ends here has its ``then`` applied first, and the row shows the result."""
        stage = self.plans[run].stages[number]
        snapshot = target in self.plans[run].snapshots[number]
        ended = _why_ended(stage, row, target)
        if ended is None:
            position = Position(number, target, self.earlier_steps[run] + target)
            return Logged(run, position, self.states[run], row, floor, snapshot, None)
        self.states[run] = _finished(self.states[run], stage.then)
        if stage.then:
            row, floor = self._measure([run], number, target)[0]
        self.earlier_steps[run] += target
        position = Position(number + 1, 0, self.earlier_steps[run])
        return Logged(run, position, self.states[run], row, floor, snapshot=True, ended=ended)

    def _has_diverged(self, run: int, loss: float | None) -> bool:
        return loss is None or loss > self.loss_limit[run] or not self.states[run].finite()[0]

    def _log_divergence(self, run: int, number: int, target: int) -> Logged:
        """The row of the first step since the last row at which the run counts as diverged, found step by step."""
        stage, problem = self.plans[run].stages[number], self.problem.take([run])
        teacher = problem.teacher_second_layer, problem.teacher_first_layer
        done = target
        if stage.method != "ridge":
            self.states[run], done = self.at_row[run].state, self.at_row[run].stage_step
        while done < target:
            self.states[run] = self.backend.advance(problem, [stage], self.states[run], done, 1)
            done += 1
            with np.errstate(all="ignore"):
                loss = population.loss(
                    problem.activation, self.states[run].second_layer, self.states[run].first_layer, *teacher
                )[0]
            if self._has_diverged(run, loss if np.isfinite(loss) else None):
                break
        row, floor = self._measure([run], number, done)[0]
        position = Position(number, done, row["step"])
        finite = bool(self.states[run].finite()[0])
        return Logged(run, position, self.states[run], row, floor, snapshot=finite, ended="diverged")


def _why_ended(stage: Stage, row: Row, done: int) -> str | None:
    """The stop rule that the row meets, or "steps" at the last step of the stage."""
    for name, threshold in stage.stop.items():
        if row[name] is not None and row[name] <= threshold:
            return name
    return "steps" if done == stage.steps else None


def _finished(state: State, then: Sequence[Operation]) -> State:
    """The state at the end of a stage: its ``then`` operations applied, the optimiser's memory dropped."""
    second, first = state.second_layer, state.first_layer
    for operation in then:
        norms = np.linalg.norm(first, axis=-1)
        unit = np.divide(first, norms[..., None], out=np.zeros_like(first), where=norms[..., None] > 0)
        if operation == "normalize_rows":
            first = unit
        else:  # balance: |a_j| = ‖w_j‖ = √(|a_j|‖w_j‖), which leaves a_j φ̃(w_j·x) as it is (degree 1)
            root = np.sqrt(np.abs(second) * norms)
            second, first = np.sign(second) * root, root[..., None] * unit
    return State(second, first)
