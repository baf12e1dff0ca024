"""The judges of the papers' claims on evidence of the tests' making."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.load import Claim, load_paper
from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.runs.metrics import Table
from featlearn.sweeps.search.bisection import Search
from featlearn.sweeps.search.edges import Edge, Seen


def claim_of(paper: str, name: str) -> Claim:
    return load_paper(paper).claims[name]


def configured(claim: Claim, base: str, changes: Sequence[Sequence[str]]) -> list[Config]:
    """A configuration of a claim's paper, with overrides for each point."""
    return [load_config(claim.folder / "configs" / base, overrides) for overrides in changes]


@dataclass(frozen=True)
class Given(Evidence):
    """Evidence whose tables, configurations and logs are given."""

    tables: dict[str, Table] = field(default_factory=dict)
    settings: dict[str, list[Config]] = field(default_factory=dict)
    logs: dict[str, list[Table]] = field(default_factory=dict)
    found_edges: dict[str, list[Edge]] = field(default_factory=dict)

    def edges(self, sweep: str) -> list[Edge]:
        return self.found_edges[sweep]

    def table(self, sweep: str) -> Table:
        return self.tables[sweep]

    def configs(self, sweep: str) -> list[Config]:
        return self.settings[sweep]

    def metrics(self, sweep: str) -> list[Table]:
        return self.logs[sweep]


def given(
    claim: Claim,
    settings: dict[str, list[Config]] | None = None,
    edges: dict[str, list[Edge]] | None = None,
    **tables: Table,
) -> Given:
    """Evidence for a claim; the names of its sweeps are those of the tables and edges."""
    edges = edges or {}
    sweeps: dict[str, Any] = dict.fromkeys([*tables, *edges])
    own = claim.file
    return Given(
        sweeps,
        own.parameters,
        published=own.published,
        tables=tables,
        settings=settings or {},
        found_edges=edges,
    )


def grid(seeds: int = 20, **axes: Sequence[Any]) -> Table:
    """The columns of a grid of finished runs; ``__`` stands for a dot."""
    made = np.meshgrid(*axes.values(), np.arange(seeds), indexing="ij")
    columns = {key.replace("__", "."): values.ravel() for key, values in zip([*axes, "seed"], made, strict=True)}
    return columns | {"status": np.array(["done"] * made[0].size, dtype=object)}


def failed(claim: Claim, findings: Findings) -> set[str]:
    """The checks that do not hold, where all were measured and the findings can be told and drawn."""
    checks = claim.file.checks
    assert findings.measured.keys() == checks.keys()
    assert findings.edges
    assert all(len(series.x) == len(series.y) > 0 for series in findings.panel.series)
    return {key for key, check in checks.items() if not check.holds(findings.measured[key])}


def edge_at(
    middle: float,
    *,
    low: float | None = None,
    high: float | None = None,
    ending: Any = "found",
    runs: int = 100,
    grid_runs: int | None = 1000,
    **setting: Any,
) -> Edge:
    """An edge that a search ended with, 5 % wide if no ends are given; ``__`` of the setting stands for a dot."""
    ends = Search(ending, middle / 1.025 if low is None else low, middle * 1.025 if high is None else high, rises=True)
    seen = (Seen(middle, (0.0, 1.0), runs, 0, holds=None, open=False),)
    return Edge({key.replace("__", "."): value for key, value in setting.items()}, ends, middle, seen, grid_runs)
