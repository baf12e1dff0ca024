"""The metrics row: what is logged of a run at one step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featlearn.training.backends import Backend
from featlearn.training.column import Row, plain_numbers
from featlearn.training.columns import COLUMNS
from featlearn.training.look import Look
from featlearn.training.problem import Problem
from featlearn.training.stages import Stage
from featlearn.training.state import State


def name_of_followed_loss(problem: Problem) -> str:
    """The column by which divergence is told: the loss of the population, or on the data where there is no teacher."""
    return "loss" if problem.has_teacher else "train_loss"


def followed_loss(problem: Problem, row: Row) -> float | None:
    """The value of that column."""
    value: float | None = row[name_of_followed_loss(problem)]
    return value


def measure(
    problem: Problem, stages: Sequence[Stage], state: State, stage_step: int, backend: Backend, *, gap: bool = False
) -> tuple[list[Row], np.ndarray]:
    """A metrics row for each run of a batch, and the loss floors (B,) under which their losses mean nothing.

    Args:
        stages: the current stage of each run.
        stage_step: how many steps the runs have done in this stage.
        backend: computes the gradient: of the training loss for empirical data, of the population loss otherwise.
        gap: whether the optimum is computed and compared with.
    Returns:
        Rows with every key of ``COLUMNS``. Values that do not apply or are not finite are None, and so are those that
        are not computed from the weights: "step" and "seconds", which the caller knows.
    """
    return rows_of(Look(problem, state, stages, stage_step, backend, gap))


def rows_of(look: Look) -> tuple[list[Row], np.ndarray]:
    """The rows and floors that ``measure`` returns, of a look."""
    with np.errstate(all="ignore"):  # diverging weights overflow: that is what the row then shows
        computed = {name: column.compute(look) for name, column in COLUMNS.items() if column.compute is not None}
        floors = look.loss_floor
    known = {name: values for name, values in computed.items() if values is not None}
    numbers = [name for name in known if COLUMNS[name].is_number]
    cells = dict(zip(numbers, plain_numbers([known.pop(name) for name in numbers]), strict=True))
    cells |= {name: COLUMNS[name].plain(values) for name, values in known.items()}
    missing = [None] * len(look.stages)
    columns = [cells.get(name, missing) for name in COLUMNS]
    return [dict(zip(COLUMNS, row, strict=True)) for row in zip(*columns, strict=True)], floors
