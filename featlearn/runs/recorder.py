"""What is kept of a run while it goes on: rows, snapshots, checkpoints and, in the end, its status."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Literal, Protocol

import numpy as np

from featlearn.runs.directory import RunDirectory
from featlearn.runs.floors_record import floors_record
from featlearn.runs.optimum_record import optimum_record
from featlearn.runs.records import OptimumRecord, ProgressRecord, RunInfo, StageRecord
from featlearn.storage.errors import RunError
from featlearn.storage.records import parse_file
from featlearn.training.backends import Backend
from featlearn.training.descent import descend
from featlearn.training.events import AtRow, Event, Logged, Progress, Start
from featlearn.training.measurement import Row
from featlearn.training.methods import METHODS
from featlearn.training.plan import Plan, Position
from featlearn.training.problem import Problem, State

CHECKPOINT_SECONDS = 1.0  # at least this long between two checkpoints, but for the end of a stage


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
    going = set(range(len(plans)))
    status: Ending = "done"
    for event in descend(problem, plans, backend, start, every_row=every_row):
        keepers[event.run].take(event)
        watch(event)
        diverged = isinstance(event, Logged) and event.ended == "diverged"
        if diverged or event.position.stage == len(plans[0].stages):
            if diverged:
                keepers[event.run].finish("diverged", advice(plans[event.run], event))
            else:
                keepers[event.run].finish("done")
            going.remove(event.run)
            yield event.run
        if interrupted() and going:
            status = "interrupted"
            break
    for run in sorted(going):  # or resumed after their last step
        keepers[run].finish(status)
        yield run


def advice(plan: Plan, event: Event) -> str:
    """What to try after a divergence, whose row the event is."""
    assert isinstance(event, Logged)
    row = event.row
    stage = plan.stages[event.position.stage]
    method = METHODS[stage.method]
    why = method.overflow if row["loss"] is None else f"the loss is {row['loss']:.3g}"
    message = f"diverged at step {row['step']} (step {row['stage_step']} of stage {row['stage']}): {why}"
    decay, size = row["weight_decay"], row["step_size"]
    if size and stage.step_size is not None:
        key = "step_size" if stage.step_size.factor == 1 else "step_size.start"
        message += f"; try a smaller step: --set stages.{stage.name}.{key}={stage.step_size.start / 10:g}"
        limit = method.decay_limit and method.decay_limit(**method.values(stage.parameters))
        if limit and decay and decay * size > limit:
            message += f" (weight decay times step size is {decay * size:.3g}, and must stay below {limit:g})"
    return message


class Recorder:
    """The keeper that writes a run directory."""

    def __init__(
        self,
        run: RunDirectory,
        problem: Problem,
        info: RunInfo,
        checkpoint_seconds: float | None = None,
        *,
        floors: bool = True,
    ) -> None:
        """``problem`` is the run's own (B = 1); ``info`` what its run.json says; ``floors``: whether to have them."""
        self.run, self.problem, self.info = run, problem, info
        self.eager = checkpoint_seconds is None  # checkpoints at the end of each stage too
        self.checkpoint_seconds = CHECKPOINT_SECONDS if checkpoint_seconds is None else checkpoint_seconds
        self.floors = floors
        self.rows = 0
        self.last_row: Row | None = None
        self.last_event: Event | None = None
        self.start_loss: float | None = None
        self.loss_floor = 0.0
        self.stages: list[StageRecord] = []  # the finished ones
        self.snapshots: dict[str, list[Any]] = {"step": [], "first_layer": [], "second_layer": []}
        self.new_snapshots = True
        self.seconds_before = 0.0  # spent by earlier processes on this run
        self.began = time.perf_counter()
        self.last_checkpoint = -np.inf if self.eager else self.began

    def seconds(self) -> float:
        return self.seconds_before + time.perf_counter() - self.began

    def take(self, event: Event) -> None:
        """See ``Keeper``."""
        self.last_event = event
        due = time.perf_counter() - self.last_checkpoint > self.checkpoint_seconds
        if isinstance(event, Logged):
            self._log(event)
            due = event.ended != "diverged" and (due or (self.eager and event.ended is not None))
        if due:
            self._checkpoint(event)

    def finish(self, status: Ending, message: str | None = None, trace: str | None = None) -> None:
        """See ``Keeper``."""
        if status in ("done", "interrupted") and self.last_event is not None:
            self._checkpoint(self.last_event)
        self.info = self.info.changed(
            status=status,
            final=self.last_row,
            stages=tuple(self.stages),
            seconds=self.seconds(),
            loss_floor=self.loss_floor,
            optima=tuple(self._optima()),
            floors=floors_record(self.problem) if self.floors and status in ("done", "diverged") else None,
            message=message,
            traceback=trace,
        )
        with suppress(OSError):  # the same full disk that ended the run: the status stays "running", the log is whole
            self.run.write_info(self.info)
            if status == "diverged" and self.last_event is not None:
                # only now: had the process been killed before, resuming finds the divergence again
                self._checkpoint(self.last_event)

    def _optima(self) -> list[OptimumRecord]:
        """What the gaps of the run are measured against, for each λ of its rows."""
        with suppress(OSError, RunError):
            decays = {row["weight_decay"]: None for row in self.run.read_metrics() if row["gap"] is not None}
            return [optimum_record(self.problem, decay) for decay in decays]
        return []

    def _log(self, event: Logged) -> None:
        row = event.row | {"seconds": self.seconds()}
        self.run.append_row(row)
        self.rows += 1
        self.last_row = row
        if np.isfinite(event.loss_floor):
            self.loss_floor = event.loss_floor
        if row["step"] == 0:
            self.start_loss = row["loss"]
        if event.snapshot:
            self.snapshots["step"].append(row["step"])
            self.snapshots["first_layer"].append(event.state.first_layer[0])
            self.snapshots["second_layer"].append(event.state.second_layer[0])
            self.new_snapshots = True
        if event.ended is not None:
            seconds = self.seconds() - sum(stage.seconds for stage in self.stages)
            self.stages.append(
                StageRecord(name=row["stage"], steps=row["stage_step"], seconds=seconds, stop_reason=event.ended)
            )

    # --- checkpoints ------------------------------------------------------------------------------

    def _checkpoint(self, event: Event) -> None:
        """All that resuming needs. Rows and snapshots are on the disk before the checkpoint that counts them."""
        self.run.sync_rows()
        if self.new_snapshots:
            teacher = {
                "teacher_first_layer": self.problem.teacher_first_layer[0],
                "teacher_second_layer": self.problem.teacher_second_layer[0],
            }
            snapshots = {name: np.array(values) for name, values in self.snapshots.items()}
            self.run.write_arrays(self.run.snapshots_file, snapshots | teacher)
            self.new_snapshots = False
        position, arrays = event.position, _state_arrays(event.state, "")
        at_row = event.at_row if isinstance(event, Progress) else None
        if at_row is not None:
            arrays |= _state_arrays(at_row.state, "row.")
        progress = ProgressRecord(
            position=(position.stage, position.stage_step, position.step),
            row_stage_step=None if at_row is None else at_row.stage_step,
            rows=self.rows,
            snapshots=len(self.snapshots["step"]),
            start_loss=self.start_loss,
            loss_floor=self.loss_floor,
            stages=tuple(self.stages),
            seconds=self.seconds(),
        )
        self.run.write_arrays(self.run.checkpoint_file, arrays | {"progress": np.array(progress.text().decode())})
        self.last_checkpoint = time.perf_counter()

    def restore(self, start: Start) -> Start:
        """Where the last checkpoint left the run; rows and snapshots after it are cut off, to be made again."""
        self.info = self.info.changed(status="running", resumed=self.info.resumed + 1)
        self.run.write_info(self.info)
        if not self.run.checkpoint_file.exists():
            self.run.keep_rows(0)
            return start
        arrays = self.run.read_arrays(self.run.checkpoint_file)
        snapshots = self.run.read_arrays(self.run.snapshots_file)
        try:
            progress = parse_file(str(arrays.pop("progress")), ProgressRecord, self.run.checkpoint_file)
            for name, values in self.snapshots.items():
                values.extend(snapshots[name][: progress.snapshots])
            position = Position(*progress.position)
            at_row = None
            if progress.row_stage_step is not None:
                at_row = AtRow(_state_of(arrays, "row.", start.state), progress.row_stage_step)
            state = _state_of(arrays, "", start.state)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise RunError(f"{self.run.checkpoint_file} is broken: {error}") from None
        self.rows, self.start_loss = progress.rows, progress.start_loss
        self.loss_floor, self.stages = progress.loss_floor, list(progress.stages)
        self.seconds_before, self.new_snapshots = progress.seconds, False
        self.run.keep_rows(self.rows)
        if self.rows:
            self.last_row = self.run.read_metrics()[-1]
        loss = None if self.start_loss is None else np.array([self.start_loss])
        return Start(state, position, loss, at_row)


def _state_arrays(state: State, prefix: str) -> dict[str, np.ndarray]:
    """The arrays of one run's state, named for a checkpoint."""
    arrays = {f"{prefix}first_layer": state.first_layer[0], f"{prefix}second_layer": state.second_layer[0]}
    return arrays | {f"{prefix}memory.{name}": values[0] for name, values in state.memory.items()}


def _state_of(arrays: dict[str, np.ndarray], prefix: str, like: State) -> State:
    """The state that ``_state_arrays`` stored. Raises ValueError when its weights do not fit the run."""
    second, first = arrays[f"{prefix}second_layer"][None], arrays[f"{prefix}first_layer"][None]
    for found, wanted in ((second, like.second_layer), (first, like.first_layer)):
        if (found.shape, found.dtype) != (wanted.shape, wanted.dtype):
            raise ValueError(f"weights of shape {found.shape[1:]} where the run has {wanted.shape[1:]}")
    start = f"{prefix}memory."
    memory = {name.removeprefix(start): values[None] for name, values in arrays.items() if name.startswith(start)}
    return State(second, first, memory)
