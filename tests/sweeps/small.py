"""Small sweeps for the tests: files, runs of them, and what their tables say."""

import csv
import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from featlearn.config.yaml_source import ConfigError
from featlearn.runs.directory import RunDirectory
from featlearn.sweeps.begin import begin
from featlearn.sweeps.directory import WHOLE, Shard, SweepDirectory
from featlearn.sweeps.executors import DaskExecutor, Executor, SerialExecutor
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.run import run_sweep
from featlearn.sweeps.state import SweepResult

BASE = """\
base:
  teacher: {input_dim: 6, width: 3, rank: 2, min_angle: 20}
  student: {width: 8}
  stages:
    first: {train: [first_layer], steps: 1, step_size: 1.0, weight_decay: 1.0, then: [normalize_rows]}
    second: {train: [second_layer], method: ridge, weight_decay: 0.01, then: [balance]}
    local: {train: [first_layer, second_layer], steps: 60, step_size: 0.2, weight_decay: 0.01}
  log: {points: 12, snapshots: 3}
"""
# widths of three shapes, one step size that diverges, one rank that cannot be: 3·2·2·2 points
MIXED = """\
grid:
  student.width: [8, 10, 12]
  stages.local.step_size: [0.2, 1000]
  teacher.rank: [2, 4]
seeds: 2
"""


def sweep_file(place: Path, text: str = MIXED, base: str = BASE) -> Path:
    place.mkdir(exist_ok=True)
    path = place / "sweep.yaml"
    path.write_text(textwrap.dedent(base) + textwrap.dedent(text))
    return path


def new_sweep(place: Path, text: str = MIXED, base: str = BASE) -> SweepDirectory:
    return begin(load_sweep(sweep_file(place, text, base)), place / "runs")


def run(directory: SweepDirectory, shard: Shard = WHOLE, jobs: int = 0, **options: Any) -> SweepResult:
    def executor() -> Executor:
        return DaskExecutor(jobs) if jobs else SerialExecutor()

    return run_sweep(directory, executor, shard=shard, **options)


def table(directory: SweepDirectory) -> list[dict[str, str]]:
    """The rows of ``results.csv`` without what takes time."""
    with directory.results_file.open(newline="") as file:
        return [{key: cell for key, cell in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def journal(directory: SweepDirectory) -> list[dict[str, Any]]:
    """Every line of its journals."""
    files = sorted(directory.path.glob("journal*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def metrics(run: RunDirectory) -> list[dict[str, Any]]:
    """The rows of a run without what takes time."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in run.read_metrics()]


def settings(place: Path, text: str) -> list[dict[str, Any]]:
    """The values of the axes at each point."""
    return list(load_sweep(sweep_file(place, text)).settings())


def complaints(place: Path, text: str) -> list[str]:
    """What is wrong with a sweep file, with places in it."""
    with pytest.raises(ConfigError) as caught:
        load_sweep(sweep_file(place, text))
    return [str(c).removeprefix(f"{place}/") for c in caught.value.complaints]
