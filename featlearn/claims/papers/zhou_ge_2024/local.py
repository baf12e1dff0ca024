"""Which starts near the teacher end at it, against the loss that they start with."""

from __future__ import annotations

import numpy as np

from featlearn.claims.curves import curve
from featlearn.claims.evidence import Evidence, Findings, recovered
from featlearn.claims.intervals import proportion_of
from featlearn.claims.records import Panel, Series
from featlearn.config.build import build
from featlearn.config.model import Config
from featlearn.runs.metrics import Table
from featlearn.theory import population

_BINS = 6  # the figure puts the starts into so many bins by their loss


def measure(evidence: Evidence) -> Findings:
    table = evidence.table("starts")
    start = np.array([relative_start_loss(config) for config in evidence.configs("starts")])
    found = recovered(table, table["teacher.width"]) & (table["loss"] < evidence.parameters["loss"])
    kinds = dict.fromkeys(zip(table["teacher.width"].tolist(), table["teacher.min_angle"].tolist(), strict=True))
    series, edges = [], []
    for lines, separation in kinds:
        here = _of_kind(table, lines, separation)
        series.append(_rates(f"m* = {lines:g}, Δ = {separation:g}°", start[here], found[here]))
        edges.append(f"{lines:g} lines {separation:g}° apart: {_success(start[here], found[here])}")
    main = _of_kind(table, 3, 25) & (start <= evidence.parameters["relative_loss"])
    teachers = np.unique(table["seed"][main])  # the starts around one teacher are no independent cases
    return Findings(
        {"success": proportion_of([found[main & (table["seed"] == seed)].all() for seed in teachers])},
        edges,
        Panel("loss at the start / ‖f*‖²", "share of runs that end at the teacher", series, log_x=True),
    )


def relative_start_loss(config: Config) -> float:
    """The loss of the initial student over ‖f*‖²."""
    problem, _, start = build(config)
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    loss = population.loss(problem.activation, start.state.second_layer, start.state.first_layer, *teacher)
    return float(loss[0] / population.squared_norm(problem.activation, *teacher)[0])


def _of_kind(table: Table, lines: float, separation: float) -> np.ndarray:
    """Which runs have so many teacher lines, at least so many degrees apart."""
    return np.asarray((table["teacher.width"] == lines) & (table["teacher.min_angle"] == separation))


def _rates(name: str, start: np.ndarray, found: np.ndarray) -> Series:
    """The share of runs that succeed, in bins of equally many starts."""
    bins = np.array_split(np.argsort(start), _BINS)
    losses = [float(np.median(start[chosen])) for chosen in bins]
    return curve(name, losses, [proportion_of(found[chosen]) for chosen in bins])


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
