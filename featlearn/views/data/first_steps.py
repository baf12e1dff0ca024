"""When the runs of a sweep passed a threshold: the first logged step at which a column is above or below a number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from featlearn.runs.metrics import as_columns
from featlearn.storage.errors import RunError, WrongChoice
from featlearn.views.data.sweep import SweepData, numbers
from featlearn.views.words.passing import Passing, passing_of


def with_first_steps(data: SweepData, metrics: Iterable[str]) -> SweepData:
    """The sweep with a column for each metric that is a condition: the first steps, ∞ for runs that never fulfil it.

    NaN where a log cannot be read.

    Raises:
        WrongChoice: when the sweep keeps no logs.
    """
    asked = {text: found for text in metrics if (found := passing_of(text))}
    if not asked:
        return data
    steps = np.full((len(asked), len(data.columns["id"])), np.nan)
    logged = 0
    for place, point in enumerate(map(str, data.columns["id"])):
        try:
            rows = data.sweep.run(point).read_metrics()
        except RunError:  # it keeps none, or something else is in its place
            continue
        logged += bool(rows)
        columns = as_columns(rows, ["step", *(passing.column for passing in asked.values())]) if rows else {}
        steps[:, place] = [_first(columns, passing) for passing in asked.values()]
    if not logged:
        raise WrongChoice(
            f"{data.sweep.path} keeps no logs, and so no first step of {' or '.join(asked)}: run it with store: full, "
            f"or have its stages stop there and show the metric step"
        )
    return replace(data, columns=data.columns | dict(zip(asked, steps, strict=True)))


def _first(columns: dict[str, np.ndarray], passing: Passing) -> float:
    if not columns:
        return np.nan
    met = [passing.threshold.is_met(value) for value in numbers(columns[passing.column]).tolist()]  # none of NaN
    return float(columns["step"][met.index(True)]) if True in met else np.inf
