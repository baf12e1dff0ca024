"""What a claim is measured on, the finished sweeps of its runs, and what its measurement returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from featlearn.claims.intervals import Measured
from featlearn.claims.model import Published
from featlearn.claims.records import Panel
from featlearn.config.build import build
from featlearn.config.model import Config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.metrics import Table, load_metrics
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.load import stored_sweep
from featlearn.sweeps.results import load_results
from featlearn.sweeps.search.edges import Edge
from featlearn.sweeps.search.found import searches_of
from featlearn.theory import population
from featlearn.theory.alignment import finds_teacher
from featlearn.theory.linear_floors import random_features_floor, tangent_floor


@dataclass(frozen=True)
class FullRun:
    """A point of a sweep that keeps its runs: the values of its axes, its status, and the run itself."""

    values: dict[str, Any]
    status: str
    run: RunDirectory


@dataclass(frozen=True)
class Evidence:
    """The sweeps of one claim, by the names that its file gives them, and the numbers that its measurement needs.

    Attributes:
        published: the published numbers of the claim, by what its file calls them.
    """

    sweeps: dict[str, SweepDirectory]
    parameters: dict[str, float]
    quick: bool = False
    published: Mapping[str, Published] = field(default_factory=dict, kw_only=True)

    def table(self, sweep: str) -> Table:
        """The results of a sweep as columns, one entry per point in the order of its manifest; see ``load_results``.

        Points that cannot run, for their configuration breaks a rule, are left out.
        """
        directory = self.sweeps[sweep]
        table = load_results(directory.path)
        feasible = {entry.id for entry in directory.read_manifest() if entry.problem is None}
        kept = np.array([point in feasible for point in table["id"]], dtype=bool)
        return {name: column[kept] for name, column in table.items()}

    def edges(self, sweep: str) -> list[Edge]:
        """The edges that a sweep with ``find`` has found, one for each setting of its other axes."""
        found = searches_of(self.sweeps[sweep])
        return [] if found is None else found[1]

    def configs(self, sweep: str) -> list[Config]:
        """The configuration of every point of ``table``, in the same order."""
        points = stored_sweep(self.sweeps[sweep]).points()
        return [point.config for point in points if point.config is not None]

    def metrics(self, sweep: str) -> list[Table]:
        """The log of every run of ``configs`` of a sweep with ``store: full``, in the same order."""
        return [load_metrics(full.run.path) for full, _ in self.runs(sweep)]

    def found(self, sweep: str) -> np.ndarray:
        """Which runs of ``table`` are done and have found their teacher, see ``theory.alignment.finds_teacher``."""
        table, problems = self.table(sweep), [build(config)[0] for config in self.configs(sweep)]
        teachers = [(p.activation, p.teacher_second_layer, p.teacher_first_layer) for p in problems]
        return np.asarray(table["status"] == "done") & finds_teacher(
            table,
            np.array([weights.shape[-1] for _, weights, _ in teachers]),
            np.array([np.abs(weights).min() for _, weights, _ in teachers]),
            np.array([population.squared_norm(*teacher)[0] for teacher in teachers]),
        )

    def runs(self, sweep: str) -> Iterator[tuple[FullRun, Config]]:
        """The runs of a sweep with ``store: full``."""
        directory = self.sweeps[sweep]
        results = directory.read_results()
        for entry, point in zip(directory.read_manifest(), stored_sweep(directory).points(), strict=True):
            if point.config is not None:
                yield FullRun(entry.values, results[entry.id].status, directory.run(entry.id)), point.config


@dataclass(frozen=True)
class Findings:
    """What was measured: a number for each check of the claim, sentences about its edge, and a figure as data."""

    measured: dict[str, Measured]
    edges: list[str]
    panel: Panel


def size_and_floors(config: Config) -> tuple[float, float, float]:
    """‖f*‖², and the least losses of the random and of the tangent features of the start; NaN where there is none."""
    problem, _, start = build(config)
    teacher = problem.teacher_second_layer[0], problem.teacher_first_layer[0]
    a, w = start.state.second_layer[0], start.state.first_layer[0]
    size = population.squared_norm(problem.activation, teacher[0][None], teacher[1][None])[0]
    random = random_features_floor(problem.activation, w, *teacher)
    tangent = tangent_floor(problem.activation, a, w, *teacher)
    return size, np.nan if random is None else random, np.nan if tangent is None else tangent
