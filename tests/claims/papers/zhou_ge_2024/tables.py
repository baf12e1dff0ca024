"""Evidence of the tests' making: tables whose answer is known, and small sweeps."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.config.model import Config
from featlearn.runs.metrics import Table
from featlearn.sweeps.directory import SweepDirectory
from tests.claims.papers.zhou_ge_2024.small import claim
from tests.sweeps.small import new_sweep, run

BASE = """\
base:
  teacher: {input_dim: 4, width: 2, rank: 2, min_angle: 30}
  student: {width: 8}
  stages:
    first_step: {train: [first_layer], steps: 1, step_size: 1.0, weight_decay: 1.0, then: [normalize_rows]}
    second_layer: {train: [second_layer], method: ridge, weight_decay: 0.005, then: [balance]}
    local_convergence:
      train: [first_layer, second_layer]
      steps: 12000
      step_size: 0.2
      weight_decay: {start: 0.004, factor: 0.5, every: 2000}
  log: {points: 60, snapshots: 1, gap: false}
"""


@dataclass(frozen=True)
class Tables(Evidence):
    """Evidence whose tables are given."""

    tables: dict[str, Table] = field(default_factory=dict)

    def table(self, sweep: str) -> Table:
        return self.tables[sweep]

    def configs(self, sweep: str) -> list[Config]:
        ridge = {"late": {"train": ["second_layer"], "method": "ridge"}}
        teacher = {"directions": [[1.0, 0.0], [0.0, 1.0]], "output_weights": [1.0, -0.5]}
        config = Config.model_validate({"teacher": teacher, "student": {"width": 8}, "stages": ridge})
        return [config] * len(self.tables[sweep]["seed"])


def tables(name: str, **given: Table) -> Tables:
    """Evidence for a claim."""
    return Tables(dict.fromkeys(given), claim(name).file.parameters, tables=given)  # type: ignore[arg-type]


def crossed(seeds: int = 20, **axes: list[float]) -> Table:
    """The columns of a grid of finished runs; ``__`` stands for a dot."""
    grid = np.meshgrid(*axes.values(), np.arange(seeds), indexing="ij")
    columns = {key.replace("__", "."): values.ravel() for key, values in zip([*axes, "seed"], grid, strict=True)}
    return columns | {"status": np.array(["done"] * grid[0].size, dtype=object)}


def swept(place: Path, grid: str, *, base: str = BASE, rest: str = "seeds: 3\nstore: summary\n") -> SweepDirectory:
    """A small sweep that was run."""
    directory = new_sweep(place, f"grid: {{{grid}}}\n{rest}", base)
    assert run(directory).status == "done"
    return directory


def holding(name: str, findings: Findings) -> dict[str, bool]:
    """Which checks of a claim hold."""
    return {key: check.holds(findings.measured[key]) for key, check in claim(name).file.checks.items()}


def assert_complete(name: str, sweeps: dict[str, SweepDirectory], findings: Findings) -> None:
    """Every check has a number within its interval, the edge is told, and the figure has data."""
    assert sweeps.keys() == claim(name).file.sweeps.keys()
    assert findings.measured.keys() == claim(name).file.checks.keys()
    assert all(found.low <= found.value <= found.high for found in findings.measured.values())
    assert findings.edges
    assert all(len(series.x) == len(series.y) > 0 for series in findings.panel.series)
