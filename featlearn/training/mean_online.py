"""The mean course of descent on fresh batches: its order parameters step after step, and the metrics rows they give.

The mathematics is in ``theory.order_parameters``; here it goes through the stages of a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

import numpy as np

from featlearn.theory.order_parameters import OnlineDescent, rows_of
from featlearn.theory.recursion import states_at
from featlearn.training import measurement
from featlearn.training.backends import Backend
from featlearn.training.data import Online
from featlearn.training.measurement import Row
from featlearn.training.operations import end_of_stage
from featlearn.training.problem import Problem
from featlearn.training.stages import Curve, Schedule, Stage
from featlearn.training.state import State

MOST_ENTRIES = 2**15  # of the arrays that a step makes, of pairs of neurons times pairs of rows: a few ms of a step
# What of a problem and of a stage the closed form knows; it is not offered where anything else is set.
_OF_PROBLEM = {"activation", "teacher_second_layer", "teacher_first_layer", "initial_first_layer", "data", "scaled"}
_OF_PROBLEM |= {"probe", "initial_second_layer", "redraws"}
_WORDS = {
    "root": "an inputs.covariance",
    "constraint": "rows on the sphere",
    "loss": "the correlation loss",
}  # of others
_OF_STAGE = {"name", "train", "method", "steps", "step_size", "weight_decay", "parameters", "then", "stop"}


@dataclass(frozen=True)
class Leg:
    """A stage as far as it is to be followed.

    Attributes:
        rows: (R,) the numbers of its steps done at the rows that are wanted, ascending and above 0.
        ended: whether the stage ends at the last of them, where its operations are applied.
    """

    stage: Stage
    rows: np.ndarray
    ended: bool


def why_not_closed(problem: Problem, stages: Sequence[Stage]) -> str | None:
    """Why the order parameters of a run (B = 1) have no closed recursion; None where they have one."""
    if problem.activation.slope_products is None:
        return f"its η² term is not known in closed form for {_told(problem)}"
    if problem.function is not None:
        return "its η² term is not known in closed form for a target that is not made of the student's neurons"
    width, rows = problem.initial_first_layer.shape[1], problem.joined()[0].shape[1]
    if width * (width + 1) // 2 * (width + rows) ** 2 > MOST_ENTRIES:
        return f"its η² term takes pairs of pairs of neurons, too many of {width} neurons and {rows} of the target"
    if others := _others_set(problem, _OF_PROBLEM):
        return f"its η² term is not known with {others[0]}"
    for stage in stages:
        if others := _others_set(stage, _OF_STAGE):
            return f"its η² term is not known with {others[0]}"
        if {type(stage.step_size), type(stage.weight_decay)} - {Schedule, Curve}:
            return "its η² term is not known with steps or decays of each layer"
    return None


def _told(problem: Problem) -> str:
    phi = problem.activation
    return f"{phi.label} with drop_hermite_below {phi.drop_hermite_below}"


def _others_set(record: Any, known: set[str]) -> list[str]:
    """The fields beyond the known ones that are not what they are by default, in words where there are any."""
    others = [x for x in fields(record) if x.name not in known and x.default is not MISSING]
    return [_WORDS.get(x.name, x.name) for x in others if getattr(record, x.name) not in (None, x.default)]


def mean_rows(problem: Problem, legs: Sequence[Leg], state: State, backend: Backend) -> Iterator[Row]:
    """The metrics rows of the mean course of a run (B = 1), the first before any step.

    The rows have no steps of their own and no columns about where the run began. They end where the course diverges.

    Args:
        problem: with ``why_not_closed`` None for the stages.
        state: the weights before any step.
    """
    second, first = (layer[0].astype(np.float64) for layer in (state.second_layer, state.first_layer))
    rows = np.concatenate([first, problem.joined()[1][0]])
    yield _row(problem, legs[0].stage, 0, second, rows, backend)
    for number, leg in enumerate(legs):
        gram = rows @ rows.T
        for done, second, gram in _followed(problem, leg, second, gram):  # noqa: B020
            if not np.isfinite(gram).all():
                return
            rows = rows_of(gram)
            if leg.ended and done == leg.rows[-1] and leg.stage.then:
                here = _in_coordinates(problem, rows, len(second))
                end = end_of_stage(here, State(second[None], rows[None, : len(second)]), leg.stage.then, number)
                second, rows = end.second_layer[0], np.concatenate([end.first_layer[0], rows[len(second) :]])
            yield _row(problem, leg.stage, done, second, rows, backend)


def _row(problem: Problem, stage: Stage, done: int, second: np.ndarray, rows: np.ndarray, backend: Backend) -> Row:
    m = len(second)
    here, state = _in_coordinates(problem, rows, m), State(second[None], rows[None, :m])
    (row,), _ = measurement.measure(here, [stage], state, done, backend)
    return row


def _in_coordinates(problem: Problem, rows: np.ndarray, width: int) -> Problem:
    """The problem with other rows that have the same products: those of the student, of the teacher, of f(·; θ₀)."""
    teachers = problem.teacher_first_layer.shape[1]
    student, teacher, start = np.split(rows[None], [width, width + teachers], axis=1)
    scaled = problem.scaled
    return replace(
        problem,
        teacher_first_layer=teacher,
        initial_first_layer=student,
        scaled=None if scaled is None else replace(scaled, first_layer=start),
        data=None,
        probe=None,
    )


def _followed(
    problem: Problem, leg: Leg, second: np.ndarray, gram: np.ndarray
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Output weights and products at the rows of a leg."""
    assert problem.data is not None
    (data,) = problem.data
    assert isinstance(data, Online)
    stage, m, p = leg.stage, len(second), len(gram)
    assert stage.step_size is not None
    descent = OnlineDescent(
        problem.activation,
        problem.joined()[0][0],
        float(problem.scale[0]),
        problem.teacher_first_layer.shape[2],
        data.batch_size,
        data.noise_std,
        "second_layer" in stage.train,
        "first_layer" in stage.train,
    )
    shrunk = float(problem.lazy_scale[0]) ** 2
    fixed = gram[m:, m:]

    def unpacked(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        upper = y[m:].reshape(m, p)
        return y[:m], np.block([[upper], [upper[:, m:].T, fixed]])

    y, begin = np.concatenate([second, gram[:m].ravel()]), 0
    for end in _ends_of_pieces(stage, int(leg.rows[-1])):

        def change(y: np.ndarray, t: float, begin: int = begin, last: int = end - 1) -> np.ndarray:
            at = min(begin + t, last)  # of a piece, its own step size
            eta, decay = (s.at_step(at) for s in (stage.step_size, stage.weight_decay) if s is not None)  # type: ignore[arg-type]
            by_second, by_gram = descent.change(*unpacked(y), eta / shrunk, decay)
            return np.concatenate([by_second, by_gram[:m].ravel()])

        inside = leg.rows[(leg.rows > begin) & (leg.rows <= end)]
        wanted = np.union1d(inside, [end])
        with np.errstate(all="ignore"):  # it may diverge
            found = states_at(change, y, wanted - begin)
        for done, values in zip(wanted.tolist(), found, strict=True):
            if done in inside:
                yield (done, *unpacked(values))
        y, begin = found[-1], end


def _ends_of_pieces(stage: Stage, last: int) -> list[int]:
    """The numbers of steps done where a schedule jumps, and the last one: between them schedules are smooth."""
    schedules = [s for s in (stage.step_size, stage.weight_decay) if s is not None]
    jumps = np.concatenate([s.epoch_ends(stage.steps, stage.steps) for s in schedules])
    return np.union1d(jumps[jumps < last], [last]).astype(int).tolist()
