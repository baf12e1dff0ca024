"""Judges of claims about training: what the runs of their sweeps show."""

from __future__ import annotations

import numpy as np

from featlearn.claims.evidence import Columns, Evidence, recovered, relative_start_loss
from featlearn.claims.intervals import Measured, exponent_of, median_of, proportion_of, slope
from featlearn.claims.model import Findings
from featlearn.claims.records import Panel, Series
from featlearn.runs.metrics import load_metrics

DECAY = "stages.local_convergence.weight_decay"


def against(table: Columns, axis: str, column: np.ndarray) -> tuple[list[float], list[Measured]]:
    """The values of an axis, and the median of a column over the seeds at each."""
    values = sorted(set(table[axis].tolist()))
    return values, [median_of(column[table[axis] == value]) for value in values]


def curve(name: str, x: list[float], y: list[Measured]) -> Series:
    """Medians and intervals as a curve."""
    return Series(name, x, [m.value for m in y], [m.low for m in y], [m.high for m in y])


def subspace(evidence: Evidence) -> Findings:
    """The share of the first layer in the teacher's span after the first step."""
    dimension, size = evidence.table("dimension"), evidence.table("size")
    dims, outside = against(dimension, "teacher.input_dim", 1 - dimension["subspace"])
    steps, shares = against(size, "stages.first_step.step_size", size["subspace"])
    at_32 = dimension["teacher.input_dim"] == 32
    lowest = {d: dimension["subspace"][dimension["teacher.input_dim"] == d].min() for d in dims}
    return Findings(
        {"share": median_of(dimension["subspace"][at_32]), "aligned": median_of(dimension["aligned_mass"][at_32])},
        [
            f"the share outside falls as d^{slope(dims[1:], [m.value for m in outside[1:]]):.2f}",
            "the lowest share of any seed: " + ", ".join(f"{low:.3f} at d = {d:g}" for d, low in lowest.items()),
            "without weight decay the start stays: share "
            + ", ".join(f"{m.value:.2f} at η = {eta:g}" for eta, m in zip(steps, shares, strict=True)),
        ],
        Panel(
            "input dimension d",
            "share of the first layer outside S* after one step",
            [curve("η = 1, λ = 1/η", dims, outside)],
            log_x=True,
            log_y=True,
            marks={"threshold": 0.05},
        ),
    )


def local(evidence: Evidence) -> Findings:
    """Which starts near the teacher end at it, against the loss that they start with."""
    table, most = evidence.table("starts"), evidence.parameters["relative_loss"]
    start = np.array([relative_start_loss(config) for config in evidence.configs("starts")])
    found = recovered(table, table["teacher.width"]) & (table["loss"] < evidence.parameters["loss"])
    geometries = dict.fromkeys(zip(table["teacher.width"].tolist(), table["teacher.min_angle"].tolist(), strict=True))
    series, edges = [], []
    for lines, separation in geometries:
        here = (table["teacher.width"] == lines) & (table["teacher.min_angle"] == separation)
        bins = np.array_split(np.argsort(start[here]), 6)
        rates = [proportion_of(found[here][chosen]) for chosen in bins]
        losses = [float(np.median(start[here][chosen])) for chosen in bins]
        series.append(curve(f"m* = {lines:g}, Δ = {separation:g}°", losses, rates))
        edges.append(f"{lines:g} lines {separation:g}° apart: {_success(start[here], found[here])}")
    main = (table["teacher.width"] == 3) & (table["teacher.min_angle"] == 25) & (start <= most)
    teachers = np.unique(table["seed"][main])  # the starts around one teacher are no independent cases
    return Findings(
        {"success": proportion_of([found[main & (table["seed"] == seed)].all() for seed in teachers])},
        edges,
        Panel("loss at the start / ‖f*‖²", "share of runs that end at the teacher", series, log_x=True),
    )


def _success(start: np.ndarray, found: np.ndarray) -> str:
    """Where runs begin to fail."""
    if found.all():
        return f"all {len(found)} succeed, up to a relative start loss of {start.max():.2g}"
    order = np.argsort(start)
    rates = np.cumsum(found[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(rates >= 0.95)
    where = (
        f"95 % of those that start below {start[order][good[-1]]:.2g}" if len(good) else "below 95 % from the start on"
    )
    return f"{found.sum()} of {len(found)} succeed, {where}; the first failure starts at {start[~found].min():.2g}"


def decay(evidence: Evidence) -> Findings:
    """A constant weight decay against none: alignment, and the loss that stays."""
    table, largest = evidence.table("constant"), evidence.parameters["largest_fitted"]
    separations = sorted(set(table["teacher.min_angle"].tolist()), reverse=True)
    parts = {x: {k: column[table["teacher.min_angle"] == x] for k, column in table.items()} for x in separations}
    main = parts[separations[0]]
    decays, losses = against(main, DECAY, main["loss"])
    _, aligned = against(main, DECAY, main["aligned_mass"])
    none, small = decays.index(0.0), decays.index(evidence.parameters["weight_decay"])
    edges = []
    for separation, part in parts.items():
        at, by_seed = _losses_by_seed(part)
        shares = against(part, DECAY, part["aligned_mass"])
        per_decay = ", ".join(f"{m.value:.2f} at λ = {x:g}" for x, m in zip(*shares, strict=True))
        edges.append(f"Δ = {separation:g}°: share of the mass within 5° of a teacher line, medians: {per_decay}")
        for words, some in (("up to", at <= largest), ("from", at >= largest)):
            if some.sum() > 1:
                p = exponent_of(at[some], by_seed[:, some])
                fitted = f"{p.value:.2f} [{p.low:.2f}, {p.high:.2f}]"
                edges.append(f"Δ = {separation:g}°: exponent {words} λ = {largest:g}: {fitted}")
    at, by_seed = _losses_by_seed(main)
    away = median_of(main["max_angle"][main[DECAY] == 0.0])
    edges.append(
        f"without weight decay single neurons stay {away.value:.0f}° away [{away.low:.0f}, {away.high:.0f}], medians"
    )
    curves = [(x, against(part, DECAY, part["loss"])) for x, part in parts.items()]
    return Findings(
        {
            "fits": losses[none],
            "unaligned": median_of(_by_seed(main, "mean_angle", 0.0) / _by_seed(main, "mean_angle", decays[small])),
            "aligned": aligned[small],
            "exponent": exponent_of(at[at <= largest], by_seed[:, at <= largest]),
        },
        edges,
        Panel(
            "weight decay λ, constant",
            "final loss",
            [curve(f"Δ = {separation:g}°", x[1:], y[1:]) for separation, (x, y) in curves],
            log_x=True,
            log_y=True,
            marks={"without weight decay": losses[none].value},
        ),
    )


def _by_seed(table: Columns, column: str, decay: float) -> np.ndarray:
    """A column at one decay, in the order of the seeds."""
    here = table[DECAY] == decay
    return np.asarray(table[column][here][np.argsort(table["seed"][here])])


def _losses_by_seed(table: Columns) -> tuple[np.ndarray, np.ndarray]:
    """The decays above 0, and the final losses (seeds, decays)."""
    decays = np.unique(table[DECAY][table[DECAY] > 0])
    return decays, np.stack([_by_seed(table, "loss", decay) for decay in decays], axis=1)


def end(evidence: Evidence) -> Findings:
    """How much of the final alignment comes after the loss has fallen to a hundredth of its start."""
    shares, early, series = {}, {}, []
    for name in ("with_first_step", "without_first_step"):
        runs, done = [], []
        for full, _ in evidence.runs(name):
            runs.append(load_metrics(full.run.path))
            done.append(full.status == "done")
        at = [int(np.argmax(metrics["loss"] <= 0.01 * metrics["loss"][0])) for metrics in runs]
        final = np.array([metrics["aligned_mass"][-1] for metrics in runs])
        then = np.array([metrics["aligned_mass"][i] for metrics, i in zip(runs, at, strict=True)])
        fell = np.array(done) & [(metrics["loss"] <= 0.01 * metrics["loss"][0]).any() for metrics in runs]
        shares[name] = median_of(np.where(fell & (final > 0.5), 1 - then / np.maximum(final, 0.5), -1.0))  # −1: never
        early[name] = f"{np.median(then):.2f}, of {np.median(final):.2f} in the end"
        levels = np.geomspace(1, 1e-6, 25)
        reached = np.array([[_aligned_when(metrics, level) for level in levels] for metrics in runs])
        series.append(curve(name.replace("_", " "), levels.tolist(), [median_of(column) for column in reached.T]))
    return Findings(
        {"with": shares["with_first_step"], "without": shares["without_first_step"]},
        [f"{name.replace('_', ' ')}: aligned mass {text}, medians" for name, text in early.items()],
        Panel("loss / loss at the start (time runs to the left)", "share of the mass within 5°", series, log_x=True),
    )


def _aligned_when(metrics: Columns, level: float) -> float:
    """The aligned mass at the first row whose loss is at most a level of the first row's; at the end, if none is."""
    below = np.flatnonzero(metrics["loss"] <= level * metrics["loss"][0])
    return float(metrics["aligned_mass"][below[0] if len(below) else -1])
