"""The share of starts that find the teacher, and the width that enough of them need, for each kind of teacher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from featlearn.claims.curves import by_seed, curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import over_seeds, proportion_of
from featlearn.claims.papers.zhou_ge_2024.teachers import conditionings
from featlearn.claims.records import Panel
from featlearn.claims.sentences import values_at

_RANK, _TEACHERS, _SEPARATION, _WIDTH = "teacher.rank", "teacher.width", "teacher.min_angle", "student.width"
Cases = dict[float, np.ndarray]  # for each width of the student, rising, which seeds find the teacher


def measure(evidence: Evidence) -> Findings:
    numbers = evidence.parameters
    main, ill = _reference(evidence, numbers["conditioning"])
    gain = np.stack([main[numbers["width"]], main[numbers["narrow"]]], axis=1)
    needs = np.stack(list(main.values()), axis=1)
    enough = numbers["success"]
    kinds = [("m* = 3, r = 2, Δ = 25°", main), *_kinds(evidence)]
    return Findings(
        {
            "gain": over_seeds(gain, lambda seeds: float(np.subtract(*seeds.mean(axis=0)))),
            "needed": over_seeds(needs, lambda seeds: needed(list(main), seeds.mean(axis=0), enough)),
        },
        [
            *(_edge(name, own, enough) for name, own in kinds),
            *([_edge("the same, ill conditioned", ill, enough)] if len(ill[numbers["width"]]) else []),
        ],
        Panel(
            "width of the student m",
            "share of starts that find the teacher",
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


def _reference(evidence: Evidence, least: float) -> tuple[Cases, Cases]:
    """The cases of the seeds with a well-conditioned teacher, and of the others; of seeds that have all widths."""
    parts = [evidence.table(name) for name in ("reference", "starts")]
    shared = np.intersect1d(parts[0]["seed"], parts[1]["seed"])
    joined = {axis: np.concatenate([table[axis] for table in parts]) for axis in (_WIDTH, "seed")}
    found = np.concatenate([evidence.found(name) for name in ("reference", "starts")])
    ratios = np.concatenate([conditionings(evidence, name) for name in ("reference", "starts")])
    here = np.isin(joined["seed"], shared)
    good, others = _of(joined, found, here & (ratios >= least)), _of(joined, found, here & (ratios < least))
    return good, others if len(others) == len(good) else dict.fromkeys(good, np.zeros(0, dtype=bool))


def _of(columns: dict[str, np.ndarray], found: np.ndarray, chosen: np.ndarray) -> Cases:
    """Of some runs, at each width which seeds found the teacher; a run that is missing did not."""
    some = {name: column[chosen] for name, column in columns.items()}
    widths = np.unique(some[_WIDTH]).tolist()
    return dict(zip(widths, by_seed(some, found[chosen], [{_WIDTH: width} for width in widths]).T == 1, strict=True))


def _kinds(evidence: Evidence) -> Iterator[tuple[str, Cases]]:
    """The cases of each other kind of teacher, all well conditioned: few lines first, and those far apart."""
    names = ("teachers", "wide")
    tables = [evidence.table(name) for name in names]
    axes = (_TEACHERS, _RANK, _SEPARATION, _WIDTH, "seed")
    joined = {axis: np.concatenate([table[axis] for table in tables]) for axis in axes}
    found = np.concatenate([evidence.found(name) for name in names])
    kinds = set(zip(*(joined[axis].tolist() for axis in axes[:3]), strict=True))
    for lines, rank, angle in sorted(kinds, key=lambda kind: (kind[0], kind[1], -kind[2])):
        own = (joined[_TEACHERS] == lines) & (joined[_RANK] == rank) & (joined[_SEPARATION] == angle)
        yield f"m* = {lines:g}, r = {rank:g}, Δ = {angle:g}°", _of(joined, found, own)


def _edge(name: str, cases: Cases, enough: float) -> str:
    shares = [found.mean() for found in cases.values()]
    smallest = needed(list(cases), np.array(shares), enough)
    verdict = f"from m = {smallest:g} on" if np.isfinite(smallest) else "no tested width suffices"
    starts = f"{len(cases[max(cases)])} starts, {(~np.any(list(cases.values()), axis=0)).sum()} fail at every width"
    return f"{name}: {verdict}; shares {values_at('m', cases, shares, '{:.2f}'.format)} ({starts})"
