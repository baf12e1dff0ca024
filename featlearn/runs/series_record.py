"""What ``run.json`` says of the Hermite series of an activation, for the rows that a run had."""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

import numpy as np

from featlearn.runs.records import SeriesRecord
from featlearn.theory.activations import Activation
from featlearn.theory.activations.biased_series import bound_of, degree_of
from featlearn.theory.targets.cross import kernel_beyond
from featlearn.training.problem import Problem
from featlearn.training.state import State


class Largest(NamedTuple):
    """The largest norm and |bias| of rows of student and teacher that meet standard inputs; None where the kernel is no
    series, and of biases where there are none."""

    norm: float | None = None
    bias: float | None = None

    def joined(self, other: Largest) -> Largest:
        """The larger of both, of those that are finite."""
        known = ([x for x in pair if x is not None and isfinite(x)] for pair in zip(self, other, strict=True))
        return Largest(*(max(pair, default=None) for pair in known))


def largest_of(problem: Problem, state: State) -> Largest:
    """Those of the rows of a run's own problem."""
    if problem.activation.series is None:
        return Largest()
    rows = problem.images(state.first_layer.astype(np.float64))[0]
    if problem.function is None:
        rows = np.concatenate([rows, problem.joined()[1][0]])
    norm = float(np.max(np.linalg.norm(problem.directions(rows), axis=-1), initial=0.0))
    return Largest(norm, float(np.max(np.abs(rows[:, -1]), initial=0.0)) if problem.has_biases else None)


def series_record(problem: Problem, largest: Largest) -> SeriesRecord | None:
    """The degree that holds for rows up to a norm, and biases, or what takes its place beyond, and the bound of what
    that leaves out."""
    series, (norm, bias) = problem.activation.series, largest
    if series is None or norm is None:
        return None
    of_target = problem.function
    closed = not isinstance(of_target, Activation) or kernel_beyond(problem.activation, of_target) is not None
    if bias is None and closed and series.beyond is not None and series.is_beyond(norm):
        its = series.beyond
        return SeriesRecord(degree=None, largest_norm=norm, bound=its.bound(norm), components=len(its.parts.weights))
    if bias is None:
        return SeriesRecord(degree=series.degree(norm), largest_norm=norm, bound=series.level_bound(norm))
    degree = degree_of(series, np.array([norm]), np.array([bias]))
    bound = None if degree is None else bound_of(series, norm, bias, degree)
    return SeriesRecord(degree=degree, largest_norm=norm, bound=bound, largest_bias=bias)


def beyond_reach(problem: Problem, record: SeriesRecord | None, *, at_start: bool) -> str | None:
    """That a run had rows for which the series does not hold, and what to do; None where it holds."""
    series = problem.activation.series
    if record is None or series is None or record.bound is not None:
        return None
    change = "start with shorter rows" if at_start else "use shorter rows, smaller steps or weight decay"
    if at_start and problem.root is not None:
        change += " or a smaller covariance, which stretches those of student and teacher"
    if series.degree(record.largest_norm) is not None:
        of_rows = f"rows of norm {record.largest_norm:.3g} with biases up to {record.largest_bias:.3g}"
        return f"the Hermite series of {problem.activation.name} does not hold for {of_rows}; {change}"
    what, reach = "Hermite series", series.reach
    beyond = series.beyond if record.largest_bias is None else None
    if beyond is not None and not series.is_beyond(record.largest_norm):  # else the target forbids it
        what, reach = "kernel", beyond.reach
    return (
        f"the {what} of {problem.activation.name} holds for rows of norm up to {float(f'{reach:.3g}'):g}, and one has "
        f"{record.largest_norm:.3g}; {change}"
    )
