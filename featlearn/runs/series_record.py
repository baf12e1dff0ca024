"""What ``run.json`` says of the Hermite series of an activation, for the rows that a run had."""

from __future__ import annotations

import numpy as np

from featlearn.runs.records import SeriesRecord
from featlearn.training.problem import Problem
from featlearn.training.state import State


def largest_norm(problem: Problem, state: State) -> float | None:
    """The largest norm of the rows of student and teacher that meet standard inputs, of the run's own problem; None
    where the kernel is no series."""
    if problem.activation.series is None:
        return None
    rows = [problem.images(state.first_layer.astype(np.float64))[0]]
    if problem.function is None:
        rows.append(problem.joined()[1][0])
    return float(max(np.max(np.linalg.norm(problem.directions(its), axis=-1), initial=0.0) for its in rows))


def series_record(problem: Problem, largest: float | None) -> SeriesRecord | None:
    """The degree that holds for rows up to a norm, and the bound of what it leaves out.

    With biases, by which the degree goes too, only that none holds.
    """
    series = problem.activation.series
    if series is None or largest is None or (problem.has_biases and series.degree(largest) is not None):
        return None
    return SeriesRecord(degree=series.degree(largest), largest_norm=largest, bound=series.level_bound(largest))


def beyond_reach(problem: Problem, record: SeriesRecord | None, *, at_start: bool) -> str | None:
    """That a run had rows for which the series does not hold, and what to do; None where it holds."""
    series = problem.activation.series
    if record is None or series is None or record.degree is not None:
        return None
    change = "start with shorter rows" if at_start else "use shorter rows, smaller steps or weight decay"
    if at_start and problem.root is not None:
        change += " or a smaller covariance, which stretches those of student and teacher"
    return (
        f"the Hermite series of {problem.activation.name} holds for rows of norm up to {series.reach:.3g}, and one has "
        f"{record.largest_norm:.3g}; {change}"
    )
