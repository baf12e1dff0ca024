"""The tables behind the figures of a run."""

from __future__ import annotations

import numpy as np

from featlearn.runs.metrics import Table, with_values
from featlearn.storage.errors import RunError
from featlearn.theory.alignment import ALIVE_ABOVE
from featlearn.views.data.neurons import Neurons, weighted_quantiles
from featlearn.views.data.run import RunData
from featlearn.views.data.theory import Theory
from featlearn.views.data.trained import DEGREES, Trained

QUANTILES = {"angle_q05": 0.05, "angle_q25": 0.25, "angle_median": 0.5, "angle_q75": 0.75, "angle_q95": 0.95}
SAMPLES_PER_DIMENSION = "samples_per_dimension"  # a horizontal axis beside the step
_MOST_COSINES = 10_000  # that a figure shows
QUANTILE_BANDS = (("angle_q05", "angle_q95", 0.15), ("angle_q25", "angle_q75", 0.3))  # drawn, with their opacities


def of_theory(column: str) -> str:
    """The column of a table that holds what theory says of another one."""
    return f"theory_{column}"


def curves_table(data: RunData, theory: Theory | None = None) -> Table:
    """Losses, objective, gap and weight decay at every logged row; those on data, of runs that have some."""
    on_data = with_values(data.metrics, ["train_loss", "test_loss"])
    names = ("step", "stage", "weight_decay", "loss", *on_data, "objective", "gap")
    return {name: data.metrics[name] for name in names} | _of_theory(theory, "loss", "objective")


def alignment_table(data: RunData, theory: Theory | None = None) -> Table:
    """Shares and angles at every logged row; angle quantiles, weighted by mass, at those that have a snapshot."""
    names = ("step", "stage", "aligned_mass", "recovered", "subspace", "mean_angle", "max_angle")
    table = {name: data.metrics[name] for name in names}
    quantiles = np.full((len(QUANTILES), len(table["step"])), np.nan)
    if data.neurons is not None:
        at = weighted_quantiles(data.neurons.angle, data.neurons.mass, list(QUANTILES.values()))
        quantiles = _at_rows(table["step"], data.neurons.steps, at.T).T
    shares = _of_theory(theory, "subspace", "aligned_mass", "max_angle")
    return table | dict(zip(QUANTILES, quantiles, strict=True)) | shares


def _of_theory(theory: Theory | None, *names: str) -> Table:
    return {} if theory is None else {of_theory(name): theory.table[name] for name in names}


def overlaps_table(data: RunData, trained: Trained) -> Table:
    """Least and mean overlap at every logged row; those of each direction, from 1 on, at those that have a snapshot."""
    table = {name: data.metrics[name] for name in ("step", "stage", "overlap_min", "overlap_mean")}
    of_each = _at_rows(table["step"], trained.snapshots.steps, trained.overlaps())
    return table | {f"overlap_{k}": column for k, column in enumerate(of_each.T, start=1)}


def samples_per_dimension(data: RunData) -> np.ndarray:
    """How many samples online data have given up to each logged row, over the dimension of the inputs.

    Raises:
        RunError: for other data.
    """
    kind, batch = data.settings.get("data.kind", "population"), data.settings.get("data.batch_size")
    if kind != "online" or not isinstance(batch, int) or data.snapshots is None:
        why = data.missing if kind == "online" else f"that is for data.kind: online, and this is {kind}"
        raise RunError(f"{data.run.path}: no {SAMPLES_PER_DIMENSION}: {why}")
    reuse, steps = int(data.settings.get("data.reuse") or 1), data.metrics["step"]
    batches = np.zeros(len(steps), dtype=int)
    for stage in data.stages:  # each begins with a batch of its own
        batches += -(-np.clip(steps - stage.first, 0, stage.last - stage.first) // reuse)
    return batches * batch / data.snapshots.first_layer.shape[-1]


def degrees_table(data: RunData, trained: Trained) -> Table:
    """The loss at every logged row; its parts by degree at those that have a snapshot."""
    table = {name: data.metrics[name] for name in ("step", "stage", "loss")}
    _, rows, snapshots = np.intersect1d(table["step"], trained.snapshots.steps, return_indices=True)
    losses = np.full(len(trained.snapshots.steps), np.nan)
    losses[snapshots] = table["loss"][rows]
    parts = _at_rows(table["step"], trained.snapshots.steps, trained.losses_by_degree(losses))
    names = [*(f"degree_{k}" for k in range(DEGREES)), f"above_{DEGREES - 1}"]
    return table | dict(zip(names, parts.T, strict=True))


def offsets_table(data: RunData, neurons: Neurons) -> Table:
    """A row for each living neuron at the last snapshot, of a run with biases: offset b/‖w‖, angle, mass, teacher."""
    assert data.snapshots is not None
    assert data.snapshots.biases is not None
    lives = neurons.mass[-1] > neurons.alive_above
    norms = np.linalg.norm(np.where(lives[:, None], data.snapshots.first_layer[-1], 1.0), axis=-1)
    with np.errstate(all="ignore"):  # the run may have diverged
        offset = data.snapshots.biases[-1] / norms
    table = {"neuron": np.arange(len(lives)), "offset": offset}
    table |= {name: getattr(neurons, name)[-1] for name in ("angle", "mass", "teacher")}
    shown = lives & np.isfinite(offset) & np.isfinite(table["mass"])
    return {name: values[shown] for name, values in table.items()}


def cosines_table(trained: Trained) -> Table:
    """A row for each living neuron at each snapshot: its cosines with the first two directions.

    Of very many, the neurons that are the heaviest at the end.
    """
    steps, masses = trained.snapshots.steps, trained.masses
    most = max(1, _MOST_COSINES // len(steps))
    chosen = np.sort(np.argsort(-masses[-1], kind="stable")[:most])
    cosines, masses = trained.cosines(chosen), masses[:, chosen]
    snapshot, neuron = np.nonzero((masses > ALIVE_ABOVE * trained.mass) & np.isfinite(cosines).all(-1))
    return {
        "step": steps[snapshot],
        "neuron": chosen[neuron],
        "cos_1": cosines[snapshot, neuron, 0],
        "cos_2": cosines[snapshot, neuron, 1],
        "mass": masses[snapshot, neuron],
    }


def _at_rows(steps: np.ndarray, at: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values at snapshots, (S, n), at the rows of the log with the same steps; NaN at the others."""
    _, rows, snapshots = np.intersect1d(steps, at, return_indices=True)
    found = np.full((len(steps), values.shape[1]), np.nan)
    found[rows] = values[snapshots]
    return found


def quantile_shares(low: str, high: str) -> str:
    """The shares between which a band of quantiles lies."""
    return f"{100 * QUANTILES[low]:.0f}–{100 * QUANTILES[high]:.0f} %"


def neurons_table(neurons: Neurons) -> Table:
    """A row for each neuron at each snapshot."""
    count, width = neurons.mass.shape
    table = {"step": np.repeat(neurons.steps, width), "neuron": np.tile(np.arange(width), count)}
    table |= {name: getattr(neurons, name).ravel() for name in ("teacher", "angle", "mass")}
    if neurons.rank <= 3:
        places = zip("xyz", np.moveaxis(neurons.place, -1, 0), strict=False)
        table |= {axis: values.ravel() for axis, values in places}
    return table
