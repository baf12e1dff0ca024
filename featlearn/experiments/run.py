"""One experiment: a configuration goes in, a run directory comes out; or many at once, in memory."""

from __future__ import annotations

import json
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from featlearn.experiments import environment
from featlearn.experiments.config import Config
from featlearn.experiments.config_file import load_config
from featlearn.experiments.problem import build
from featlearn.experiments.records import ProgressRecord, parse_object
from featlearn.experiments.runs import RunDirectory, RunError, RunInfo
from featlearn.training.backends import Backend, BackendError, make_backend
from featlearn.training.descent import AtRow, Event, Logged, Plan, Position, Progress, Start, descend
from featlearn.training.measurement import Row
from featlearn.training.problem import Problem, State

CHECKPOINT_SECONDS = 1.0  # at least this long between two checkpoints, but for the end of a stage
Watcher = Callable[[RunDirectory, Plan, Event], None]  # told of every event, after it is on disk


@dataclass(frozen=True)
class RunResult:
    """How a run ended: its directory and what its ``run.json`` says."""

    run: RunDirectory
    info: RunInfo

    @property
    def status(self) -> str:
        return str(self.info["status"])


def train(config: Config, runs_dir: Path, watch: Watcher | None = None) -> RunResult:
    """Run one experiment in a new run directory.

    Args:
        config: a resolved configuration, see ``config_file.load_config``.
        runs_dir: where the directory is made.
        watch: called after each event of the descent loop.
    Returns:
        The result; a run that failed, diverged or was interrupted is one too.
    Raises:
        RunError: when the requested device is not there or the directory cannot be made; nothing is left behind.
    """
    backend = _backend(config)
    config = config.model_copy(update={"backend": backend.name, "device": backend.device})
    with threadpool_limits(1, user_api="blas"):
        problem, plan, start = build(config)
        try:
            run = RunDirectory.create(runs_dir, config, _first_info(config, backend))
        except OSError as error:
            raise RunError(f"cannot make a run directory in {runs_dir}: {error.strerror or error}") from None
        try:
            return _Recorder(run, plan).record(problem, backend, start, watch)
        finally:
            run.release()


def resume(run: RunDirectory, watch: Watcher | None = None) -> RunResult:
    """Go on with a run that was interrupted, killed or failed, from its last checkpoint.

    Raises:
        RunError: when the run is finished or diverged, in use, or its files are broken.
        ConfigError: when its configuration was damaged.
    """
    info = run.read_info()
    if info["status"] in ("done", "diverged"):
        raise RunError(f"{run.path} has status {info['status']}: there is nothing to resume")
    config = load_config(run.config_file)
    if config.digest() != info.get("config_hash"):
        raise RunError(f"{run.config_file} was changed since the run began; start a new run from it")
    backend = _backend(config)
    run.lock()
    try:
        with threadpool_limits(1, user_api="blas"):
            problem, plan, start = build(config)
            recorder = _Recorder(run, plan)
            return recorder.record(problem, backend, recorder.restore(start), watch)
    except OSError as error:
        raise RunError(f"{run.path} cannot be written: {error.strerror or error}") from None
    finally:
        run.release()


def _backend(config: Config) -> Backend:
    try:
        return make_backend(config.backend, config.device, config.precision)
    except BackendError as error:
        raise RunError(str(error)) from None


def _first_info(config: Config, backend: Backend) -> RunInfo:
    return {
        "name": config.name,
        "status": "running",
        "created": datetime.now().astimezone().isoformat(timespec="seconds"),
        "config_hash": config.digest(),
        "seed": config.seed,
        "final": None,
        "stages": [],
        "seconds": 0.0,
        "loss_floor": None,
        "message": None,
        "traceback": None,
        "resumed": 0,
        "backend": backend.name,
        "device": backend.device,
        "threads": backend.threads,
        "precision": config.precision,
        "versions": environment.versions(),
        "machine": environment.machine(),
        "git": environment.git(),
    }


@dataclass
class _Recorder:
    """Writes what happens to a run: rows, snapshots, checkpoints and, in the end, its status."""

    run: RunDirectory
    plan: Plan
    rows: int = 0
    last_row: Row | None = None
    start_loss: float | None = None
    loss_floor: float = 0.0
    stages: list[dict[str, Any]] = field(default_factory=list)  # the finished ones, for run.json
    snapshots: dict[str, list[Any]] = field(default_factory=lambda: {"step": [], "first_layer": [], "second_layer": []})
    new_snapshots: bool = True
    seconds_before: float = 0.0  # spent by earlier processes on this run
    began: float = field(default_factory=time.perf_counter)
    last_checkpoint: float = -np.inf

    def seconds(self) -> float:
        return self.seconds_before + time.perf_counter() - self.began

    # --- the run itself ---------------------------------------------------------------------------

    def record(self, problem: Problem, backend: Backend, start: Start, watch: Watcher | None) -> RunResult:
        """Run the descent loop to its end, or to an interruption, an error or a divergence."""
        info = self.run.read_info()
        status, message, trace = "done", None, None
        event: Event | None = None
        with _interruptible() as interrupted:
            try:
                for event in descend(problem, [self.plan], backend, start):
                    self._take(event, problem)
                    if watch is not None:
                        watch(self.run, self.plan, event)
                    if isinstance(event, Logged) and event.ended == "diverged":
                        status, message = "diverged", self._advice(event)
                    elif interrupted():
                        status = "interrupted"
                        break
                if event is not None and status != "diverged":
                    self._checkpoint(event, problem)
            except OSError as error:
                status, message = "failed", f"{error.strerror or error} (writing to {self.run.path})"
            except MemoryError as error:
                status, message, trace = "failed", f"out of memory: {error}", traceback.format_exc()
            except Exception as error:
                status, message, trace = "failed", f"{type(error).__name__}: {error}", traceback.format_exc()
        info |= {
            "status": status,
            "final": self.last_row,
            "stages": self.stages,
            "seconds": self.seconds(),
            "loss_floor": self.loss_floor,
            "message": message,
            "traceback": trace,
        }
        with suppress(OSError):  # the same full disk that ended the run: the status stays "running", the log is whole
            self.run.write_info(info)
            if status == "diverged" and event is not None:
                # only now: had the process been killed before, resuming finds the divergence again
                self._checkpoint(event, problem)
        return RunResult(self.run, info)

    def _take(self, event: Event, problem: Problem) -> None:
        if isinstance(event, Progress):
            if time.perf_counter() - self.last_checkpoint > CHECKPOINT_SECONDS:
                self._checkpoint(event, problem)
            return
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
            earlier = sum(stage["seconds"] for stage in self.stages)
            self.stages.append(
                {
                    "name": row["stage"],
                    "steps": row["stage_step"],
                    "seconds": self.seconds() - earlier,
                    "stop_reason": event.ended,
                }
            )
        due = time.perf_counter() - self.last_checkpoint > CHECKPOINT_SECONDS
        if event.ended != "diverged" and (due or event.ended is not None):
            self._checkpoint(event, problem)

    def _advice(self, event: Logged) -> str:
        row = event.row
        loss = "not finite" if row["loss"] is None else f"{row['loss']:.3g}"
        message = (
            f"diverged at step {row['step']} (step {row['stage_step']} of stage {row['stage']}): the loss is {loss}"
        )
        stage = self.plan.stages[event.position.stage]
        decay, size = row["weight_decay"], row["step_size"]
        if size and stage.step_size is not None:
            key = "step_size" if stage.step_size.factor == 1 else "step_size.start"
            message += f"; try a smaller step: --set stages.{stage.name}.{key}={stage.step_size.start / 10:g}"
            if decay and decay * size > 2:
                message += f" (weight decay times step size is {decay * size:.3g}, and must stay below 2)"
        return message

    # --- checkpoints ------------------------------------------------------------------------------

    def _checkpoint(self, event: Event, problem: Problem) -> None:
        """All that resuming needs. The snapshots go first: the checkpoint knows how many of them are its own."""
        if self.new_snapshots:
            teacher = {
                "teacher_first_layer": problem.teacher_first_layer[0],
                "teacher_second_layer": problem.teacher_second_layer[0],
            }
            snapshots = {name: np.array(values) for name, values in self.snapshots.items()}
            self.run.write_arrays(self.run.snapshots_file, snapshots | teacher)
            self.new_snapshots = False
        position, arrays = event.position, _state_arrays(event.state, "")
        at_row = event.at_row if isinstance(event, Progress) else None
        if at_row is not None:
            arrays |= _state_arrays(at_row.state, "row.")
        progress = {
            "position": [position.stage, position.stage_step, position.step],
            "row_stage_step": None if at_row is None else at_row.stage_step,
            "rows": self.rows,
            "snapshots": len(self.snapshots["step"]),
            "start_loss": self.start_loss,
            "loss_floor": self.loss_floor,
            "stages": self.stages,
            "seconds": self.seconds(),
        }
        self.run.write_arrays(self.run.checkpoint_file, arrays | {"progress": np.array(json.dumps(progress))})
        self.last_checkpoint = time.perf_counter()

    def restore(self, start: Start) -> Start:
        """Where the last checkpoint left the run; rows and snapshots after it are cut off, to be made again."""
        info = self.run.read_info()
        self.run.write_info(info | {"status": "running", "resumed": info.get("resumed", 0) + 1})
        if not self.run.checkpoint_file.exists():
            self.run.keep_rows(0)
            return start
        arrays = self.run.read_arrays(self.run.checkpoint_file)
        snapshots = self.run.read_arrays(self.run.snapshots_file)
        try:
            progress = parse_object(str(arrays.pop("progress")), ProgressRecord)
            for name, values in self.snapshots.items():
                values.extend(snapshots[name][: progress["snapshots"]])
            position = Position(*progress["position"])
            at_row = None
            if progress["row_stage_step"] is not None:
                at_row = AtRow(_state_of(arrays, "row.", start.state), progress["row_stage_step"])
            state = _state_of(arrays, "", start.state)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise RunError(f"{self.run.checkpoint_file} is broken: {error}") from None
        self.rows, self.start_loss = progress["rows"], progress["start_loss"]
        self.loss_floor, self.stages = progress["loss_floor"], progress["stages"]
        self.seconds_before, self.new_snapshots = progress["seconds"], False
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


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Within it, a first Ctrl-C, SIGTERM or SIGHUP only sets a flag, so that files stay whole; a second ends it."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    numbers = [n for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- many runs, in memory -----------------------------------------------------------------------


@dataclass(frozen=True)
class MemoryRun:
    """What one run of a batch logged, and its final weights (m) and (m, d)."""

    rows: list[Row]
    status: str  # "done" or "diverged"
    second_layer: np.ndarray
    first_layer: np.ndarray


def run_batch(configs: Sequence[Config]) -> list[MemoryRun]:
    """Run many experiments without writing anything; those of equal shape share each call of the backend.

    Each result is bit for bit the one that its configuration gives alone ("seconds" apart, which stays None).

    Raises:
        networks.InfeasibleTeacher, problem.InvalidWeights, RunError: as ``train``; nothing has run then.
    """
    with threadpool_limits(1, user_api="blas"):
        built = [(build(config), _backend(config)) for config in configs]
    groups: dict[Any, list[int]] = {}
    for i, ((problem, plan, start), backend) in enumerate(built):
        shapes = problem.teacher_first_layer.shape, start.state.first_layer.shape, start.state.first_layer.dtype
        key = plan.shape(), shapes, problem.activation, backend.name, backend.device
        groups.setdefault(key, []).append(i)
    results: dict[int, MemoryRun] = {}
    with threadpool_limits(1, user_api="blas"):
        for members in groups.values():
            results |= zip(members, _run_group([built[i] for i in members]), strict=True)
    return [results[i] for i in range(len(configs))]


def _run_group(built: list[tuple[tuple[Problem, Plan, Start], Backend]]) -> list[MemoryRun]:
    problem = Problem.stack([b[0][0] for b in built])
    plans = [b[0][1] for b in built]
    start = Start(State.stack([b[0][2].state for b in built]))
    rows: list[list[Row]] = [[] for _ in built]
    last: dict[int, Logged] = {}
    for event in descend(problem, plans, built[0][1], start):
        if isinstance(event, Logged):
            rows[event.run].append(event.row)
            last[event.run] = event
    return [
        MemoryRun(
            rows[i],
            "diverged" if last[i].ended == "diverged" else "done",
            last[i].state.second_layer[0],
            last[i].state.first_layer[0],
        )
        for i in range(len(built))
    ]
