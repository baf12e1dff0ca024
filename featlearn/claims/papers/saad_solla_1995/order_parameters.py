"""Online runs against the recursion of the means of their order parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import median_of, proportion_of
from featlearn.claims.papers.saad_solla_1995.plateau import loss_of
from featlearn.claims.records import Panel, Series
from featlearn.config.model import Config
from featlearn.runs.batch import Experiment
from featlearn.runs.metrics import load_metrics
from featlearn.training.mean_online import Leg, mean_rows

_SHOWN = 3  # runs in the figure


@dataclass(frozen=True)
class Course:
    """Examples over d at the rows of a run, its losses there, those of the recursion, and whether it specialised."""

    examples: np.ndarray
    loss: np.ndarray
    mean: np.ndarray
    specialised: bool


def measure(evidence: Evidence) -> Findings:
    return judged(courses(evidence))


def courses(evidence: Evidence) -> list[Course]:
    """The runs that are done, beside the recursion from their starts."""
    found = []
    for full, config in evidence.runs("online"):
        if full.status == "done":
            rows = load_metrics(full.run.path)
            steps, loss = rows["step"].astype(int), rows["loss"].astype(float)
            assert config.teacher is not None
            width = config.student.width
            mean = _recursion(config, steps)
            examples = steps / config.teacher.input_dim
            found.append(Course(examples, loss, mean, bool(rows["recovered"][-1] == width)))
    return found


def _recursion(config: Config, steps: np.ndarray) -> np.ndarray:
    """The loss of the recursion at the given numbers of steps, the first 0; NaN beyond where it diverged."""
    run = Experiment.of(config)
    leg = Leg(run.plan.stages[0], steps[1:], ended=True)
    found = [row["loss"] for row in mean_rows(run.problem, [leg], run.start.state, run.backend)]
    return np.array([*found, *[np.nan] * (len(steps) - len(found))], dtype=float)


def judged(found: list[Course], width: int = 2) -> Findings:
    half = loss_of(width) / 2
    left = np.array([[_first(one.examples, loss, half) for loss in (one.loss, one.mean)] for one in found])
    off = [
        np.median(np.abs(np.log(one.loss / one.mean))[one.examples < min(ends)])
        for one, ends in zip(found, left, strict=True)
    ]
    with np.errstate(invalid="ignore"):
        ratios = left[:, 0] / left[:, 1]
    return Findings(
        {
            "course": median_of(off),
            "escape": median_of(ratios),
            "specialised": proportion_of([one.specialised for one in found]),
        },
        [
            f"examples / d until the plateau is left: {np.median(left[:, 0]):.0f} in the runs, "
            f"{np.median(left[:, 1]):.0f} in the recursion, medians",
            f"run over recursion: {np.min(ratios):.2f} to {np.max(ratios):.2f}",
        ],
        Panel(
            "examples / d",
            "loss",
            [
                series
                for i, one in enumerate(found[:_SHOWN])
                for series in (
                    Series(f"run {i}", one.examples.tolist(), one.loss.tolist(), style="points"),
                    Series(f"recursion from the start of run {i}", one.examples.tolist(), one.mean.tolist()),
                )
            ],
            log_y=True,
            marks={"plateau of small η": loss_of(width)},
        ),
    )


def _first(examples: np.ndarray, loss: np.ndarray, wanted: float) -> float:
    """Where the loss is first below what is wanted; infinite where never."""
    return float(examples[loss < wanted].min(initial=np.inf))
