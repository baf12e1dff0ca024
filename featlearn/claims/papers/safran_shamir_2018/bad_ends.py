"""How many starts end away from the global minimum, against the published counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from featlearn.claims.curves import curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import Measured, largest_of, proportion_of, smallest_of
from featlearn.claims.records import Panel
from featlearn.runs.metrics import Table

_K, _N = "teacher.width", "student.width"
_KINDS = {"n = k": 0, "n = k + 1": 1}  # as the published counts are called, and the students beyond k


@dataclass(frozen=True)
class Cell:
    """The starts with k teachers and some students: which ended badly, and the count that was published, of ``of``."""

    k: int
    bad: np.ndarray
    published: int
    of: int

    @property
    def exact(self) -> float:
        """The p-value of both counts under one probability, by Fisher's exact test."""
        from scipy import stats

        return float(stats.fisher_exact(self._counts()).pvalue)

    @property
    def squared(self) -> float:
        """The squared difference of the two shares in units of its standard deviation."""
        counts = self._counts()
        pooled = counts[:, 0].sum() / counts.sum()
        variance = pooled * (1 - pooled) * (1 / len(self.bad) + 1 / self.of)
        difference = counts[0, 0] / len(self.bad) - self.published / self.of
        return float(difference**2 / variance) if variance > 0 else 0.0

    def _counts(self) -> np.ndarray:
        bad = int(self.bad.sum())
        return np.array([[bad, len(self.bad) - bad], [self.published, self.of - self.published]])


def measure(evidence: Evidence) -> Findings:
    from scipy import stats

    tables = [evidence.table(name) for name in evidence.sweeps]
    cells = {kind: _cells(evidence, tables, kind) for kind in _KINDS}
    every = [cell for own in cells.values() for cell in own.values()]
    equal = list(cells["n = k"].values())
    rises = [more.bad.mean() > less.bad.mean() for less, more in combinations(equal, 2)]
    together = float(stats.chi2.sf(sum(cell.squared for cell in every), len(every)))
    bad, settled = evidence.parameters["bad"], evidence.parameters["settled"]
    ends = {name: np.concatenate([table[name] for table in tables]) for name in ("loss", "grad_norm", "status")}
    astray = (ends["status"] != "done") | ~((ends["loss"] < bad) | (ends["grad_norm"] <= settled))
    at = int(evidence.parameters["rarer_at"])
    return Findings(
        {
            "equal": smallest_of([cell.exact for cell in equal]),
            "one_more": smallest_of([cell.exact for cell in cells["n = k + 1"].values()]),
            "together": Measured(together, together, together, len(every)),
            "rising": largest_of([np.mean(rises)]),
            "rarer": _ratio(cells["n = k + 1"][at].bad, cells["n = k"][at].bad),
            "settled": largest_of([float(astray.sum())]),
        },
        [
            *(f"{kind}: {_told(own)}" for kind, own in cells.items()),
            f"the smallest loss of a bad end is {ends['loss'][ends['loss'] >= bad].min(initial=np.inf):.3g}",
        ],
        Panel(
            "teachers k",
            "bad ends of 1000 starts",
            [
                curve(kind, list(own), [_of_thousand(proportion_of(cell.bad)) for cell in own.values()])
                for kind, own in cells.items()
            ],
            log_y=True,
        ),
    )


def _cells(evidence: Evidence, tables: list[Table], kind: str) -> Mapping[int, Cell]:
    """The cells of one kind by k, rising."""
    known = dict(zip(evidence.published[kind].x, evidence.published[kind].y, strict=True))
    found: dict[int, Cell] = {}
    for table in tables:
        own = table[_N] == table[_K] + _KINDS[kind]
        for k in np.unique(table[_K][own]).tolist():
            loss = table["loss"][own & (table[_K] == k)]
            bad = ~(loss < evidence.parameters["bad"])  # a run that has no loss is no good one
            found[int(k)] = Cell(int(k), bad, int(known[k]), int(evidence.parameters["published_starts"]))
    return dict(sorted(found.items()))


def _ratio(few: np.ndarray, many: np.ndarray) -> Measured:
    """The ratio of two shares; its interval by the bounds of either share is wider than 95 %."""
    upper, lower = proportion_of(few), proportion_of(many)
    if lower.value == 0:
        return Measured(np.inf, 0.0, np.inf, len(few))
    high = upper.high / lower.low if lower.low > 0 else np.inf
    return Measured(upper.value / lower.value, upper.low / lower.high, high, len(few))


def _of_thousand(share: Measured) -> Measured:
    return Measured(1000 * share.value, 1000 * share.low, 1000 * share.high, share.count)


def _told(cells: Mapping[int, Cell]) -> str:
    return ", ".join(
        f"{cell.bad.sum()} of {len(cell.bad)} at k = {k} (published {cell.published})" for k, cell in cells.items()
    )
