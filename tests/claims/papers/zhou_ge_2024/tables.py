"""Evidence of the tests' making: tables whose answer is known, and small sweeps."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from featlearn.claims.evidence import Findings
from featlearn.config.model import Config
from featlearn.runs.metrics import Table
from featlearn.sweeps.directory import SweepDirectory
from tests.claims.papers.judging import Given
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


TWO_STAGES = {
    "second": {"train": ["second_layer"], "method": "ridge"},
    "late": {
        "train": ["first_layer", "second_layer"],
        "steps": 4000,
        "step_size": 0.2,
        "weight_decay": {"start": 0.004, "factor": 0.5, "every": 2000},
    },
}
CONDITIONING = 0.5  # of the teachers of tables that have no column of it


@dataclass(frozen=True)
class Tables(Given):
    """Evidence whose tables and logs are given; configurations have the conditionings and seeds of the tables."""

    def configs(self, sweep: str) -> list[Config]:
        table = self.tables[sweep]
        ratios = _conditionings(table)
        made = {ratio: _config(ratio) for ratio in set(ratios.tolist())}
        pairs = zip(ratios.tolist(), table["seed"].tolist(), strict=True)
        return [made[ratio].model_copy(update={"seed": int(seed)}) for ratio, seed in pairs]


def _config(ratio: float) -> Config:
    """Two orthogonal teacher neurons with a given conditioning."""
    teacher = {"directions": [[1.0, 0.0], [0.0, 1.0]], "output_weights": [1.0, -ratio]}
    return Config.model_validate({"teacher": teacher, "student": {"width": 8}, "stages": TWO_STAGES})


def _conditionings(table: Table) -> np.ndarray:
    return np.asarray(table.get("conditioning", np.full(len(table["seed"]), CONDITIONING)))


def _squared_norms(table: Table) -> np.ndarray:
    """‖f*‖² of the teachers of ``_config``: E φ̃(z)² = (π/2 − 1)/2π, and 0 for orthogonal rows."""
    return (np.pi / 2 - 1) / (2 * np.pi) * (1 + _conditionings(table) ** 2)


def tables(name: str, **given: Table) -> Tables:
    """Evidence for a claim."""
    return Tables(dict.fromkeys(given), claim(name).file.parameters, tables=given)  # type: ignore[arg-type]


def with_logs(evidence: Tables, logs: dict[str, list[Table]]) -> Tables:
    """The same with the logs of its runs."""
    return replace(evidence, logs=logs)


def with_ends(table: Table, found: np.ndarray) -> Table:
    """The same runs, with the last row of one that found the teacher of ``_config``, or of one that is stuck."""
    return table | {
        "recovered": np.where(found, 2, 1),
        "aligned_mass": np.where(found, 1.0, 0.5),
        "mass_error": np.where(found, 1e-4, 0.5),
        "loss": np.where(found, 1e-9, 0.2) * _squared_norms(table),
    }


def logs_of(table: Table, before: float | np.ndarray = 0.01, *, far: float = 0.8) -> list[Table]:
    """Logs that end as a table says.

    Args:
        before: the loss over ‖f*‖² after the second stage and at the end of the first epoch of the last.
        far: the share of the mass that is then not aligned.
    """
    runs = len(table["seed"])
    losses = np.broadcast_to(before, runs) * _squared_norms(table)
    return [
        {
            "stage": np.array(["second", "late", "late", "late"], dtype=object),
            "stage_step": np.array([1, 1, 2000, 4000]),
            "loss": np.array([losses[i], 0.0, losses[i], table["loss"][i]]),
            "aligned_mass": np.array([1 - far, 1.0, 1 - far, table["aligned_mass"][i]]),
            "recovered": np.array([0, 0, 0, table["recovered"][i]]),
        }
        for i in range(runs)
    ]


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
