"""What theory says of a run on fresh batches: the mean course of its order parameters, at the rows of its log.

Where the η² term of the mean step is closed, the course is that of ``training.mean_online``. Elsewhere it is the drift
alone: the same stages with the exact gradient of the population in place of that on batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from featlearn.config.data import OnlineData
from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.runs.batch import Experiment
from featlearn.runs.metrics import Table, as_columns
from featlearn.runs.threads import one_blas_thread
from featlearn.storage.errors import RunError
from featlearn.training.column import Row
from featlearn.training.descent import DIVERGED_ABOVE, descend
from featlearn.training.events import Logged
from featlearn.training.mean_online import Leg, mean_rows, why_not_closed
from featlearn.training.methods import gd
from featlearn.training.plan import Plan
from featlearn.views.data.run import RunData

SHOWN = ("loss", "objective", "subspace", "aligned_mass", "max_angle")  # what figures show of it
LEAST_SHARE = 1e-12  # of ‖f*‖², or the loss at the start: below, losses are lost in the error of the integration


@dataclass(frozen=True)
class Theory:
    """The theory of a run.

    Attributes:
        table: the columns ``SHOWN`` of the metrics at the rows of the run's log, NaN where the theory says nothing.
        drift_alone: why the η² term is missing; None where it is there.
    """

    table: Table
    drift_alone: str | None = None


def read_theory(data: RunData) -> Theory:
    """The theory of a run. Raises RunError where there is none, ConfigError when its configuration was changed."""
    config = load_config(data.run.config_file)
    if why := _why_none(config):
        raise RunError(f"{data.run.path}: no theory lines: {why}")
    with one_blas_thread():
        here = Experiment.of(config)
        exact = Experiment.of(_on_population(config))
        legs = list(_legs(data, here.plan))
        if not legs:
            raise RunError(f"{data.run.path}: no theory lines yet: no step is logged")
        missing = why_not_closed(here.problem, [leg.stage for leg in legs])
        if missing is None:
            rows = list(mean_rows(here.problem, legs, here.start.state, exact.backend))
        else:
            rows = list(_drift(exact, legs))
        table = _as_table(rows, len(data.metrics["step"]))
        size = max(float(here.problem.target().squared_norm()[0]), table["loss"][0])
    if missing is None:
        for name in ("loss", "objective"):
            table[name][table[name] < LEAST_SHARE * size] = np.nan
    gone = np.flatnonzero(table["loss"] > DIVERGED_ABOVE * size)
    for values in table.values():
        values[gone[0] if len(gone) else len(values) :] = np.nan
    return Theory(table, missing)


def _why_none(config: Config) -> str | None:
    if not isinstance(config.data, OnlineData):
        exact = " (its own curve is the exact one)" if config.data.kind == "population" else ""
        return f"they are for data.kind: online, a fresh batch at each step, and this is {config.data.kind}{exact}"
    for name, stage in config.stages.items():
        if stage.method != gd.METHOD.name:
            return f"they are for the steps of {gd.METHOD.name}, and stage {name} takes those of {stage.method}"
    known = {"kind", "batch_size", "noise_std"}
    if others := [key for key, value in config.data if key not in known and value is not None]:
        return f"they are for independent batches of standard inputs, and this run has data.{others[0]}"
    return None


def _on_population(config: Config) -> Config:
    changes = {"data": {"kind": "population"}, "backend": "auto", "device": "cpu", "precision": "float64"}
    return Config.model_validate(config.model_dump(exclude_none=True) | changes)


def _legs(data: RunData, plan: Plan) -> Iterator[Leg]:
    """The stages of a run as far as it has logged them."""
    names, steps = data.metrics["stage"][1:].astype(str), data.metrics["step"][1:]
    before = 0
    for stage in plan.stages:
        rows = steps[names == stage.name]
        if not len(rows):
            return
        rows = rows - before
        before += int(rows[-1])
        ended = data.info.status == "done" or bool(np.any(steps > before)) or stage.steps == rows[-1]
        yield Leg(stage, rows, ended)


def _drift(exact: Experiment, legs: Sequence[Leg]) -> Iterator[Row]:
    """The rows of the same stages on the population."""
    stages = tuple(
        replace(leg.stage, steps=int(leg.rows[-1]), stop={}, then=leg.stage.then if leg.ended else ()) for leg in legs
    )
    plan = Plan(stages, tuple(leg.rows for leg in legs), tuple(leg.rows[:0] for leg in legs))
    for event in descend(exact.problem, [plan], exact.backend, exact.start):
        if isinstance(event, Logged) and event.ended != "diverged":
            yield event.row


def _as_table(rows: list[Row], count: int) -> Table:
    table = {name: np.full(count, np.nan) for name in SHOWN}
    for name, values in as_columns(rows, SHOWN).items():
        table[name][: len(values)] = values.astype(float)
    return table
