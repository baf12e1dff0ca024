"""Runs and sweeps as notebooks and scripts have them: what they logged as arrays, and their figures.

What names a run on the command line names it here: a path, ``latest``, its name, or a unique beginning of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featlearn.claims.find import find_only
from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.runs.batch import MemoryRun
from featlearn.runs.batch import run_batch as run_in_memory
from featlearn.runs.columns import Columns
from featlearn.runs.directory import RunDirectory
from featlearn.runs.home import runs_directory
from featlearn.runs.metrics import as_columns
from featlearn.runs.optimum_record import optimum_records
from featlearn.runs.records import RunInfo
from featlearn.runs.train import RunResult, Watcher, backend_of, first_info
from featlearn.runs.train import resume as resume_run
from featlearn.runs.train import train as train_run
from featlearn.storage.errors import RunError
from featlearn.storage.npz import write_npz
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.records import SweepInfo
from featlearn.sweeps.results import load_results
from featlearn.training.column import Row
from featlearn.views.data.edges import edges_table, read_edges
from featlearn.views.data.events import Event, events_of
from featlearn.views.data.run import RunData, Snapshots, read_run, read_snapshots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from featlearn.views.figures.drawing import Drawing
    from featlearn.views.figures.style import SizeName


class Run:
    """A run, on disk or in memory. ``load_run``, ``train`` and ``run_batch`` give one."""

    def __init__(self, source: RunDirectory | MemoryRun) -> None:
        self._stored = source if isinstance(source, RunDirectory) else None
        self._memory = source if isinstance(source, MemoryRun) else None

    def __repr__(self) -> str:
        where = "in memory" if self.path is None else str(self.path)
        loss = self.final.get("loss")
        return f"<run {self.name}: {self.status}{'' if loss is None else f', loss {loss:.3g}'} ({where})>"

    # --- what it is -------------------------------------------------------------------------------

    @property
    def run(self) -> RunDirectory:
        """Its directory, with the paths of its files. Raises RunError for a run in memory."""
        if self._stored is None:
            raise RunError("this run is in memory, and has no directory")
        return self._stored

    @property
    def path(self) -> Path | None:
        """The path of its directory; None for a run in memory."""
        return None if self._stored is None else self._stored.path

    @cached_property
    def config(self) -> Config:
        """The complete configuration. Raises ConfigError when that on disk, or a file it names, was changed."""
        return load_config(self.run.config_file) if self._memory is None else self._memory.config

    @property
    def info(self) -> RunInfo:
        """What ``run.json`` says. Raises RunError when it is broken."""
        return self.run.read_info() if self._memory is None else _info_of(self._memory)

    @property
    def name(self) -> str:
        return self.info.name if self._memory is None else self._memory.config.name

    @property
    def status(self) -> str:
        return self.info.status if self._memory is None else self._memory.status

    # --- what it logged ---------------------------------------------------------------------------

    @property
    def rows(self) -> list[Row]:
        """The metrics, a dictionary for each logged step."""
        return self.run.read_metrics() if self._memory is None else self._memory.rows

    @property
    def metrics(self) -> Columns:
        """The metrics as arrays by column name; see ``load_metrics``."""
        return as_columns(self.rows)

    @property
    def final(self) -> Row:
        """The last row; empty when nothing was logged."""
        return next(reversed(self.rows), {}) if self._memory else self.info.final or next(reversed(self.rows), {})

    @property
    def snapshots(self) -> Snapshots:
        """The weights over time: steps (S,), layers (S, m) and (S, m, d). Raises RunError when there are none."""
        if self._memory is None:
            return read_snapshots(self.run)
        arrays = dict(self._memory.snapshots)
        if not arrays:
            raise RunError("this run kept no snapshots; run_batch(configs, snapshots=True) keeps them")
        return Snapshots(steps=arrays.pop("step"), **arrays)

    @property
    def second_layer(self) -> np.ndarray:
        """The weights a_j where it ended or stands, (m,)."""
        return self._weights("second_layer") if self._memory is None else self._memory.second_layer

    @property
    def first_layer(self) -> np.ndarray:
        """The rows w_j where it ended or stands, (m, d)."""
        return self._weights("first_layer") if self._memory is None else self._memory.first_layer

    @property
    def biases(self) -> np.ndarray | None:
        """The biases b_j where it ended or stands, (m,); None for neurons without."""
        if self._memory is not None:
            return self._memory.biases
        return self.run.read_arrays(self.run.checkpoint_file).get("biases")

    def _weights(self, layer: str) -> np.ndarray:
        arrays = self.run.read_arrays(self.run.checkpoint_file)
        if layer not in arrays:
            raise RunError(f"{self.run.checkpoint_file} is broken: it has no {layer}")
        return arrays[layer]

    @property
    def events(self) -> list[Event]:
        """What happened, in the order of the steps: kind, step, and a sentence for each; see ``featlearn show``.

        Raises RunError when nothing is logged yet.
        """
        return events_of(self._data())

    # --- figures ----------------------------------------------------------------------------------

    def plot_curves(self, size: SizeName = "column") -> Figure:
        """Loss, objective, gap and weight decay against the steps, as a figure of matplotlib."""
        return self._figure("curves", size)

    def plot_alignment(self, size: SizeName = "column") -> Figure:
        """How the neurons align with the teacher."""
        return self._figure("alignment", size)

    def plot_neurons(self, size: SizeName = "column") -> Figure:
        """Where the neurons point over time. Raises RunError when there are no snapshots."""
        return self._figure("neurons", size)

    def plot_offsets(self, size: SizeName = "column") -> Figure:
        """The offsets of the neurons against their angles. Raises RunError when there are no biases or snapshots."""
        return self._figure("offsets", size)

    def plot_overlaps(self, size: SizeName = "column") -> Figure:
        """How near a neuron is to each of the teacher's directions. Raises RunError when there are no snapshots."""
        return self._figure("overlaps", size)

    def plot_cosines(self, size: SizeName = "column") -> Figure:
        """The neurons' cosines with two directions over time. Raises RunError when there are none."""
        return self._figure("cosines", size)

    def plot_degrees(self, size: SizeName = "column") -> Figure:
        """The loss by Hermite degrees. Raises RunError when there are no snapshots."""
        return self._figure("degrees", size)

    def plot_certificate(self, size: SizeName = "column") -> Figure:
        """The dual certificate of the optimum. Raises RunError when there is none."""
        return self._figure("certificate", size)

    def _figure(self, name: str, size: SizeName) -> Figure:
        from featlearn.views.figures.run import run_figures
        from featlearn.views.figures.style import SIZES

        data = self._data()
        drawing = next((d for d in run_figures(data, SIZES[size]) if d.name == name), None)
        if drawing is None:
            raise RunError(f"{self!r} has no figure of the {name}{f': {data.missing}' if data.missing else ''}")
        return _shown(drawing)

    def _data(self) -> RunData:
        if self._memory is None:
            return read_run(self.run)
        with tempfile.TemporaryDirectory() as place:  # figures are drawn of what lies on disk
            data = read_run(_written(self._memory, Path(place)))
            _ = data.settings  # kept, for its file is soon gone
            return data


class Sweep:
    """A sweep, finished or not."""

    def __init__(self, directory: SweepDirectory) -> None:
        self.directory = directory

    def __repr__(self) -> str:
        info = self.info
        return f"<sweep {info.name}: {info.points} points over {', '.join(info.axes)} ({self.path})>"

    @property
    def path(self) -> Path:
        return self.directory.path

    @property
    def info(self) -> SweepInfo:
        """What ``sweep.json`` says. Raises RunError when it is broken."""
        return self.directory.read_info()

    @property
    def name(self) -> str:
        return self.info.name

    @property
    def config(self) -> dict[str, Any]:
        """What the sweep file says."""
        return self.info.sweep

    @property
    def axes(self) -> tuple[str, ...]:
        """The keys that it varies."""
        return self.info.axes

    @property
    def metrics(self) -> Columns:
        """The results as arrays by column name, one entry per point that has ended; see ``load_results``."""
        return load_results(self.path)

    @property
    def edges(self) -> Columns:
        """The edges that its searches found (``find``), an entry for each setting of the other axes, as arrays.

        Columns: those axes, ``ending``, ``low``, ``high``, ``edge`` (between the two), ``holds``, ``values``, ``runs``,
        ``grid_runs``, ``runs_saved``. Raises RunError when the sweep does not search.
        """
        found = read_edges(self.directory)
        if found is None:
            raise RunError(f"{self!r} has no edges: its file has no find")
        return edges_table(found)

    @property
    def runs(self) -> dict[str, Run]:
        """The runs of the points by their ids; none where the sweep keeps no more than its results."""
        return {run.name: Run(run) for run in RunDirectory.all_in(self.directory.runs)}

    def plot(
        self, metric: str = "loss", x: str | None = None, y: str | None = None, size: SizeName = "column"
    ) -> Figure:
        """A metric against one axis, or over two, or over the seeds, as a figure of matplotlib.

        Raises:
            RunError: when there is no such metric or axis, or no point has ended.
        """
        from featlearn.views.data.sweep import check_metrics, read_sweep
        from featlearn.views.figures.style import SIZES
        from featlearn.views.figures.sweep import sweep_figures

        check_metrics([metric])
        drawings: Iterator[Drawing] = sweep_figures(read_sweep(self.directory), [metric], x, y, SIZES[size])
        return _shown(next(drawings))


def load_run(name: str | Path = "latest", runs_dir: str | Path | None = None) -> Run:
    """A run by its path, ``latest``, its name, or a unique beginning of it.

    Args:
        runs_dir: where runs live; by default as on the command line.
    Raises:
        RunError: when there is none, or more than one.
    """
    return Run(find_only(RunDirectory, str(name), runs_directory(runs_dir), _LOADED_BY))


def load_sweep(name: str | Path = "latest", runs_dir: str | Path | None = None) -> Sweep:
    """A sweep, named as runs are; see ``load_run``."""
    return Sweep(find_only(SweepDirectory, str(name), runs_directory(runs_dir), _LOADED_BY))


_LOADED_BY = {"run": "use featlearn.load_run", "sweep": "use featlearn.load_sweep"}


def train(config: Config, runs_dir: str | Path | None = None, watch: Watcher | None = None) -> Run:
    """Run one experiment in a new run directory.

    Args:
        config: see ``load_config``.
        runs_dir: where the directory is made; by default as on the command line.
        watch: called with run, plan and event after each event of the descent loop.
    Returns:
        The run; one that failed or diverged too, as its ``status`` says.
    Raises:
        RunError: when it cannot begin; nothing is left behind.
        KeyboardInterrupt: after an interruption, once its files are whole; ``resume`` goes on with it.
    """
    return _ended(train_run(config, runs_directory(runs_dir), watch))


def resume(
    run: Run | RunDirectory | str | Path, watch: Watcher | None = None, *, runs_dir: str | Path | None = None
) -> Run:
    """Go on with a run that was interrupted, killed or failed, from its last checkpoint.

    Args:
        run: the run, or what names it; see ``load_run``.
    Raises:
        RunError: when it is finished or diverged, in use, or broken.
        ConfigError: when its configuration was damaged.
        KeyboardInterrupt: as ``train``.
    """
    if isinstance(run, str | Path):
        run = load_run(run, runs_dir)
    return _ended(resume_run(run.run if isinstance(run, Run) else run, watch))


def run_batch(configs: Sequence[Config], *, snapshots: bool = True) -> list[Run]:
    """Run many experiments together and write nothing; those of equal shape share their work.

    Each result is bit for bit the one that its configuration gives alone ("seconds" apart, which stays None).

    Args:
        snapshots: whether to keep the weights over time, which take memory: ``log.snapshots`` of each run.
    Raises:
        RunError, ConfigError: when one of them cannot begin; nothing has run then.
        TypeError: when they are not configurations.
    """
    if isinstance(configs, Config) or not all(isinstance(config, Config) for config in configs):
        raise TypeError("give a list of configurations, as in run_batch([load_config('quickstart.yaml')])")
    return [Run(run) for run in run_in_memory(configs, snapshots=snapshots)]


def _ended(result: RunResult) -> Run:
    if result.status == "interrupted":
        raise KeyboardInterrupt
    return Run(result.run)


def _info_of(memory: MemoryRun) -> RunInfo:
    """What ``run.json`` would say of a run in memory."""
    return first_info(memory.config, backend_of(memory.config)).changed(
        status=memory.status, final=memory.rows[-1], loss_floor=memory.loss_floor, rows=len(memory.rows)
    )


def _written(memory: MemoryRun, place: Path) -> RunDirectory:
    """The directory that a run in memory would have, as far as figures need it."""
    from featlearn.config.build import build

    problem = build(memory.config)[0]
    decays = dict.fromkeys(row["weight_decay"] for row in memory.rows if row["gap"] is not None)
    optima = optimum_records(problem, decays)
    run = RunDirectory.create_at(place / "run", memory.config, _info_of(memory).changed(optima=optima))
    try:
        for row in memory.rows:
            run.append_row(row)
        if memory.snapshots:
            write_npz(run.snapshots_file, memory.snapshots)
    finally:
        run.release()
    return run


def _shown(drawing: Drawing) -> Figure:
    """A figure that a notebook shows as soon as it is the value of a cell."""
    drawing.figure._repr_png_ = partial(_png, drawing.figure)  # type: ignore[attr-defined]
    return drawing.figure


def _png(figure: Figure) -> bytes:
    content = BytesIO()
    figure.savefig(content, format="png", dpi=200)
    return content.getvalue()
