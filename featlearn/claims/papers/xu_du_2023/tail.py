"""How the loss falls with time: its exponent in T for several students, its rate for one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import largest_of, median_of, slope
from featlearn.claims.records import Panel, Series
from featlearn.runs.metrics import load_metrics

_POINTS = 40  # of each curve of the figure


@dataclass(frozen=True)
class Course:
    """The loss (n,) of a run of so many students at steps (n,)."""

    students: int
    step: np.ndarray
    loss: np.ndarray

    def exponent(self, first: float, last: float) -> float:
        """That of the loss in T between two steps."""
        there = (self.step >= first) & (self.step <= last)
        return slope(self.step[there], self.loss[there])

    def rate(self, high: float, low: float) -> float:
        """−d log loss/dT between two losses; NaN where there are fewer than three rows."""
        there = (self.loss <= high) & (self.loss >= low)
        if there.sum() < 3:
            return float("nan")
        return float(-np.polyfit(self.step[there], np.log(self.loss[there]), 1)[0])


def measure(evidence: Evidence) -> Findings:
    needs = evidence.parameters
    courses = courses_of(evidence, "students")
    many = [course for course in courses if course.students >= needs["students"]]
    one = [course for course in courses if course.students == 1]
    back = 10.0 ** -needs["decades"]
    exponents = np.array([course.exponent(back * course.step[-1], course.step[-1]) for course in many])
    longer = [course.exponent(course.step[-1] / 10, course.step[-1]) for course in courses_of(evidence, "longer")]
    rates = [course.rate(needs["middle"], needs["low"]) / course.rate(needs["high"], needs["middle"]) for course in one]
    early = [course.exponent(needs["early"], 10 * needs["early"]) for course in many]
    return Findings(
        {
            "exponent": median_of(exponents),
            "widest": largest_of(abs(exponents + 3)),
            "longer": median_of(longer),
            "exponential": median_of(rates),
        },
        [
            f"at steps {needs['early']:g} … {10 * needs['early']:g} the exponent is still {np.median(early):.2f}",
            "by students: "
            + ", ".join(
                f"{np.median(exponents[[c.students == n for c in many]]):.3f} for {n} students"
                for n in sorted({course.students for course in many})
            ),
            f"one student has a loss of {needs['low']:g} after at most {_after(one, needs['low']):g} steps; the least "
            f"loss of several after {many[0].step[-1]:g} steps is {min(course.loss[-1] for course in many):.1e}",
        ],
        Panel("step T", "loss", _curves(courses), log_x=True, log_y=True),
    )


def courses_of(evidence: Evidence, sweep: str) -> list[Course]:
    """The course of each run, without its start; a run that did not end has none."""
    found = []
    for full, config in evidence.runs(sweep):
        if full.status == "done":
            rows = load_metrics(full.run.path)
            found.append(Course(config.student.width or 0, rows["step"][1:].astype(float), rows["loss"][1:]))
        else:
            found.append(Course(config.student.width or 0, np.ones(1), np.full(1, np.nan)))
    return found


def _after(courses: list[Course], loss: float) -> float:
    """The step at which the last of them is at a loss."""
    return max(float(np.min(c.step[c.loss <= loss], initial=np.inf)) for c in courses)


def _curves(courses: list[Course]) -> list[Series]:
    """The first run of each number of students, and a line of slope −3 through the end of the last."""
    curves = []
    for n in sorted({course.students for course in courses}):
        course = next(c for c in courses if c.students == n)
        rows = np.unique(np.linspace(0, len(course.step) - 1, _POINTS).astype(int))
        curves.append(Series(f"{n} student{'s' * (n > 1)}", course.step[rows].tolist(), course.loss[rows].tolist()))
    end = courses[-1]
    steps = end.step[-1] * np.array([1e-4, 1.0])
    return [*curves, Series("slope −3", steps.tolist(), (3 * end.loss[-1] * (steps / end.step[-1]) ** -3).tolist())]
