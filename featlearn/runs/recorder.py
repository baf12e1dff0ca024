"""What is kept of a run while it goes on: rows, snapshots, checkpoints and, in the end, its status."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from math import ceil, inf, isfinite, log10
from typing import Any, Literal, Protocol

import numpy as np

from featlearn.runs.checkpoints import Checkpoint
from featlearn.runs.curvature_record import curvature_record
from featlearn.runs.directory import RunDirectory
from featlearn.runs.environment import continued
from featlearn.runs.floors_record import floors_record
from featlearn.runs.optimum_record import optimum_records
from featlearn.runs.records import CurvatureRecord, ProgressRecord, RunInfo, StageRecord
from featlearn.runs.series_record import Largest, beyond_reach, largest_of, series_record
from featlearn.storage.errors import RunError, reason
from featlearn.storage.growing_npz import Entry, GrowingNpz
from featlearn.theory.alignment import ALIVE_ABOVE
from featlearn.theory.conditioning import conditioning
from featlearn.training.backends import Backend
from featlearn.training.column import Row
from featlearn.training.descent import descend
from featlearn.training.events import Event, Logged, Progress, Start
from featlearn.training.layers import separated
from featlearn.training.measurement import followed_loss
from featlearn.training.methods import METHODS, decay_and_limit
from featlearn.training.optima import solved_beside
from featlearn.training.plan import Plan, Position
from featlearn.training.problem import Problem
from featlearn.training.state import State

CHECKPOINT_SECONDS = 1.0  # the least time between two checkpoints, except at the end of a stage
FLUSH_SECONDS = 0.5  # the least time between two rows of a run of a batch that are handed to the system


Ending = Literal["done", "diverged", "interrupted", "failed"]


class Keeper(Protocol):
    """Is told what happens to one run of a batch."""

    def take(self, event: Event) -> None:
        """An event of the descent loop."""
        ...

    def finish(self, status: Ending, message: str | None = None, trace: str | None = None) -> None:
        """The end of the run."""
        ...


def follow(
    problem: Problem,
    plans: Sequence[Plan],
    backend: Backend,
    start: Start,
    keepers: Sequence[Keeper],
    *,
    interrupted: Callable[[], bool],
    watch: Callable[[Event], None] = lambda event: None,
    every_row: bool = True,
) -> Iterator[int]:
    """Run a batch and tell each run's keeper of its events, and how it ended; yields the runs as they end.

    When ``interrupted`` says so, the runs that go on are finished as interrupted. An exception leaves them unfinished.
    """
    with solved_beside(problem, plans, every_row=every_row):
        going = set(range(len(plans)))
        status: Ending = "done"
        for event in descend(problem, plans, backend, start, every_row=every_row):
            keepers[event.run].take(event)
            watch(event)
            diverged = isinstance(event, Logged) and event.ended == "diverged"
            if diverged or event.position.stage == len(plans[0].stages):
                if diverged:
                    alpha = float(problem.lazy_scale[event.run])
                    keepers[event.run].finish("diverged", advice(plans[event.run], event, alpha))
                else:
                    keepers[event.run].finish("done")
                going.remove(event.run)
                yield event.run
            if interrupted() and going:
                status = "interrupted"
                break
        for run in sorted(going):  # also runs that were resumed after their last step, for which no event came
            keepers[run].finish(status)
            yield run


def advice(plan: Plan, event: Event, alpha: float = 1.0) -> str:
    """What to try after a divergence, whose row the event is, of a student whose steps are divided by ``alpha``²."""
    assert isinstance(event, Logged)
    row = event.row
    stage = plan.stages[event.position.stage]
    method = METHODS[stage.method]
    loss = row["train_loss"] if row["loss"] is None else row["loss"]
    why = method.overflow if loss is None else f"the loss is {loss:.3g}"
    message = f"diverged at step {row['step']} (step {row['stage_step']} of stage {row['stage']}): {why}"
    if row["step_size"] and stage.step_size is not None:
        product, limit = decay_and_limit(stage, max(0, event.position.stage_step - 1), alpha)
        # half of the limit: near it, weights shrink slowly and with alternating signs
        known = limit < product < inf
        tenths = max(1, ceil(log10(product / limit) + log10(2))) if known else 1
        change = f"stages.{stage.name}.step_size{stage.step_size.set_to_part(10.0**tenths)}"
        message += f"; try a smaller step: --set {shlex.quote(change)}"
        divided = "" if alpha == 1 else f" over α² = {alpha**2:.3g}"
        if product > limit:
            message += f" (weight decay times step size{divided} is {product:.3g}, and must stay below {limit:g})"
    if stage.loss == "correlation":
        message += "; the correlation alone has no minimum: take fewer steps, weight decay, or constraint: unit_rows"
    return message


def has_vanished(problem: Problem, event: Logged) -> bool:
    """Whether the network of the one run is zero, so that its error is the target itself, whatever that is.

    No mass p_j is above the share ``ALIVE_ABOVE`` of what the target has: Σ|a*| of teacher neurons, √loss otherwise.
    """
    loss, alive = followed_loss(problem, event.row), event.row["alive"]
    known = alive is not None and not problem.has_biases  # a neuron may be its bias alone
    if known or loss is None or event.ended == "diverged":
        return bool(alive == 0)
    second, first = (layer[0].astype(np.float64) for layer in (event.state.second_layer, event.state.first_layer))
    masses = problem.output_weights(np.abs(second)[None])[0] * np.linalg.norm(first, axis=-1)
    return bool(masses.max() <= ALIVE_ABOVE * np.sqrt(loss))


class Recorder:
    """The keeper that writes a run directory.

    What was written last is the first that a power cut takes back. So rows and snapshots are on the disk before the
    checkpoint that counts them, and all of these before ``run.json`` says that the run has stopped.
    """

    def __init__(
        self,
        run: RunDirectory,
        problem: Problem,
        plan: Plan,
        info: RunInfo,
        checkpoint_seconds: float | None = None,
        *,
        floors: bool = True,
        curvature: bool = False,
    ) -> None:
        """``problem`` is the run's own (B = 1); ``info`` what its run.json says; the others: whether to have them."""
        self.run, self.problem, self.plan, self.info = run, problem, plan, info
        self.eager = checkpoint_seconds is None  # checkpoints at the end of each stage too
        self.checkpoint_seconds = CHECKPOINT_SECONDS if checkpoint_seconds is None else checkpoint_seconds
        self.floors, self.curvature = floors, curvature
        self.end: State | None = None  # that of the checkpoint a run goes on from
        self.rows = 0
        self.last_row: Row | None = None
        self.last_event: Event | None = None
        self.start_loss: float | None = None
        self.loss_floor = 0.0
        self.largest = Largest()  # of the rows that were logged, where the kernel is a series
        self.stages: list[StageRecord] = []  # the finished ones
        self.decays: dict[float, None] = {}  # each λ of a row that has a gap, in their order
        self.snapshots: GrowingNpz | None = None  # None before the first one
        self.seconds_before = 0.0  # spent by earlier processes on this run
        self.began = time.perf_counter()
        self.last_checkpoint = -np.inf if self.eager else self.began
        self.last_flush = -np.inf

    def seconds(self) -> float:
        return self.seconds_before + time.perf_counter() - self.began

    def take(self, event: Event) -> None:
        """See ``Keeper``."""
        self.last_event, now = event, time.perf_counter()
        due = now - self.last_checkpoint > self.checkpoint_seconds
        flush = self.eager or now - self.last_flush > FLUSH_SECONDS
        if flush:
            self.last_flush = now
        if isinstance(event, Logged):
            self._log(event, now, flush=flush)
            due = event.ended != "diverged" and (due or (self.eager and event.ended is not None))
        elif flush:
            self.run.flush_rows()
        if due:
            self._checkpoint(event)

    def finish(self, status: Ending, message: str | None = None, trace: str | None = None) -> None:
        """See ``Keeper``."""
        if status in ("done", "interrupted") and self.last_event is not None:
            self._checkpoint(self.last_event)
        elif status != "failed":
            self._sync()
        rows = self.problem.directions(self.problem.teacher_first_layer)
        teacher = self.problem.teacher_second_layer, rows
        series = series_record(self.problem, self.largest)
        at_start = self.last_row is not None and self.last_row["step"] == 0
        if status == "diverged" and (beyond := beyond_reach(self.problem, series, at_start=at_start)):
            what, *to_try = (message or "").split("; ", 1)  # the cause before what to try
            message = f"cannot start: {beyond}" if at_start else "; ".join([what, beyond, *to_try])
        self.info = self.info.changed(
            status=status,
            final=self.last_row,
            stages=tuple(self.stages),
            seconds=self.seconds(),
            loss_floor=self.loss_floor if self.problem.has_teacher else None,
            optima=optimum_records(self.problem, self.decays),
            conditioning=conditioning(*(x[0] for x in teacher)) if self.problem.has_teacher_neurons else None,
            floors=floors_record(self.problem) if self.floors and status in ("done", "diverged") else None,
            curvature=self._curvature() if self.curvature and status == "done" else None,
            series=series,
            rows=self.rows,
            message=message,
            traceback=trace,
        )
        with suppress(OSError):  # the same full disk that ended the run: the status stays "running", the log is whole
            if status == "failed":
                self._sync()
            self.run.write_info(self.info)
            if status == "diverged" and self.last_event is not None:
                # only now: had the process been killed before, resuming finds the divergence again
                self._checkpoint(self.last_event)

    def _curvature(self) -> CurvatureRecord | None:
        state = self.end if self.last_event is None else self.last_event.state
        return None if state is None else curvature_record(self.problem, self.plan, state, self.stages[-1].steps)

    def _log(self, event: Logged, now: float, *, flush: bool) -> None:
        row = event.row | {"seconds": self.seconds_before + now - self.began}
        self.run.append_row(row, flush=flush)
        self.rows += 1
        self.last_row = row
        self.largest = self.largest.joined(largest_of(self.problem, event.state))
        if isfinite(event.loss_floor):
            self.loss_floor = event.loss_floor
        if row["step"] == 0:
            self.start_loss = followed_loss(self.problem, row)
        if row["gap"] is not None:
            self.decays[row["weight_decay"]] = None
        if event.snapshot:
            entry = snapshot(self.problem, row["step"], event.state)
            if self.snapshots is None:
                self.snapshots = self._snapshots_like(entry)
            self.snapshots.append(entry)
        if event.ended is not None:
            seconds = self.seconds() - sum(stage.seconds for stage in self.stages)
            neurons, distinct = event.neurons or (None, None)
            self.stages.append(
                StageRecord(
                    name=row["stage"],
                    steps=row["stage_step"],
                    seconds=seconds,
                    stop_reason=event.ended,
                    neurons=neurons,
                    distinct_neurons=distinct,
                    vanished=has_vanished(self.problem, event) or None,
                    **self._end_of_stage(event),
                )
            )

    def _end_of_stage(self, event: Logged) -> dict[str, Any]:
        """What the record of a stage says of the operations at its end, where it has any."""
        if event.loss_before is None:
            return {}
        return {"then": self.plan.stages[event.position.stage - 1].then, "loss_before": event.loss_before}

    def _snapshots_like(self, entry: Entry) -> GrowingNpz:
        """The file of the snapshots; nothing is written yet."""
        # one at the start, those that are planned, and one where a stage ends early or the run diverges
        capacity = 1 + sum(len(steps) + 1 for steps in self.plan.snapshots)
        return GrowingNpz(self.run.snapshots_file, teacher_arrays(self.problem), entry, capacity)

    # --- checkpoints ------------------------------------------------------------------------------

    def _sync(self) -> None:
        """Let all rows and snapshots be on the disk."""
        self.run.sync_rows()
        if self.snapshots is not None:
            self.snapshots.sync()

    def _checkpoint(self, event: Event) -> None:
        self._sync()
        position, snapshots = event.position, self.snapshots
        at_row = event.at_row if isinstance(event, Progress) else None
        progress = ProgressRecord(
            config_hash=self.info.config_hash,
            position=(position.stage, position.stage_step, position.step),
            row_stage_step=None if at_row is None else at_row.stage_step,
            rows=self.rows,
            snapshots=0 if snapshots is None else snapshots.count,
            snapshot_sums=() if snapshots is None else snapshots.sums,
            decays=tuple(self.decays),
            start_loss=self.start_loss,
            loss_floor=self.loss_floor,
            stages=tuple(self.stages),
            seconds=self.seconds(),
            largest_norm=self.largest.norm,
            largest_bias=self.largest.bias,
        )
        there = None if at_row is None else at_row.state
        Checkpoint(progress, event.state, there, self.problem.has_biases).write(self.run)
        self.last_checkpoint = time.perf_counter()

    def restore(self, start: Start) -> Start:
        """Where the last checkpoint left the run; rows and snapshots after it are cut off, to be made again.

        Raises:
            RunError: when the checkpoint, or what it counts, is not whole. The run is then as it was.
            OSError: when the run cannot be written.
        """
        if self.run.checkpoint_file.exists():
            start = self._go_on(Checkpoint.read(self.run, self.info.config_hash), start.state)
        self.run.keep_rows(self.rows)
        self.info = continued(self.info, start.position.step)
        self.info = self.info.changed(status="running", rows=None, resumed=self.info.resumed + 1)
        self.run.write_info(self.info)
        return start

    def _go_on(self, checkpoint: Checkpoint, like: State) -> Start:
        progress = checkpoint.progress
        rows = self.run.read_metrics(progress.rows)
        if len(rows) < progress.rows:
            counted = f"the checkpoint was written after {progress.rows}"
            raise RunError(f"{self.run.metrics_file} has {len(rows)} rows, {counted}")
        if progress.snapshots:
            self.snapshots = self._snapshots_like(snapshot(self.problem, 0, like))
            try:
                self.snapshots.keep(progress.snapshots, progress.snapshot_sums)
            except FileNotFoundError:
                raise RunError(f"{self.run.snapshots_file} is missing") from None
            except OSError as error:
                raise RunError(f"{self.run.snapshots_file} is broken: {reason(error)}") from None
            except ValueError as error:
                raise RunError(f"{self.run.snapshots_file} is broken: {error}") from None
        self.rows, self.start_loss = progress.rows, progress.start_loss
        self.last_row = rows[-1] if rows else None
        self.loss_floor, self.stages = progress.loss_floor, list(progress.stages)
        self.largest = Largest(progress.largest_norm, progress.largest_bias)
        self.decays = dict.fromkeys(progress.decays)
        self.seconds_before, self.end = progress.seconds, checkpoint.state
        loss = None if self.start_loss is None else np.array([self.start_loss])
        return Start(checkpoint.state, Position(*progress.position), loss, checkpoint.row_to_go_on_from())


def teacher_arrays(problem: Problem) -> Entry:
    """What the snapshots say of the teacher of the one run."""
    layers = separated(problem.teacher_second_layer[0], problem.teacher_first_layer[0], problem.has_biases)
    return {f"teacher_{name}": values for name, values in layers.items()}


def snapshot(problem: Problem, step: int, state: State) -> Entry:
    """The entry of the snapshots for the state of the one run; biases are an array of their own."""
    layers = separated(state.second_layer[0], state.first_layer[0], problem.has_biases)
    return {"step": np.array(step)} | {str(name): layer for name, layer in layers.items()}
