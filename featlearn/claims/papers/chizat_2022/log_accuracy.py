"""The steps that it takes to come within ε of the certified optimum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featlearn.claims.curves import median_curve
from featlearn.claims.edges import edge_of, runs_taken
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import Measured, median_of, proportion_of
from featlearn.claims.records import Panel
from featlearn.runs.metrics import load_metrics

_ACCURACIES = np.logspace(-1, -10, 10)  # of the figure


@dataclass(frozen=True)
class Course:
    """The gap to the certified optimum (n,) of a run at steps (n,); infinite where it is not known."""

    width: int
    decay: float
    step: np.ndarray
    gap: np.ndarray

    def first(self, gap: float) -> float:
        """The step at which the gap is that small; NaN for one that never is."""
        there = np.flatnonzero(self.gap <= gap)
        return float(self.step[there[0]]) if len(there) else float("nan")

    def lengthening(self, high: float, middle: float, low: float) -> float:
        """The steps between the two smaller gaps over those between the two larger ones."""
        early = self.first(middle) - self.first(high)
        return (self.first(low) - self.first(middle)) / early if early > 0 else float("nan")


def measure(evidence: Evidence) -> Findings:
    needs = evidence.parameters
    courses = courses_of(evidence, "widths")
    widths = sorted({course.width for course in courses})
    of_width = {width: [course for course in courses if course.width == width] for width in widths}
    wide = of_width[int(needs["width"])]
    reached = {width: _reached(own, needs["reached"]) for width, own in of_width.items()}
    others = courses_of(evidence, "decays")
    [edge] = evidence.edges("needed")
    needed = edge_of(edge)
    return Findings(
        {
            "reached": proportion_of(reached[int(needs["width"])]),
            "affine": median_of(_lengthenings(wide, evidence)),
            "narrow": proportion_of(reached[widths[0]]),
            "needed": _over(needed, needs["target"]),
        },
        [
            "the optimum is reached by "
            + ", ".join(f"{found.sum()} of {len(found)} at m = {width}" for width, found in reached.items()),
            f"half of the starts reach it with more than {needed.low:.0f} neurons and at most {needed.high:.0f}; "
            f"{runs_taken([edge])}",
            *(
                _told(decay, [c for c in others if c.decay == decay], evidence)
                for decay in sorted({c.decay for c in others})
            ),
        ],
        Panel(
            "accuracy ε",
            "steps to a gap of ε",
            [
                median_curve(f"m = {width}", _ACCURACIES.tolist(), _firsts(own))
                for width, own in of_width.items()
                if reached[width].mean() > 0.5
            ],
            log_x=True,
        ),
    )


def courses_of(evidence: Evidence, sweep: str) -> list[Course]:
    """The course of each run; one that did not end has none."""
    found = []
    for full, config in evidence.runs(sweep):
        [stage] = config.stages.values()
        decay, width = float(stage.weight_decay), config.student.width or 0  # type: ignore[arg-type]
        if full.status == "done":
            rows = load_metrics(full.run.path)
            gap = np.asarray(rows["gap"], dtype=float)
            found.append(Course(width, decay, rows["step"], np.where(np.isnan(gap), np.inf, gap)))
        else:
            found.append(Course(width, decay, np.zeros(1), np.full(1, np.inf)))
    return found


def _over(measured: Measured, unit: float) -> Measured:
    return Measured(measured.value / unit, measured.low / unit, measured.high / unit, measured.count)


def _reached(courses: Sequence[Course], gap: float) -> np.ndarray:
    return np.array([np.isfinite(course.first(gap)) for course in courses])


def _lengthenings(courses: Sequence[Course], evidence: Evidence) -> np.ndarray:
    needs = evidence.parameters
    return np.array([course.lengthening(needs["high"], needs["middle"], needs["reached"]) for course in courses])


def _firsts(courses: Sequence[Course]) -> np.ndarray:
    return np.array([[course.first(gap) for gap in _ACCURACIES] for course in courses])


def _told(decay: float, courses: Sequence[Course], evidence: Evidence) -> str:
    reached = _reached(courses, evidence.parameters["reached"])
    ratio = median_of(_lengthenings(courses, evidence)).value
    return (
        f"λ = {decay:g}: {reached.sum()} of {len(reached)} reach it; the later steps over the earlier ones: {ratio:.2g}"
    )
