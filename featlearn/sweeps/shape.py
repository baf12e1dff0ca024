"""The sizes on which the cost of an experiment depends, and what follows from them: work, memory and space on disk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from featlearn.config.data import EmpiricalData, OnlineData
from featlearn.config.model import Config
from featlearn.config.student import ExplicitInit, FileInit
from featlearn.storage.growing_npz import MOST_PENDING
from featlearn.storage.npz import shapes_in
from featlearn.theory.linear_floors import MOST_RANDOM_FEATURES, MOST_TANGENT_FEATURES
from featlearn.training.columns import COLUMNS
from featlearn.training.methods import METHODS, Exact, OwnSteps, SteppedByBackend

_FLOATS_PER_PAIR = 40  # in arrays while a row is measured, generously
_BYTES_OF_A_ROW = sum(len(name) + 24 for name in COLUMNS)  # in the log: each name, a number of 17 digits, punctuation
_BYTES_OF_A_POINT = 1024 + _BYTES_OF_A_ROW  # in manifest, journal and table, generously
_BYTES_OF_AN_ATOM = 160  # in run.json
_BLOCK = 4096  # bytes by which files grow on most file systems
_SMALL_FILES = 5  # a block each: configuration, status, folder, and the headers of two archives


@dataclass(frozen=True)
class Shape:
    """The sizes of an experiment.

    Attributes:
        steps, own_steps: those that the backend takes, and those of methods that take their own.
        samples: of the whole run, or in each batch of online data; 0 for population data.
        batch: samples in each step.
        exact: work of the exact methods, in the units of ``work_of_step``; that on the population is lost in it.
        decays: weight decays whose optimum is computed.
        snapshots: of the neurons.
        precision: bytes of a weight.
        floors: work of the floors of linear predictors, in units of its own; 0 where there are none.
    """

    width: int
    teachers: int
    dimension: int
    steps: int
    own_steps: int
    rows: int
    backend: str
    data: str
    samples: int
    batch: int
    exact: float
    decays: int
    snapshots: int
    precision: int
    floors: float

    @classmethod
    def of(cls, config: Config) -> Shape:
        teachers, found = config.shape()
        dimension = found or 1
        width = _width(config)
        floors = _work_of_floors(config, width, teachers, dimension) if config.log.floors and teachers else 0.0
        stages = [stage.stage(name) for name, stage in config.stages.items()]
        methods = [METHODS[stage.method] for stage in stages]
        pairs = list(zip(stages, methods, strict=True))
        steps = sum(stage.steps for stage, method in pairs if isinstance(method, SteppedByBackend))
        own_steps = sum(stage.steps for stage, method in pairs if isinstance(method, OwnSteps))
        rows = min(config.log.points, steps + own_steps + 1)
        if config.student.output_scale is not None and not config.student.starts_at_zero:
            teachers += width  # the start is subtracted
        samples = _samples(config.data, dimension)
        exact = sum(method.work(samples, width, dimension) for method in methods if isinstance(method, Exact))
        compared = [stage for stage in stages if stage.loss == "squared"]
        decays = sum(stage.weight_decay.values_at_rows(stage.steps, rows) for stage in compared)
        return cls(
            width=width,
            teachers=teachers,
            dimension=dimension,
            steps=steps,
            own_steps=own_steps,
            rows=rows,
            backend=config.backend,
            data=config.data.kind,
            samples=samples,
            batch=_batch(config.data, samples),
            exact=exact,
            decays=decays if config.log.gap else 0,
            snapshots=min(config.log.snapshots, rows),
            precision=4 if config.precision == "float32" else 8,
            floors=floors,
        )

    def kind(self) -> tuple[str, str, bool]:
        """Shapes of one kind differ in sizes and numbers alone."""
        return self.backend, self.data, self.own_steps > 0

    def pairs(self) -> float:
        return float(self.width * (self.width + self.teachers))

    # --- work -------------------------------------------------------------------------------------

    def work_of_step(self) -> float:
        """In arbitrary units: the pairs of neurons, or of inputs and neurons, with their products over coordinates."""
        if self.data == "online":
            drawing = self.samples * (30 * self.dimension + self.teachers * (self.dimension + 25))
            return self._work_of_samples(self.batch) + drawing + 20_000
        return self._work_of_samples(self.batch) + 2000 if self.samples else self._work_of_pairs()

    def work_of_row(self) -> float:
        """The metrics of the population, and the gradient on an empirical sample."""
        return self._work_of_pairs() + (self._work_of_samples(self.samples) if self.data == "empirical" else 0.0)

    def _work_of_samples(self, samples: int) -> float:
        return float(samples * self.width * (self.dimension + 25))

    def _work_of_pairs(self) -> float:
        dimension = min(self.dimension, self.width + self.teachers) if self.backend == "fused" else self.dimension
        return self.pairs() * (dimension + 25) + 2000

    # --- space ------------------------------------------------------------------------------------

    def bytes(self, *, stored: bool = True) -> float:
        """Memory that one run of a batch takes, generously; a sample is there twice, as array and as tensor.

        Args:
            stored: whether the run has a directory, for which snapshots wait in memory until they are written.
        """
        sample = 2 * self.samples * (self.dimension + 2)
        arrays = 8.0 * (_FLOATS_PER_PAIR * self.pairs() + 20 * self.width * (self.dimension + 8) + sample)
        waiting = min(self._bytes_of_snapshots(), MOST_PENDING + self._bytes_of_weights())
        return arrays + (waiting if stored else 0.0)

    def bytes_on_disk(self, *, stored: bool = True) -> float:
        """What one point of a sweep takes on disk, with a run directory or without."""
        if not stored:
            return float(_BYTES_OF_A_POINT)
        optima = self.decays * self.teachers * _BYTES_OF_AN_ATOM
        checkpoint = self._bytes_of_weights() + self._bytes_of_teacher()
        large = self.rows * _BYTES_OF_A_ROW, self._bytes_of_snapshots() + self._bytes_of_teacher(), checkpoint, optima
        return _BYTES_OF_A_POINT + _SMALL_FILES * _BLOCK + sum(_in_blocks(size) for size in large)

    def _bytes_of_weights(self) -> float:
        return self.precision * float(self.width) * (self.dimension + 1)

    def _bytes_of_snapshots(self) -> float:
        return self.snapshots * self._bytes_of_weights()

    def _bytes_of_teacher(self) -> float:
        return 8.0 * self.teachers * (self.dimension + 1)


def _in_blocks(size: float) -> float:
    """What a file takes: whole blocks."""
    return _BLOCK * float(-(-size // _BLOCK))


def _width(config: Config) -> int:
    """The number of neurons, of weights in a file by its header; 1 where that cannot be read: such a run fails."""
    init = config.student.init
    if config.student.width is not None:
        return config.student.width
    if isinstance(init, ExplicitInit):
        return len(init.first_layer)
    return _rows_in(init.path, init.sha256) if isinstance(init, FileInit) else 1


@lru_cache
def _rows_in(path: str, sha256: str | None) -> int:
    """The number of neurons in a weight file with a digest."""
    try:
        return max(1, shapes_in(Path(path))["first_layer"][0])
    except (OSError, ValueError, KeyError, IndexError):
        return 1


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


def _batch(data: object, samples: int) -> int:
    """Samples in each step."""
    return min(samples, data.batch_size or samples) if isinstance(data, EmpiricalData) else samples


def _work_of_floors(config: Config, width: int, teachers: int, dimension: int) -> float:
    """In arbitrary units: the pairs of features, and those of rows, whose products are taken in double-double."""
    rows = width // 2 if config.student.is_mirrored else width  # equal in pairs
    tangents = rows * min(dimension, rows + teachers)
    work = 100_000.0
    if rows <= MOST_RANDOM_FEATURES:
        work += 20.0 * rows**2
    if tangents <= MOST_TANGENT_FEATURES:
        work += tangents**2 + 10.0 * rows**2
    return work
