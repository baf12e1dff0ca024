"""The share of starts that find every teacher, and the width that enough of them need, for each kind of teacher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from featlearn.claims.curves import by_seed, curve
from featlearn.claims.evidence import Evidence, Findings, recovered
from featlearn.claims.intervals import over_seeds, proportion_of
from featlearn.claims.records import Panel
from featlearn.claims.sentences import values_at
from featlearn.config.build import build
from featlearn.config.model import Config
from featlearn.runs.metrics import Table
from featlearn.theory.span import dimension_of_span

_TEACHERS, _SEPARATION, _WIDTH = "teacher.width", "teacher.min_angle", "student.width"
Cases = dict[float, np.ndarray]  # for each width of the student, rising, which seeds find everything


def measure(evidence: Evidence) -> Findings:
    enough, at = evidence.parameters["success"], evidence.parameters["width"]
    kinds = list(_kinds([evidence.table(name) for name in evidence.sweeps]))
    reference = evidence.table("reference")
    cases = _cases(reference, recovered(reference, reference[_TEACHERS]))
    smallest = over_seeds(
        np.stack(list(cases.values()), axis=1), lambda seeds: needed(list(cases), seeds.mean(axis=0), enough)
    )
    return Findings(
        {"share": proportion_of(cases[at]), "needed": smallest},
        [*(_edge(name, own, enough) for name, own in kinds), *_missed(evidence, reference)],
        Panel(
            "width of the student m",
            "share of starts that find every teacher",
            [curve(name, list(own), [proportion_of(found) for found in own.values()]) for name, own in kinds],
            log_x=True,
            marks={f"{enough:g}": enough},
        ),
    )


def needed(widths: Sequence[float], shares: np.ndarray, enough: float) -> float:
    """The smallest of the widths (rising) from which on every share is enough; infinite where there is none."""
    last = np.flatnonzero(shares < enough)
    start = last[-1] + 1 if len(last) else 0
    return float(widths[start]) if start < len(widths) else float("inf")


def _kinds(tables: Sequence[Table]) -> Iterator[tuple[str, Cases]]:
    """The cases of each kind of teacher: few lines first, and those far apart. Sweeps share kinds."""
    axes = (_TEACHERS, _SEPARATION, _WIDTH, "seed")
    joined = {axis: np.concatenate([table[axis] for table in tables]) for axis in axes}
    found = np.concatenate([recovered(table, table[_TEACHERS]) for table in tables])
    kinds = set(zip(joined[_TEACHERS].tolist(), joined[_SEPARATION].tolist(), strict=True))
    for lines, angle in sorted(kinds, key=lambda kind: (kind[0], -kind[1])):
        own = (joined[_TEACHERS] == lines) & (joined[_SEPARATION] == angle)
        yield f"m* = {lines:g}, Δ = {angle:g}°", _cases({axis: joined[axis][own] for axis in axes}, found[own])


def _cases(table: Table, found: np.ndarray) -> Cases:
    """Which seeds found everything; a run that is missing did not."""
    widths = np.unique(table[_WIDTH]).tolist()
    return dict(zip(widths, by_seed(table, found, [{_WIDTH: width} for width in widths]).T == 1, strict=True))


def _edge(name: str, cases: Cases, enough: float) -> str:
    shares = [found.mean() for found in cases.values()]
    smallest = needed(list(cases), np.array(shares), enough)
    verdict = f"from m = {smallest:g} on" if np.isfinite(smallest) else "no tested width suffices"
    starts = f"{len(cases[max(cases)])} starts, {(~np.any(list(cases.values()), axis=0)).sum()} fail at every width"
    return f"{name}: {verdict}; shares {values_at('m', cases, shares, '{:.2f}'.format)} ({starts})"


def _missed(evidence: Evidence, reference: Table) -> list[str]:
    """What tells the teachers of the reference that are missed at every width from the others."""
    first = reference[_WIDTH] == reference[_WIDTH][0]
    ratios = np.array([second_moments(config) for config in evidence.configs("reference")])[first]
    found = recovered(reference, reference[_TEACHERS])
    missed = np.array([not found[reference["seed"] == seed].any() for seed in reference["seed"][first]])
    if not missed.any():
        return []
    return [
        "the teachers that every width misses have second moments Σ a* w* w*ᵀ, all that the first step sees to leading "
        f"order, with a smallest over largest eigenvalue of {', '.join(f'{ratio:.2f}' for ratio in ratios[missed])}; "
        f"median of all {np.median(ratios):.2f}"
    ]


def second_moments(config: Config) -> float:
    """The smallest over the largest eigenvalue, in size, of H = Σ_k a*_k w*_k w*_kᵀ on the teacher's span."""
    problem, *_ = build(config)
    rows, weights = problem.teacher_first_layer[0], problem.teacher_second_layer[0]
    sizes = np.sort(np.abs(np.linalg.eigvalsh((rows.T * weights) @ rows)))
    return float(sizes[-dimension_of_span(rows)] / sizes[-1])
