"""One experiment: a configuration goes in, a run directory comes out."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from featlearn.config.build import build
from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.environment import environment, provenance, warn_of
from featlearn.runs.interruption import interruptible
from featlearn.runs.own_functions import own_functions, why_another
from featlearn.runs.recorder import Recorder, follow
from featlearn.runs.records import ActivationRecord, RunInfo, Status, changes
from featlearn.runs.threads import one_blas_thread
from featlearn.storage.errors import RunError, reason
from featlearn.training.backends import Backend, BackendError, make_backend
from featlearn.training.events import Event, Start
from featlearn.training.plan import Plan

Watcher = Callable[[RunDirectory, Plan, Event], None]  # told of every event, after it is on disk


@dataclass(frozen=True)
class RunResult:
    """How a run ended: its directory and what its ``run.json`` says."""

    run: RunDirectory
    info: RunInfo

    @property
    def status(self) -> Status:
        return self.info.status


def train(config: Config, runs_dir: str | Path, watch: Watcher | None = None) -> RunResult:
    """Run one experiment in a new directory in ``runs_dir``; the result says if it failed, diverged or was interrupted.

    Raises:
        RunError: when the requested device is not there, the networks do not fit into memory, or the directory cannot
            be made; nothing is left behind.
    """
    runs_dir, backend = Path(runs_dir), backend_of(config)
    _begin_compiling(config, backend)
    with one_blas_thread():
        try:
            problem, plan, start = build(config)
        except MemoryError:
            text = "the networks do not fit into memory; choose a smaller student.width or teacher.input_dim"
            raise RunError(text) from None
        try:
            run = RunDirectory.create(runs_dir, config, first_info(config, backend))
        except OSError as error:
            raise RunError(f"cannot make a run directory in {runs_dir}: {reason(error)}") from None
        try:
            recorder = Recorder(
                run, problem, plan, run.read_info(), floors=config.log.floors, curvature=config.log.curvature
            )
            return _record(recorder, backend, start, watch)
        finally:
            run.release()


def resume(run: RunDirectory, watch: Watcher | None = None) -> RunResult:
    """Go on with a run that was interrupted, killed or failed, from its last checkpoint.

    Raises:
        RunError: when the run is finished or diverged, in use, its files are broken, or its activation is a function of
            the user's own that is not registered.
        ConfigError: when its configuration was damaged.
    """
    info = run.read_info()
    if info.status in ("done", "diverged"):
        raise RunError(f"{run.path} has status {info.status}: there is nothing to resume")
    if why := why_another(info.own_functions):
        raise RunError(f"{run.path} cannot be resumed: {why}")
    config = load_config(run.config_file)
    if not config.answers_to(info.config_hash):
        raise RunError(f"{run.config_file} was changed since the run began; start a new run from it")
    backend = backend_of(config)
    _begin_compiling(config, backend)
    run.lock()
    try:
        with one_blas_thread():
            problem, plan, start = build(config)
            recorder = Recorder(
                run, problem, plan, run.read_info(), floors=config.log.floors, curvature=config.log.curvature
            )
            try:
                start = recorder.restore(start)
            except RunError as error:
                raise RunError(f"{error}; {run.advice_to_begin_again()}") from None
            warn_of(
                changes(info.continued_by[-1] if info.continued_by else info, environment()), run.path, run.info_file
            )
            return _record(recorder, backend, start, watch)
    except OSError as error:
        raise RunError(f"{run.path} cannot be written: {reason(error)}") from None
    finally:
        run.release()


def _record(recorder: Recorder, backend: Backend, start: Start, watch: Watcher | None) -> RunResult:
    """Run the descent loop to its end, or to an interruption, an error or a divergence."""
    run, plan = recorder.run, recorder.plan

    def tell(event: Event) -> None:
        if watch is not None:
            watch(run, plan, event)

    with interruptible() as interrupted:
        try:
            list(follow(recorder.problem, [plan], backend, start, [recorder], interrupted=interrupted, watch=tell))
        except OSError as error:
            recorder.finish("failed", f"{reason(error)} (writing to {run.path})")
        except MemoryError as error:
            recorder.finish("failed", f"out of memory: {error}", traceback.format_exc())
        except Exception as error:
            recorder.finish("failed", f"{type(error).__name__}: {error}", traceback.format_exc())
    return RunResult(run, recorder.info)


def backend_of(config: Config) -> Backend:
    """The backend that a configuration asks for. Raises RunError when it is not there."""
    try:
        return make_backend(
            config.backend,
            config.device,
            config.precision,
            sampled=config.data.kind != "population",
            activation=config.entry(),
        )
    except BackendError as error:
        raise RunError(str(error)) from None


def _begin_compiling(config: Config, backend: Backend) -> None:
    """Let what is not compiled yet be compiled while networks, floors and optima are made."""
    if backend.name == "fused":
        from featlearn.training.backends.fused import begin_compiling

        polynomial = config.teacher is not None and config.teacher.polynomial is not None
        rows = min(config.log.points, 1 + sum(stage.steps or 1 for stage in config.stages.values()))
        begin_compiling(config.entry(), config.student.width or 0, rows, polynomial=polynomial)


def first_info(config: Config, backend: Backend) -> RunInfo:
    """What run.json says of a run that begins."""
    return RunInfo(
        status="running",
        name=config.name,
        config_hash=config.digest(),
        seed=config.seed,
        teacher_width=config.shape()[0] or None,
        polynomial=None if config.teacher is None else config.teacher.polynomial,
        rank=None if config.teacher is None else config.teacher.dimension_of_span(),
        activation=ActivationRecord(**config.activation.model_dump()),
        backend=backend.name,
        device=backend.device,
        threads=backend.threads,
        precision=config.precision,
        own_functions=own_functions(config),
        **provenance(),
    )
