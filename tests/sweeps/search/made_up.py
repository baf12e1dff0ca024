"""Searches whose runs are made up: a function in place of training."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from featlearn.runs.records import PointResult
from featlearn.sweeps.costs import Cost, Costs
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.executors import Outcome, Work
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.plan import Estimate
from featlearn.sweeps.points import Job
from featlearn.sweeps.records import Entry
from featlearn.sweeps.run import run_sweep
from featlearn.sweeps.search.edges import Edge, Searches
from featlearn.sweeps.state import SweepResult
from featlearn.sweeps.sweep import Setting, Sweep
from featlearn.training.columns import COLUMNS

BASE = """\
base:
  teacher: {input_dim: 4, width: 3}
  student: {width: 8}
  stages:
    only: {train: [first_layer, second_layer], steps: 2, step_size: 0.1}
store: summary
"""
ROW: dict[str, Any] = {name: 0 if column.required else None for name, column in COLUMNS.items()}
ROW |= {"stage": "only"}
Respond = Callable[[Setting], dict[str, Any]]  # from the values at a point to what its last row says


def search_file(place: Path, find: str, more: str = "") -> Path:
    place.mkdir(exist_ok=True)
    path = place / "sweep.yaml"
    path.write_text(f"{BASE}find: {find}\n{textwrap.dedent(more)}")
    return path


def sweep_of(place: Path, find: str, more: str = "") -> Sweep:
    return load_sweep(search_file(place, find, more))


def result_of(point: str, config_hash: str, final: dict[str, Any]) -> PointResult:
    status = final.pop("status", "done")
    row = ROW | final
    known = {"id": point, "config_hash": config_hash, "status": status, "final": row if status == "done" else None}
    return PointResult.model_construct(**known)


def found(sweep: Sweep, respond: Respond) -> list[Edge]:
    """The edges that the searches of a sweep find, in memory."""
    searches = Searches(sweep)
    entries: list[Entry] = []
    results: dict[str, PointResult] = {}
    edges: list[Edge] = []
    asked = searches.first()
    while asked:
        for values in asked:
            entry = Entry(id=f"p{len(entries)}", config_hash="0", values=values)
            entries.append(entry)
            results[entry.id] = result_of(entry.id, "0", respond(values))
        edges = searches.edges(entries, results)
        asked = searches.next(edges)
    return edges


def drawn(key: str, share: Callable[[float], float], trial: int = 0) -> Respond:
    """Runs that recover three neurons with a probability that is a function of an axis."""

    def respond(values: Setting) -> dict[str, Any]:
        rng = np.random.default_rng([trial, int(values["seed"]), int(1e6 * values[key])])
        return {"recovered": 3 if rng.random() < share(values[key]) else 2}

    return respond


def logistic(edge: float, at: float, steepness: float) -> Callable[[float], float]:
    """A share that rises with the logarithm of an axis and is ``at`` at an edge."""
    return lambda x: float(1 / (1 + (1 / at - 1) * (x / edge) ** -steepness))


def computed(directory: SweepDirectory, respond: Respond, workers: int = 1, order: int = 1, **more: Any) -> SweepResult:
    """Run a sweep with made-up runs, whose costs are not measured."""
    with patch("featlearn.sweeps.run.estimate", lambda sweep, places: Estimate(Costs([]), Cost(), 0.0)):
        return run_sweep(directory, lambda: MadeUpExecutor(respond, workers, order), **more)


class MadeUpExecutor:
    """Computes points by a function, all that are in flight at once, in an order of its own."""

    local = True

    def __init__(self, respond: Respond, workers: int = 1, order: int = 1) -> None:
        self.respond, self.workers, self.order = respond, workers, order
        self.tasks: list[Any] = []
        self.local = workers == 1

    def check(self, path: Path | None) -> None:
        pass

    def capacity(self) -> int:
        return self.workers

    def in_flight(self) -> int:
        return len(self.tasks)

    def submit(self, work: Work, task: Any) -> None:
        self.tasks.append(task)

    def outcomes(self, wait: float) -> Iterator[Outcome]:
        tasks, self.tasks = self.tasks[:: self.order], []
        for task in tasks:
            yield Outcome(task, [self._computed(job) for job in self._ordered(task.jobs)])

    def _ordered(self, jobs: Iterable[Job]) -> list[Job]:
        return list(jobs)[:: self.order]

    def _computed(self, job: Job) -> PointResult:
        values = {"student.width": job.config.student.width, "seed": job.config.seed}
        values["teacher.width"] = None if job.config.teacher is None else job.config.teacher.width
        return result_of(job.id, job.config.digest(), self.respond(values))

    def close(self) -> None:
        self.tasks.clear()
