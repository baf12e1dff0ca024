"""When each teacher is learned, and the power of the loss.

What is learned of teacher p is E[f φ̃(v_p·x)] / E[φ̃²] over a_p, for orthonormal directions see nothing of each other.
With times T_p ∝ 1/a_p = p^β, the loss at T_p is that of the teachers beyond, Σ_{q > p} q^(−2β) ∝ p^(1 − 2β), which is
∝ T_p^((1 − 2β)/β).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import Measured, median_of, slope
from featlearn.claims.records import Panel, Series
from featlearn.config.build import build
from featlearn.runs.metrics import load_metrics
from featlearn.theory.pairs import Pairs
from featlearn.theory.tangents import value_products

_POWER = "teacher.output_weights.power_law"
_TENTH, _HALF, _MOST = 0.1, 0.5, 0.9


@dataclass(frozen=True)
class Course:
    """A run: β, output weights a_p falling, what is learned of each at some steps (S, P), the loss over E[φ̃²] there."""

    power: float
    weights: np.ndarray
    steps: np.ndarray
    learned: np.ndarray
    loss: np.ndarray


def measure(evidence: Evidence) -> Findings:
    return judged(courses(evidence))


def courses(evidence: Evidence) -> list[Course]:
    """The runs that are done."""
    found = []
    for full, config in evidence.runs("powers"):
        if full.status != "done":
            continue
        act = build(config)[0].activation
        with np.load(full.run.snapshots_file) as stored:
            steps, a, w = stored["step"], stored["second_layer"], stored["first_layer"]
            weights, teacher = stored["teacher_second_layer"], stored["teacher_first_layer"]
        one = float(value_products(act, Pairs.of_rows(teacher[:1], teacher[:1]))[0, 0])
        products = [value_products(act, Pairs.of_rows(teacher, rows)) @ outer for outer, rows in zip(a, w, strict=True)]
        rows = load_metrics(full.run.path)
        loss = np.interp(steps, rows["step"].astype(float), rows["loss"].astype(float)) / one
        found.append(Course(float(full.values[_POWER]), weights, steps.astype(float), np.array(products) / one, loss))
    return found


def times(run: Course, share: float) -> np.ndarray:
    """(P,) when a share of each output weight is first learned, along lines between snapshots; infinite where never."""
    there = run.learned >= share * run.weights
    first = np.maximum(there.argmax(axis=0), 1)
    each = np.arange(len(run.weights))
    low, high = run.learned[first - 1, each], run.learned[first, each]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.clip((share * run.weights - low) / (high - low), 0, 1)
    at = run.steps[first - 1] + part * (run.steps[first] - run.steps[first - 1])
    return np.where(there.any(axis=0), at, np.inf)


def whole_loss(run: Course) -> np.ndarray:
    """The loss of infinitely many teachers, of which those beyond P are not learned."""
    from scipy.special import zeta

    return run.loss + float(zeta(2 * run.power, len(run.weights) + 1))


def loss_power(run: Course) -> float:
    """The power of the loss in time between the first teacher and the last, over that of the law."""
    halves = times(run, _HALF)
    between = (run.steps >= halves[0]) & (run.steps <= halves.max())
    return slope(run.steps[between], whole_loss(run)[between]) / ((1 - 2 * run.power) / run.power)


def judged(found: list[Course]) -> Findings:
    powers = sorted({run.power for run in found})

    def medians(of: Callable[[Course], float]) -> list[Measured]:
        return [median_of([of(run) for run in found if run.power == power]) for power in powers]

    emergence = medians(lambda run: slope(run.weights, times(run, _HALF)))
    scaling = medians(loss_power)
    with np.errstate(invalid="ignore"):
        sudden = [(times(run, _MOST) - times(run, _TENTH)) / times(run, _HALF) for run in found]
    shown = next(run for run in found if run.power == powers[len(powers) // 2])
    return Findings(
        {
            "times": max(emergence, key=lambda m: abs(m.value + 1)),
            "sudden": median_of(np.concatenate(sudden)),
            "scaling": max(scaling, key=lambda m: abs(m.value - 1)),
        },
        [
            f"β = {power:g}: times ∝ a^{one.value:.2f}, loss ∝ steps^{loss.value * (1 - 2 * power) / power:.2f}, "
            f"by the law {(1 - 2 * power) / power:.2f}"
            for power, one, loss in zip(powers, emergence, scaling, strict=True)
        ],
        Panel(
            "steps",
            "share of the loss",
            [
                *(_left(shown, p) for p in (0, 1, 3, len(shown.weights) - 1)),
                *(_whole(next(run for run in found if run.power == power)) for power in powers),
            ],
            log_x=True,
            log_y=True,
        ),
    )


def _left(run: Course, p: int) -> Series:
    """What is left of one teacher, (1 − learned/a)², as long as it is a thousandth or more."""
    left = (1 - run.learned[1:, p] / run.weights[p]) ** 2
    return Series(
        f"teacher {p + 1}, β = {run.power:g}",
        run.steps[1:].tolist(),
        np.where(left < 1e-3, np.nan, left).tolist(),
        style="points",
    )


def _whole(run: Course) -> Series:
    whole = whole_loss(run)
    return Series(f"all teachers, β = {run.power:g}", run.steps[1:].tolist(), (whole[1:] / whole[0]).tolist())
