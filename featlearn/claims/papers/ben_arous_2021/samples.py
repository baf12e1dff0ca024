"""The samples to an overlap of one half, from the snapshots of units that learn side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import Measured, over_seeds, slope
from featlearn.claims.records import Panel, Series
from featlearn.claims.sentences import count_or_never, values_at
from featlearn.config.data import OnlineData

_DIMENSION = "teacher.input_dim"
FOUND, LEARNED = 0.5, 0.8
_EXPONENTS = (1, 2, 3)


@dataclass(frozen=True)
class Course:
    """The overlaps of the units of one run.

    Attributes:
        samples: (S,) inputs that were used at the snapshots.
        overlaps: (S, units) w_j·v, of the units that count; their signs are those that the link tells apart.
    """

    samples: np.ndarray
    overlaps: np.ndarray


def measure(evidence: Evidence) -> Findings:
    courses = {k: courses_of(evidence, k) for k in _EXPONENTS}
    found = {k: _arrivals(courses[k], FOUND) for k in _EXPONENTS}
    last = {k: max(courses[k]) for k in _EXPONENTS}
    return Findings(
        {
            "linear": _exponent(found[1], lambda d: 1.0),
            "logarithmic": _exponent(found[2], np.log),
            "quadratic": _exponent(found[3], lambda d: 1.0),
            "search": _longer_search(courses[3][last[3]], courses[1][last[1]]),
        },
        [
            *(
                f"k = {k}: samples to an overlap of 1/2, medians: "
                + values_at("d", found[k], [np.median(np.concatenate(x)) for x in found[k].values()], count_or_never)
                for k in _EXPONENTS
            ),
            *(f"k = {k}: {_share(courses[k][last[k]]):.2f} of the samples are used up to 1/2" for k in _EXPONENTS),
        ],
        Panel(
            "samples / d",
            "overlap, median over units",
            [_curve(f"k = {k}, d = {d}", courses[k][d], d) for k in _EXPONENTS for d in (min(courses[k]), last[k])],
            log_x=True,
        ),
    )


def courses_of(evidence: Evidence, k: int) -> dict[int, list[Course]]:
    """The runs of one exponent, for each dimension."""
    found: dict[int, list[Course]] = {}
    for full, config in evidence.runs(f"k{k}"):
        if full.status == "done":
            with np.load(full.run.snapshots_file) as stored:
                steps, rows, teacher = stored["step"], stored["first_layer"], stored["teacher_first_layer"][0]
            assert isinstance(config.data, OnlineData)
            samples = steps * float(config.data.batch_size)
            found.setdefault(int(full.values[_DIMENSION]), []).append(course(k, samples, rows @ teacher))
    return {d: found[d] for d in sorted(found)}


def course(k: int, samples: np.ndarray, overlaps: np.ndarray) -> Course:
    """What counts of the overlaps of all units: their sizes for k = 2, for k = 3 those that start on the right side."""
    if k == 2:
        overlaps = np.abs(overlaps)
    return Course(samples, overlaps[:, overlaps[0] > 0] if k > 2 else overlaps)


def arrival(samples: np.ndarray, overlaps: np.ndarray, wanted: float) -> np.ndarray:
    """The samples at which the units first have an overlap, between snapshots along a line; infinite where never."""
    there = overlaps >= wanted
    first = np.argmax(there, axis=0)
    unit = np.arange(overlaps.shape[1])
    before = np.maximum(first - 1, 0)
    low, high = overlaps[before, unit], overlaps[first, unit]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(first > 0, (wanted - low) / (high - low), 0.0)
    at = samples[before] + share * (samples[first] - samples[before])
    return np.where(there.any(axis=0), at, np.inf)


def _arrivals(courses: dict[int, list[Course]], wanted: float) -> dict[int, list[np.ndarray]]:
    return {d: [arrival(run.samples, run.overlaps, wanted) for run in runs] for d, runs in courses.items()}


def _exponent(found: dict[int, list[np.ndarray]], law: Callable[[float], float]) -> Measured:
    """The power of d in the median over all units; whole runs, whose units share inputs, are drawn anew."""
    dims = list(found)
    runs = np.arange(min(len(x) for x in found.values()))

    def fitted(drawn: np.ndarray) -> float:
        medians = [np.median(np.concatenate([found[d][i] for i in drawn])) / law(d) for d in dims]
        return slope(dims, medians)

    return over_seeds(runs, fitted)


def _share(runs: list[Course]) -> float:
    """The median over units of the samples to ``FOUND`` over those to ``LEARNED``; NaN where most never learn."""
    ratios = []
    for run in runs:
        found, learned = (arrival(run.samples, run.overlaps, wanted) for wanted in (FOUND, LEARNED))
        there = np.isfinite(learned)
        ratios.append(found[there] / learned[there])
    told = np.concatenate(ratios)
    return float(np.median(told)) if 2 * len(told) > sum(run.overlaps.shape[1] for run in runs) else np.nan


def _longer_search(cubic: list[Course], linear: list[Course]) -> Measured:
    runs = np.arange(min(len(cubic), len(linear)))
    return over_seeds(runs, lambda drawn: _share([cubic[i] for i in drawn]) - _share([linear[i] for i in drawn]))


def _curve(name: str, runs: list[Course], d: int) -> Series:
    """The median overlap of all units at each snapshot."""
    samples = runs[0].samples
    overlaps = np.median(np.concatenate([run.overlaps for run in runs], axis=1), axis=1)
    later = samples > 0
    return Series(name, (samples[later] / d).tolist(), overlaps[later].tolist())
