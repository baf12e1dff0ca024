"""What figures and reports show of a run: its log as columns, its stages, and its neurons over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from pydantic import ValidationError

from featlearn.config.settings import read_section, read_settings
from featlearn.runs.directory import RunDirectory
from featlearn.runs.metrics import Table, as_columns, with_values
from featlearn.runs.own_functions import why_another
from featlearn.runs.records import ActivationRecord, RunInfo
from featlearn.storage.errors import RunError
from featlearn.storage.text import printable
from featlearn.theory.activations import Activation
from featlearn.training.column import Row
from featlearn.training.columns import COLUMNS
from featlearn.views.data.neurons import Neurons, neurons_of

_GROWING = ("step", "second_layer", "first_layer", "biases")  # arrays with an entry for each snapshot


@dataclass(frozen=True)
class StageSpan:
    """A stage of the log: its name, and the steps it began and ended at."""

    name: str
    first: int
    last: int


@dataclass(frozen=True)
class RunData:
    """A run as figures need it.

    Attributes:
        snapshots, neurons: None when it has none, and ``missing`` says why.
        teachers: m*, or the number of directions of a polynomial; 0 where there are data without a teacher.
        lost: what is wrong when the log has lost its end.
    """

    run: RunDirectory
    info: RunInfo
    metrics: Table
    stages: list[StageSpan]
    snapshots: Snapshots | None
    neurons: Neurons | None
    missing: str | None
    teachers: int
    lost: str | None = None

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What its configuration says by dotted keys; nothing where that cannot be read."""
        return read_settings(self.run.config_file)

    @property
    def sampled(self) -> bool:
        """Whether it has a teacher and is trained on samples: loss, gap and optima are of what it is not shown."""
        return bool(self.teachers and with_values(self.metrics, ["train_loss"]))

    @property
    def polynomial(self) -> str | None:
        """The formula of a polynomial target, whose directions stand in for teacher neurons; None for others."""
        return None if self.info.polynomial is None else printable(self.info.polynomial)

    @property
    def final(self) -> dict[str, Any]:
        """The numbers at the end, which are known also where the log has lost its end."""
        if self.lost and self.info.final is not None:
            return dict(self.info.final)
        return {name: column[-1] for name, column in self.metrics.items()}

    @property
    def name(self) -> str:
        return printable(self.info.name or self.run.name)


def has_covariance(settings: Mapping[str, Any]) -> bool:
    """Whether a configuration, by dotted keys, gives its inputs a covariance other than the identity."""
    below = any(key.startswith("inputs.covariance.") for key in settings)
    return below or settings.get("inputs.covariance", "identity") != "identity"


def read_run(run: RunDirectory) -> RunData:
    """Read a run, finished or not. Raises RunError when it cannot be read, or has logged nothing yet."""
    return run_data(run, run.read_info(), run.read_metrics())


def run_data(run: RunDirectory, info: RunInfo, rows: list[Row], *, snapshots: bool = True) -> RunData:
    """Likewise of a run whose record and log are read already.

    Args:
        snapshots: False leaves them out, and the neurons with them, which take time where they are large.
    """
    if not rows:
        raise RunError(f"{run.path}: nothing is logged yet (status {info.status}), so there is nothing to show")
    metrics = as_columns(rows, COLUMNS)
    found = [row["recovered"] for row in rows if row["recovered"] is not None]
    directions = info.rank if info.polynomial is not None else 0
    teachers = info.teacher_width or directions or (max([1, *found]) if found else 0)
    at, neurons, missing = None, None, None
    try:
        if snapshots:
            at = read_snapshots(run)
            teachers = len(at.teacher_first_layer)
            neurons = _neurons_at(at, run, info) if teachers else None
            missing = None if teachers else "there is no teacher with which neurons could be compared"
    except RunError as error:
        missing = str(error)
    lost = run.lost_end(info, rows)
    return RunData(run, info, metrics, list(_spans(metrics)), at, neurons, missing, teachers, lost)


def _spans(metrics: Table) -> Iterator[StageSpan]:
    """The stages of the log; the first row, before any step, is where the first of them began."""
    stages, steps = metrics["stage"], metrics["step"]
    begins = [0, *(i for i in range(1, len(stages)) if stages[i] != stages[i - 1])]
    for begin, end in zip(begins, [*begins[1:], len(stages)], strict=True):
        yield StageSpan(printable(str(stages[begin])), int(steps[max(begin - 1, 0)]), int(steps[end - 1]))


@dataclass(frozen=True)
class Snapshots:
    """The arrays of the snapshots: steps (S,), layers (S, m) and (S, m, d), the teacher's (m*,) and (m*, d).

    A polynomial has no output weights, (0,), and directions (r, d). Biases are (S, m) and (m*,), None where there are
    none.
    """

    steps: np.ndarray
    second_layer: np.ndarray
    first_layer: np.ndarray
    teacher_second_layer: np.ndarray
    teacher_first_layer: np.ndarray
    biases: np.ndarray | None = None
    teacher_biases: np.ndarray | None = None

    @property
    def rows(self) -> np.ndarray:
        """The first layer with biases as a last column, where there are any."""
        return _with_column(self.first_layer, self.biases)

    @property
    def teacher_rows(self) -> np.ndarray:
        """Likewise of the teacher, 0 for biases that are not known."""
        known = np.zeros(len(self.teacher_first_layer)) if self.teacher_biases is None else self.teacher_biases
        return _with_column(self.teacher_first_layer, None if self.biases is None else known)


def _with_column(rows: np.ndarray, column: np.ndarray | None) -> np.ndarray:
    return rows if column is None else np.concatenate([rows, column[..., None]], -1)


def read_snapshots(run: RunDirectory, *, last: bool = False) -> Snapshots:
    """The snapshots of a run, one at least; or the last of them alone, which is all that is read of the file then.

    Raises:
        RunError: when there are none, or their file is broken.
    """
    arrays = run.read_arrays(run.snapshots_file, growing=_GROWING if last else None)
    try:
        steps, second, first = arrays["step"], arrays["second_layer"], arrays["first_layer"]
        teacher_second, teacher = arrays["teacher_second_layer"], arrays["teacher_first_layer"]
        count, width, input_dim = first.shape
        if steps.dtype.kind not in "iu" or any(a.dtype.kind != "f" for a in (second, first, teacher_second, teacher)):
            raise ValueError("its arrays are not of numbers")
        fits = steps.shape == (count,) and second.shape == (count, width) and teacher.shape[1:] == (input_dim,)
        biases = arrays.get("biases")
        fits = fits and (biases is None or (biases.shape == second.shape and biases.dtype.kind == "f"))
        their_biases = arrays.get("teacher_biases")
        fits = fits and (
            their_biases is None or (their_biases.shape == teacher.shape[:1] and their_biases.dtype.kind == "f")
        )
        if not (fits and count and teacher_second.shape in (teacher.shape[:1], (0,))):
            raise ValueError("the shapes of its arrays do not fit together")
    except (KeyError, ValueError) as error:
        raise RunError(f"{run.snapshots_file} is broken: {error}") from None
    return Snapshots(steps, second, first, teacher_second, teacher, biases, their_biases)


def neurons_at_end(run: RunDirectory, info: RunInfo) -> Neurons | None:
    """The neurons of a run at its last snapshot; None without a teacher. Raises RunError as ``read_snapshots``."""
    at = read_snapshots(run, last=True)
    return _neurons_at(at, run, info) if len(at.teacher_first_layer) else None


def _neurons_at(at: Snapshots, run: RunDirectory, info: RunInfo) -> Neurons:
    symmetry = activation_of(run, info).symmetry
    try:
        teacher = at.teacher_second_layer, at.teacher_first_layer
        return neurons_of(symmetry, at.steps, at.second_layer, at.first_layer, *teacher)
    except (ValueError, TypeError, np.linalg.LinAlgError) as error:
        raise RunError(f"{run.snapshots_file} is broken: {error}") from None


def activation_of(run: RunDirectory, info: RunInfo) -> Activation:
    """The run's activation. Raises RunError when it is not said, or unknown here."""
    if info.activation is None:
        older = "was written by an older version of featlearn and does not say the activation"
        raise RunError(f"{run.info_file} {older}; train from {run.config_file} to have it")
    if why := why_another(info.own_functions):
        raise RunError(f"{run.path}: {why}")
    try:
        return info.activation.entry()
    except ValueError as error:
        raise RunError(f"{run.info_file} names an activation that is not known here: {error}") from None


def teacher_activation_record(run: RunDirectory, student: ActivationRecord) -> ActivationRecord | None:
    """That of the teacher's neurons, its own or the student's; None where the configuration makes no sense."""
    own = read_section(run.config_file, "teacher", "activation")
    try:
        return (
            ActivationRecord.model_validate({"drop_hermite_below": student.drop_hermite_below} | own)
            if own
            else student
        )
    except ValidationError:
        return None
