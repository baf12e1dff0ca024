"""What a claim is measured on, the finished sweeps of its runs, and what its measurement returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from featlearn.claims.intervals import Measured
from featlearn.claims.model import Published
from featlearn.claims.records import Panel
from featlearn.config.model import Config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.metrics import Table
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.load import stored_sweep
from featlearn.sweeps.results import load_results


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

    def configs(self, sweep: str) -> list[Config]:
        """The configuration of every point of ``table``, in the same order."""
        points = stored_sweep(self.sweeps[sweep]).points()
        return [point.config for point in points if point.config is not None]

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


def recovered(table: Table, teachers: np.ndarray | int) -> np.ndarray:
    """Which runs found everything: done, every teacher line recovered, and all mass on teacher lines."""
    done = table["status"] == "done"
    return np.asarray(done & (table["recovered"] == teachers) & (table["aligned_mass"] > 0.999))
