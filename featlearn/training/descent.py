"""The descent loop: stage after stage, from initial weights to logged states, without any input or output.

A batch of runs goes through its stages in step. A run that meets a stop rule waits for the next stage; one that
diverges leaves the batch. What a run computes depends neither on its company nor on where the loop was cut, so that a
run resumed from any ``Progress`` goes on as if it had never stopped.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from featlearn.theory import population
from featlearn.training import data, methods
from featlearn.training.backends import Backend
from featlearn.training.measurement import Row, measure
from featlearn.training.problem import BATCH_LOSS, Problem, State
from featlearn.training.stages import Operation, Stage, rows_of_stages, snapshot_steps

DIVERGED_ABOVE = 1e6  # times the loss at the start (or ‖f*‖², where that is more): the run is given up
_PIECE_SECONDS = 0.25  # of steps between two signs of life
_FIRST_PIECE = 16  # steps, until their pace is known; of methods whose steps may be long, one


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
        kinds = tuple((s.train, s.method, s.steps, s.momentum, s.betas, s.then) for s in self.stages)
        return kinds, self.gap, tuple(r.tobytes() for r in self.rows), tuple(r.tobytes() for r in self.snapshots)


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

    def take(self, run: int) -> AtRow:
        """Of one run of the batch."""
        return AtRow(self.state.take([run]), self.stage_step)


@dataclass(frozen=True)
class Start:
    """Where a batch begins, or goes on: its position, the states there, and what it must remember from before.

    Attributes:
        start_loss: (B,) the losses at step 0, for the divergence rule; None when step 0 has not been logged yet.
        at_row: the last logged row's, when the position is past it.
    """

    state: State
    position: Position = Position()
    start_loss: np.ndarray | None = None
    at_row: AtRow | None = None

    @staticmethod
    def stack(starts: Sequence[Start]) -> Start:
        """The start of a batch from those of its runs, which agree in position and in what they remember."""
        first = starts[0]
        loss = None if first.start_loss is None else np.concatenate([cast("np.ndarray", s.start_loss) for s in starts])
        at_row = None
        if first.at_row is not None:
            states = [cast("AtRow", s.at_row).state for s in starts]
            at_row = AtRow(State.stack(states), first.at_row.stage_step)
        return Start(State.stack([s.state for s in starts]), first.position, loss, at_row)


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
    ended: str | None  # why the stage ended here: "steps", "loss", "grad_norm", "gap", "diverged"; None within a stage


Event = Progress | Logged


def descend(
    problem: Problem, plans: Sequence[Plan], backend: Backend, start: Start, *, every_row: bool = True
) -> Iterator[Event]:
    """Run a batch through its stages, yielding rows as they are reached and signs of life between them.

    Args:
        problem: B runs.
        plans: one for each run; ``Plan.shape`` must be the same for all.
        backend: takes the gradient steps, or computes the gradients of methods that take their own.
        start: the state of all runs at one position.
        every_row: yield every row of the plans; otherwise only the first, and those at which a stage ends. Stop rules
            and divergence are looked for at every row all the same, so that the runs are the same.
    Raises:
        ValueError: when the plans cannot go through the loop together.
    """
    if len({plan.shape() for plan in plans}) > 1:
        raise ValueError("the runs of a batch must agree in stages, steps and logged rows")
    yield from _Descent(problem, plans, backend, start, every_row).run()


class _Descent:
    """The loop's own state: where every run is, and which of them still go on."""

    def __init__(
        self, problem: Problem, plans: Sequence[Plan], backend: Backend, start: Start, every_row: bool
    ) -> None:
        self.problem, self.plans, self.backend, self.start, self.every_row = problem, plans, backend, start, every_row
        self.states = [start.state.take([run]) for run in range(len(plans))]  # of the runs when no stage has them
        self.earlier_steps = [start.position.step - start.position.stage_step] * len(plans)  # of earlier stages
        self.alive = list(range(len(plans)))  # the runs that have not diverged
        teacher = problem.teacher_second_layer, problem.teacher_first_layer
        size = population.squared_norm(problem.activation, *teacher)
        self.piece = _FIRST_PIECE
        self.loss_limit = DIVERGED_ABOVE * np.maximum(size, 0.0 if start.start_loss is None else start.start_loss)

    def run(self) -> Iterator[Event]:
        first = self.start.position
        if self.start.start_loss is None:
            yield from self._log_start()
        for number in range(first.stage, len(self.plans[0].stages)):
            if self.alive:
                resumed = number == first.stage and first.stage_step > 0
                yield from self._run_stage(number, first.stage_step if resumed else 0)

    def _log_start(self) -> Iterator[Event]:
        for run, (row, floor) in zip(list(self.alive), self._measure(self.alive, self.start.state, 0, 0), strict=True):
            ended = "diverged" if row["loss"] is None else None  # weights so large that the loss overflows
            self.loss_limit[run] = max(self.loss_limit[run], DIVERGED_ABOVE * (row["loss"] or 0.0))
            yield Logged(run, Position(), self.states[run], row, floor, snapshot=True, ended=ended)
            if ended is not None:
                self.alive.remove(run)

    def _run_stage(self, number: int, done: int) -> Iterator[Event]:
        going, rows = list(self.alive), self.plans[0].rows[number]
        batch = State.stack([self.states[run] for run in going])
        at_row = AtRow(batch, done)
        if done and self.start.at_row is not None:
            at_row = AtRow(self.start.at_row.state.take(going), self.start.at_row.stage_step)
        self.piece = _FIRST_PIECE if self._by_backend(number) else 1
        rows = rows[rows > done]
        while len(rows):
            if not self.every_row:
                batch, passed = self._pass_dull_rows(going, batch, number, done, rows)
                if passed:
                    done, rows = int(rows[passed - 1]), rows[passed:]
                    at_row = AtRow(batch, done)
                    yield from self._signs_of_life(going, batch, at_row, number, done)
                    continue
            target, rows = int(rows[0]), rows[1:]
            batch = yield from self._advance(going, batch, at_row, number, done, target)
            still = []
            for i, logged in enumerate(self._look_at_row(going, batch, at_row, number, target)):
                if self.every_row or logged.ended is not None:
                    yield logged
                if logged.ended is None:
                    still.append(i)
            if not still:
                return
            if len(still) < len(going):
                going, batch = [going[i] for i in still], batch.take(still)
            at_row, done = AtRow(batch, target), target

    def _advance(
        self, runs: list[int], batch: State, at_row: AtRow, number: int, done: int, target: int
    ) -> Generator[Progress, None, State]:
        """Take the steps from ``done`` to ``target``, in pieces short enough to show life between them."""
        stages = [self.plans[run].stages[number] for run in runs]
        problem = self._problem_of(runs)
        if stages[0].method == "ridge":
            return _ridge(problem, stages, batch)
        while done < target:
            count = min(self.piece, target - done)
            began = time.perf_counter()
            batch = methods.advance(self.backend, problem, stages, batch, done, count)
            if count == self.piece:
                self._set_pace(count, time.perf_counter() - began)
            done += count
            if done < target:
                if not batch.finite().any():
                    break
                yield from self._signs_of_life(runs, batch, at_row, number, done)
        return batch

    def _signs_of_life(
        self, runs: list[int], batch: State, at_row: AtRow, number: int, done: int
    ) -> Iterator[Progress]:
        finite = batch.finite()
        for i, run in enumerate(runs):
            if finite[i]:
                position = Position(number, done, self.earlier_steps[run] + done)
                yield Progress(run, position, batch.take([i]), at_row.take(i))

    def _pass_dull_rows(
        self, runs: list[int], batch: State, number: int, done: int, rows: np.ndarray
    ) -> tuple[State, int]:
        """Go past the next rows at which nothing can end, as many as one piece holds: the batch there, and how many.

        The last row of a stage never counts among them. Whether a row is dull is told with a margin around every
        threshold; where it is not clear, the row itself has to be looked at.
        """
        stages, problem = [self.plans[run].stages[number] for run in runs], self._problem_of(runs)
        count = int(np.searchsorted(rows[:-1], done + self.piece, side="right"))
        if not count or not self._by_backend(number) or any(set(stage.stop) - {"loss"} for stage in stages):
            return batch, 0
        began = time.perf_counter()
        with np.errstate(all="ignore"):
            end, (loss, rounding) = self.backend.advance_looking(problem, stages, batch, done, rows[:count])
            stop = np.array([stage.stop.get("loss", -np.inf) for stage in stages])
            dull = loss + rounding < 0.5 * self.loss_limit[runs, None]
            dull &= loss - rounding > 1.01 * stop[:, None]
        clear = count if dull.all() else int(np.argmin(dull.all(0)))
        if clear == count:
            self._set_pace(int(rows[count - 1]) - done, time.perf_counter() - began)
            return (end, count) if end.finite().all() else (batch, 0)
        self.piece = max(1, self.piece // 16)  # something is near: do not look far ahead for a while
        if clear:
            end, _ = self.backend.advance_looking(problem, stages, batch, done, rows[:clear])
        return (end, clear) if clear else (batch, 0)

    def _set_pace(self, steps: int, seconds: float) -> None:
        """Let the next piece take as long as a piece should, growing by degrees: the first one may have compiled."""
        fitting = int(steps / max(seconds, 1e-6) * _PIECE_SECONDS)
        self.piece = max(1, min(fitting, 16 * self.piece))

    def _by_backend(self, number: int) -> bool:
        return self.plans[0].stages[number].method in methods.STEPPED_BY_BACKEND

    def _problem_of(self, runs: list[int]) -> Problem:
        return self.problem if len(runs) == len(self.plans) else self.problem.take(runs)

    def _measure(self, runs: list[int], batch: State, number: int, stage_step: int) -> list[tuple[Row, float]]:
        """The metrics row of each run, and its loss floor; the runs stand at the same step of one stage."""
        stages = [self.plans[run].stages[number] for run in runs]
        gap, problem = self.plans[0].gap, self._problem_of(runs)
        rows, floors = measure(problem, stages, batch, stage_step, self.backend, gap=gap)
        for run, row in zip(runs, rows, strict=True):
            row["step"] = self.earlier_steps[run] + stage_step
        return list(zip(rows, floors.tolist(), strict=True))

    def _look_at_row(self, runs: list[int], batch: State, at_row: AtRow, number: int, target: int) -> Iterator[Logged]:
        """The event of each run's row; a stage that ends here has its ``then`` applied first, and the row shows it."""
        measured, states = self._measure(runs, batch, number, target), [batch.take([i]) for i in range(len(runs))]
        stages = [self.plans[run].stages[number] for run in runs]
        diverged = [
            not finite or self._is_too_large(run, row["loss"])
            for run, finite, (row, _) in zip(runs, batch.finite().tolist(), measured, strict=True)
        ]
        ended = [_why_ended(stage, row, target) for stage, (row, _) in zip(stages, measured, strict=True)]
        ending = [i for i in range(len(runs)) if ended[i] is not None and not diverged[i]]
        if ending and stages[0].then:
            finished = _finished(batch.take(ending), stages[0].then)
            again = self._measure([runs[i] for i in ending], finished, number, target)
            for place, i in enumerate(ending):
                states[i], measured[i] = finished.take([place]), again[place]
        for i, run in enumerate(runs):
            if diverged[i]:
                self.alive.remove(run)
                yield self._log_divergence(run, states[i], at_row.take(i), number, target)
                continue
            snapshot = ended[i] is not None or target in self.plans[run].snapshots[number]
            position = Position(number, target, self.earlier_steps[run] + target)
            if ended[i] is not None:
                self.states[run] = State(states[i].second_layer, states[i].first_layer)
                self.earlier_steps[run] += target
                position = Position(number + 1, 0, self.earlier_steps[run])
            yield Logged(
                run, position, states[i] if ended[i] is None else self.states[run], *measured[i], snapshot, ended[i]
            )

    def _is_too_large(self, run: int, loss: float | None) -> bool:
        return loss is None or loss > self.loss_limit[run]

    def _log_divergence(self, run: int, state: State, at_row: AtRow, number: int, target: int) -> Logged:
        """The row of the first step since the last row at which the run counts as diverged, found step by step."""
        stage, problem = self.plans[run].stages[number], self.problem.take([run])
        done = target
        if stage.method != "ridge":
            state, done = at_row.state, at_row.stage_step
        while done < target:
            state = methods.advance(self.backend, problem, [stage], state, done, 1)
            done += 1
            with np.errstate(all="ignore"):
                loss = population.loss(problem.activation, *problem.in_loss(state.second_layer, state.first_layer))[0]
            if not state.finite()[0] or self._is_too_large(run, loss if np.isfinite(loss) else None):
                break
        row, floor = self._measure([run], state, number, done)[0]
        position = Position(number, done, row["step"])
        finite = bool(state.finite()[0])
        return Logged(run, position, state, row, floor, snapshot=finite, ended="diverged")


def _ridge(problem: Problem, stages: Sequence[Stage], batch: State) -> State:
    """The batch with the second layers that minimise the loss (on the population or the sample) + (λ/2)‖a‖²."""
    scale = problem.scale  # in the output weights α a the term (λ/2)‖a‖² has the coefficient λ/α²
    decay = np.array([stage.weight_decay.start for stage in stages]) / scale**2
    rows, samples = batch.first_layer.astype(np.float64), problem.samples()
    if samples is None:
        second = population.ridge_second_layer(problem.activation, rows, *problem.target(), decay)
    else:
        runs = zip(rows, samples, decay, strict=True)
        second = np.stack([data.ridge_second_layer(problem.activation, w, x.sample(), lam) for w, x, lam in runs])
    return State((second / scale[:, None]).astype(batch.first_layer.dtype), batch.first_layer)


def _why_ended(stage: Stage, row: Row, done: int) -> str | None:
    """The stop rule that the row meets, or "steps" at the last step of the stage."""
    for name, threshold in stage.stop.items():
        if row[name] is not None and row[name] <= threshold:
            return name
    return "steps" if done == stage.steps else None


def _finished(state: State, then: Sequence[Operation]) -> State:
    """The state at the end of a stage: its ``then`` operations applied, the optimiser's memory dropped.

    The loss on the last batch stays, for the row that shows this state.
    """
    second, first = state.second_layer, state.first_layer
    for operation in then:
        norms = np.linalg.norm(first, axis=-1)
        unit = np.divide(first, norms[..., None], out=np.zeros_like(first), where=norms[..., None] > 0)
        if operation == "normalize_rows":
            first = unit
        else:  # balance: |a_j| = ‖w_j‖ = √(|a_j|‖w_j‖), which leaves a_j φ̃(w_j·x) as it is (degree 1)
            root = np.sqrt(np.abs(second) * norms)
            second, first = np.sign(second) * root, root[..., None] * unit
    return State(second, first, {name: x for name, x in state.memory.items() if name == BATCH_LOSS})
