"""The final error of online descent by the number of students, from the course of its order parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from featlearn.claims.curves import curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import Measured, largest_of, median_of, over_seeds
from featlearn.claims.records import Panel, Series
from featlearn.config.data import OnlineData
from featlearn.config.model import Config
from featlearn.runs.batch import Experiment
from featlearn.runs.metrics import load_metrics
from featlearn.runs.threads import one_blas_thread
from featlearn.training.mean_online import Leg, mean_rows


@dataclass(frozen=True)
class End:
    """One start.

    Attributes:
        students: K.
        unit: η σ²/π, twice the paper's η σ²/(2π), for the loss here has no factor ½.
        simulated: the loss at the end of the run.
        computed: that of the order parameters at the same step.
        final: theirs after many more steps.
    """

    students: int
    unit: float
    simulated: float
    computed: float
    final: float


def measure(evidence: Evidence) -> Findings:
    steps = int(evidence.parameters["final_steps"])
    ends = {name: ends_of(evidence, name, steps) for name in ("first_layer", "both_layers")}
    first, both = (_by_students(own) for own in ends.values())
    k, starts = np.array(list(first), dtype=float), _starts(ends["first_layer"])
    apart = [_by_students(own, _apart) for own in ends.values()]
    return Findings(
        {
            "rises": over_seeds(starts, lambda drawn: float(np.diff(np.median(drawn, axis=0)).min())),
            "slope": over_seeds(starts, lambda drawn: _slope(k, np.median(drawn, axis=0))),
            "both": _over(both[max(both)], both[min(both)]),
            "simulated": largest_of([found.value for own in apart for found in own.values()]),
        },
        [
            *(
                f"{name.replace('_', ' ')}: {', '.join(f'{found.value:.3g} at K = {n}' for n, found in own.items())}"
                for name, own in (("first_layer", first), ("both_layers", both))
            ),
            "largest final error of any start: "
            + ", ".join(f"{max(map(_final, own)):.3g} ({name.replace('_', ' ')})" for name, own in ends.items()),
        ],
        Panel(
            "students K",
            "final error / (η σ²/2π)",
            [
                curve("first layer", list(first), list(first.values())),
                curve("both layers", list(both), list(both.values())),
                Series("K − M + M/√3", k.tolist(), (k - 2 + 2 / 3**0.5).tolist()),
            ],
        ),
    )


def ends_of(evidence: Evidence, sweep: str, steps: int) -> list[End]:
    """Each run and the course of its order parameters from the same start; NaN for a run that did not end."""
    found = []
    for full, config in evidence.runs(sweep):
        simulated = float(load_metrics(full.run.path)["loss"][-1]) if full.status == "done" else float("nan")
        found.append(_end(config, simulated, steps))
    return found


def _end(config: Config, simulated: float, steps: int) -> End:
    with one_blas_thread():
        own = Experiment.of(config)
        [stage] = own.plan.stages
        leg = Leg(replace(stage, steps=steps), np.array([stage.steps, steps]), False)
        *_, computed, final = (row["loss"] for row in mean_rows(own.problem, [leg], own.start.state, own.backend))
    [section] = config.stages.values()
    assert isinstance(config.data, OnlineData)
    eta = 2 * config.teacher.input_dim * section.step_size  # type: ignore[union-attr, operator]
    return End(
        config.student.width or 0,
        float(eta * config.data.noise_std**2 / np.pi),
        simulated,
        float(computed),
        float(final),
    )


def _over(many: Measured, few: Measured) -> Measured:
    """The ratio of two medians; its interval by the ends of theirs is wider than 95 %."""
    return Measured(many.value / few.value, many.low / few.high, many.high / few.low, min(many.count, few.count))


def _starts(ends: Sequence[End]) -> np.ndarray:
    """(starts, K) the final errors, by K rising."""
    return np.array([[_final(end) for end in ends if end.students == k] for k in sorted({e.students for e in ends})]).T


def _slope(k: np.ndarray, error: np.ndarray) -> float:
    """Of a line by least squares; NaN where an error is."""
    away = k - k.mean()
    return float(away @ error / (away @ away))


def _final(end: End) -> float:
    return end.final / end.unit


def _apart(end: End) -> float:
    """How far the run and the course are from each other, |log| of their ratio."""
    return float(abs(np.log(end.simulated / end.computed)))


def _by_students(ends: Sequence[End], number: Callable[[End], float] = _final) -> Mapping[int, Measured]:
    """The median of a number of each start, by K, rising."""
    return {
        k: median_of([number(end) for end in ends if end.students == k]) for k in sorted({end.students for end in ends})
    }
