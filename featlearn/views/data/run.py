"""What figures and reports show of a run: its log as columns, its stages, and its neurons over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from featlearn.config.yaml_source import ConfigError, read_document
from featlearn.runs.directory import RunDirectory
from featlearn.runs.records import RunInfo
from featlearn.storage.errors import RunError
from featlearn.sweeps.results import as_columns
from featlearn.theory.activations import Activation, Symmetry, activation
from featlearn.theory.alignment import nearest_teacher
from featlearn.training.columns import COLUMNS
from featlearn.views.words.values import distinct

Table = dict[str, np.ndarray]  # columns of equal length: what a figure shows, and what its CSV file holds

QUANTILES = {"angle_q05": 0.05, "angle_q25": 0.25, "angle_median": 0.5, "angle_q75": 0.75, "angle_q95": 0.95}


@dataclass(frozen=True)
class StageSpan:
    """A stage of the log: its name, and the steps it began and ended at."""

    name: str
    first: int
    last: int


@dataclass(frozen=True)
class Neurons:
    """The neurons of a run at its snapshots.

    Attributes:
        steps: (S,) of the snapshots.
        angle, mass, teacher: (S, m) δ_j in degrees (NaN for a zero row), p_j, and k of the nearest teacher.
        place: (S, m, r) the rows w_j/‖w_j‖ in coordinates of the teacher's span: inside the unit ball, on its sphere
            when the row lies in the span.
        teacher_place: (m*, r) the teacher's rows there.
        teacher_mass: Σ|a*|.
        lines: whether w and −w are one neuron.
    """

    steps: np.ndarray
    angle: np.ndarray
    mass: np.ndarray
    teacher: np.ndarray
    place: np.ndarray
    teacher_place: np.ndarray
    teacher_mass: float
    lines: bool

    @property
    def rank(self) -> int:
        return int(self.teacher_place.shape[1])


@dataclass(frozen=True)
class RunData:
    """A run as figures need it.

    Attributes:
        neurons: None when it has no snapshots, and ``missing`` says why.
        teachers: m*.
        lost: what is wrong when the log has lost its end.
    """

    run: RunDirectory
    info: RunInfo
    metrics: Table
    stages: list[StageSpan]
    neurons: Neurons | None
    missing: str | None
    teachers: int
    lost: str | None = None

    @property
    def name(self) -> str:
        return self.info.name or self.run.name


def read_run(run: RunDirectory) -> RunData:
    """Read a run, finished or not.

    Raises:
        RunError: when it cannot be read, or has logged nothing yet.
    """
    info = run.read_info()
    rows = run.read_metrics()
    if not rows:
        raise RunError(f"{run.path}: nothing is logged yet (status {info.status}), so there is nothing to show")
    metrics = as_columns(rows, COLUMNS)
    found = [row["recovered"] for row in rows if row["recovered"] is not None]
    teachers = info.teacher_width or max([1, *found])
    try:
        neurons, missing = _read_neurons(run, info), None
        teachers = len(neurons.teacher_place)
    except RunError as error:
        neurons, missing = None, str(error)
    lost = run.lost_end(info, rows)
    return RunData(run, info, metrics, list(_spans(metrics)), neurons, missing, teachers, lost)


def _settings(run: RunDirectory) -> dict[str, Any]:
    """What the run's configuration file says; nothing when it cannot be read."""
    try:
        data = read_document(run.config_file).data
    except ConfigError:
        return {}
    return data if isinstance(data, dict) else {}


def _spans(metrics: Table) -> Iterator[StageSpan]:
    """The stages of the log; the first row, before any step, is where the first of them began."""
    stages, steps = metrics["stage"], metrics["step"]
    begins = [0, *(i for i in range(1, len(stages)) if stages[i] != stages[i - 1])]
    for begin, end in zip(begins, [*begins[1:], len(stages)], strict=True):
        yield StageSpan(str(stages[begin]), int(steps[max(begin - 1, 0)]), int(steps[end - 1]))


# --- neurons ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Snapshots:
    """The arrays of the snapshots: steps (S,), layers (S, m) and (S, m, d), the teacher's (m*,) and (m*, d)."""

    steps: np.ndarray
    second_layer: np.ndarray
    first_layer: np.ndarray
    teacher_second_layer: np.ndarray
    teacher_first_layer: np.ndarray


def read_snapshots(run: RunDirectory) -> Snapshots:
    """The snapshots of a run, one at least. Raises RunError when there are none, or their file is broken."""
    arrays = run.read_arrays(run.snapshots_file)
    try:
        steps, second, first = arrays["step"], arrays["second_layer"], arrays["first_layer"]
        teacher_second, teacher = arrays["teacher_second_layer"], arrays["teacher_first_layer"]
        count, width, input_dim = first.shape
        if steps.dtype.kind not in "iu" or any(a.dtype.kind != "f" for a in (second, first, teacher_second, teacher)):
            raise ValueError("its arrays are not of numbers")
        fits = steps.shape == (count,) and second.shape == (count, width) and teacher.shape[1:] == (input_dim,)
        if not (fits and count and len(teacher) and teacher_second.shape == teacher.shape[:1]):
            raise ValueError("the shapes of its arrays do not fit together")
    except (KeyError, ValueError) as error:
        raise RunError(f"{run.snapshots_file} is broken: {error}") from None
    return Snapshots(steps, second, first, teacher_second, teacher)


def _read_neurons(run: RunDirectory, info: RunInfo) -> Neurons:
    at = read_snapshots(run)
    symmetry = activation_of(run, info).symmetry
    try:
        teacher = at.teacher_second_layer, at.teacher_first_layer
        return _neurons(symmetry, at.steps, at.second_layer, at.first_layer, *teacher)
    except (ValueError, TypeError, np.linalg.LinAlgError) as error:
        raise RunError(f"{run.snapshots_file} is broken: {error}") from None


def _neurons(
    symmetry: Symmetry,
    steps: np.ndarray,
    second: np.ndarray,
    first: np.ndarray,
    teacher_second: np.ndarray,
    teacher: np.ndarray,
) -> Neurons:
    basis = span_basis(teacher, lines=symmetry != "none")
    angle, mass, index = np.empty(second.shape), np.empty(second.shape), np.empty(second.shape, dtype=np.int64)
    place = np.empty((*second.shape, len(basis)))
    for s in range(len(steps)):  # one at a time: (S, m, d) more than once would be large
        rows = np.where(np.isfinite(first[s]), first[s], 0.0)[None]
        near = nearest_teacher(symmetry, np.nan_to_num(second[s])[None], rows, teacher[None])
        angle[s], mass[s], index[s] = np.degrees(near.angle[0]), near.mass[0], near.index[0]
        norms = np.linalg.norm(rows[0], axis=-1, keepdims=True)
        place[s] = np.divide(rows[0] @ basis.T, norms, out=np.zeros_like(place[s]), where=norms > 0)
    return Neurons(
        steps, angle, mass, index, place, teacher @ basis.T, float(np.sum(np.abs(teacher_second))), symmetry != "none"
    )


def span_basis(teacher: np.ndarray, *, lines: bool) -> np.ndarray:
    """Orthonormal rows (r, d) that span the teacher's rows (m*, d).

    In a plane, lines are drawn in the upper half: the first axis then lies in the middle of the widest angle between
    two neighbouring lines, so that none of them is cut in two by the fold.
    """
    _, singular, rows = np.linalg.svd(teacher, full_matrices=False)
    basis = np.asarray(rows[singular > 1e-10 * singular[0]])
    if len(basis) == 2 and lines:
        x, y = (teacher @ basis.T).T
        at = np.sort(np.arctan2(y, x) % np.pi)
        gaps = np.diff([*at, at[0] + np.pi])
        widest = int(np.argmax(gaps))
        fold = at[widest] + gaps[widest] / 2
        basis = np.array([[np.cos(fold), np.sin(fold)], [-np.sin(fold), np.cos(fold)]]) @ basis
    return basis


def folded(place: np.ndarray) -> np.ndarray:
    """Points and their opposites as one: the one in the upper half plane."""
    return place * np.where(place[..., 1:2] < 0, -1.0, 1.0)


def activation_of(run: RunDirectory, info: RunInfo) -> Activation:
    """The run's activation. Raises RunError when it is not said, or unknown to this version."""
    if info.activation is None:
        older = "was written by an older version of featlearn and does not say the activation"
        raise RunError(f"{run.info_file} {older}; train from {run.config_file} to have it")
    try:
        return activation(info.activation.name, info.activation.drop_hermite_below)
    except ValueError as error:
        raise RunError(f"{run.info_file} names an activation that this version does not know: {error}") from None


# --- the tables behind the figures --------------------------------------------------------------


def curves_table(data: RunData) -> Table:
    """Loss, objective, gap and weight decay at every logged row."""
    return {name: data.metrics[name] for name in ("step", "stage", "weight_decay", "loss", "objective", "gap")}


def alignment_table(data: RunData) -> Table:
    """Shares and angles at every logged row; angle quantiles, weighted by mass, at those that have a snapshot."""
    names = ("step", "stage", "aligned_mass", "recovered", "subspace", "mean_angle", "max_angle")
    table = {name: data.metrics[name] for name in names}
    quantiles = np.full((len(QUANTILES), len(table["step"])), np.nan)
    if data.neurons is not None:
        _, rows, snapshots = np.intersect1d(table["step"], data.neurons.steps, return_indices=True)
        at = weighted_quantiles(data.neurons.angle, data.neurons.mass, list(QUANTILES.values()))
        quantiles[:, rows] = at[:, snapshots]
    return table | dict(zip(QUANTILES, quantiles, strict=True))


def neurons_table(neurons: Neurons) -> Table:
    """A row for each neuron at each snapshot."""
    count, width = neurons.mass.shape
    table = {"step": np.repeat(neurons.steps, width), "neuron": np.tile(np.arange(width), count)}
    table |= {name: getattr(neurons, name).ravel() for name in ("teacher", "angle", "mass")}
    if neurons.rank <= 3:
        places = zip("xyz", np.moveaxis(neurons.place, -1, 0), strict=False)
        table |= {axis: values.ravel() for axis, values in places}
    return table


def weighted_quantiles(values: np.ndarray, weights: np.ndarray, levels: list[float]) -> np.ndarray:
    """The least value below or at which a share of the weight lies, (S, m) × (S, m) → (levels, S).

    Entries without weight, or that are NaN, count nothing; NaN where no weight is left.
    """
    counted = np.where(np.isnan(values) | ~np.isfinite(weights), 0.0, weights)
    order = np.argsort(values, axis=-1)  # NaN last, without weight
    cumulated = np.cumsum(np.take_along_axis(counted, order, -1), -1)
    ranked = np.take_along_axis(values, order, -1)
    total = cumulated[:, -1:]
    found = []
    for level in levels:
        place = np.argmax(cumulated >= level * total, axis=-1)
        found.append(np.where(total[:, 0] > 0, np.take_along_axis(ranked, place[:, None], -1)[:, 0], np.nan))
    return np.array(found)


def label_runs(runs: list[RunData]) -> list[str]:
    """A name for each of several runs: their own where these differ, else with the settings that differ."""
    names = [data.name for data in runs]
    if len(set(names)) == len(names):
        return names
    settings = [_leaves(data.run) for data in runs]
    keys = [key for key in dict.fromkeys(k for s in settings for k in s) if key != "name"]
    differing = [key for key in keys if len(distinct(s.get(key) for s in settings)) > 1][:3]
    told = [", ".join(f"{key.split('.')[-1]} {s.get(key, '–')}" for key in differing) for s in settings]
    labels = [f"{name}, {text}" if text else name for name, text in zip(names, told, strict=True)]
    if len(set(names)) == 1 and differing:
        labels = told
    for found in (labels, [data.run.name for data in runs]):
        if len(set(found)) == len(found):
            return found
    return [str(data.run.path) for data in runs]


def _leaves(run: RunDirectory) -> dict[str, Any]:
    def walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from walk(inner, f"{path}.{key}" if path else str(key))
        else:
            yield path, value

    return dict(walk(_settings(run), ""))
