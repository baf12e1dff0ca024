"""The descent loop: stage after stage, from initial weights to logged states, without any input or output.

A batch of runs goes through its stages in step. A run that meets a stop rule waits for the next stage; one that
diverges leaves the batch. What a run computes depends neither on the other runs nor on where the loop was cut, so that
a run resumed from any ``Progress`` goes on as if it had never stopped.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from featlearn.theory.targets import loss as against
from featlearn.training.backends import Backend, row_measures
from featlearn.training.column import Row
from featlearn.training.events import AtRow, Event, Logged, Progress, Reached, Start
from featlearn.training.layers import separated, together
from featlearn.training.look import Look
from featlearn.training.measurement import followed_loss, name_of_followed_loss, rows_of
from featlearn.training.methods import METHODS, SteppedByBackend
from featlearn.training.operations import end_of_stage
from featlearn.training.plan import Plan, Position
from featlearn.training.problem import Problem
from featlearn.training.reduction import Reduction, reductions
from featlearn.training.sphere import unit_rows
from featlearn.training.stages import Stage
from featlearn.training.state import State

DIVERGED_ABOVE = 1e6  # times the loss at the start (or ‖f*‖², where that is more): the run is given up
_PIECE_SECONDS = 0.25  # the time that steps between two intermediate states should take
_FIRST_PIECE = 16  # steps, until their pace is known; of methods whose steps may be long, one


def descend(
    problem: Problem, plans: Sequence[Plan], backend: Backend, start: Start, *, every_row: bool = True
) -> Iterator[Event]:
    """Run a batch through its stages, yielding rows as they are reached and intermediate states between them.

    Args:
        problem: B runs.
        plans: one for each run; ``Plan.shape`` must be the same for all.
        backend: takes the gradient steps, or computes the gradients of methods that take their own.
        start: the state of all runs at one position.
        every_row: yield every row of the plans; otherwise only the first, and those at which a stage ends. Stop rules
            and divergence are looked for at every row all the same, so that the runs are the same.
    Raises:
        ValueError: when the plans cannot go through the loop together.
    """
    if len({plan.shape() for plan in plans}) > 1:
        raise ValueError("the runs of a batch must agree in stages, steps and logged rows")
    yield from _Descent(problem, plans, backend, start, every_row).run()


@dataclass(frozen=True)
class _Leg:
    """Some runs within a stage.

    Attributes:
        number: of the stage.
        runs: their places in the batch of all runs.
        reduction: how they are trained within the stage.
        done: steps of the stage that are done.
        batch: their reduced states there.
        at_row: their reduced states at the last row.
    """

    number: int
    runs: list[int]
    reduction: Reduction
    done: int
    batch: State
    at_row: AtRow

    def only(self, places: list[int]) -> _Leg:
        """The leg of some of its runs, in their order."""
        if len(places) == len(self.runs):
            return self
        return replace(
            self,
            runs=[self.runs[place] for place in places],
            reduction=self.reduction.take(places),
            batch=self.batch.take(places),
            at_row=self.at_row.take(places),
        )

    def from_row(self) -> _Leg:
        """The same where it stands at a row."""
        return replace(self, at_row=AtRow(self.batch, self.done))

    def neurons(self) -> tuple[int, int]:
        """How many neurons the students have, and how many of them are trained."""
        return self.reduction.start.second_layer.shape[1], self.batch.second_layer.shape[1]

    def reached(self) -> list[Reached]:
        """What each run has reached."""
        return [Reached(self.reduction, self.batch, place) for place in range(len(self.runs))]


class _Descent:
    """The loop's own state: where every run is, and which of them still go on."""

    def __init__(
        self, problem: Problem, plans: Sequence[Plan], backend: Backend, start: Start, every_row: bool
    ) -> None:
        self.problem, self.plans, self.backend, self.start, self.every_row = problem, plans, backend, start, every_row
        self.states = [start.state.take([run]) for run in range(len(plans))]  # where each run is between stages
        # steps of each run in earlier stages
        self.earlier_steps = [start.position.step - start.position.stage_step] * len(plans)
        self.going = list(range(len(plans)))  # the runs that have not diverged
        rows = 1 + sum(map(len, plans[0].rows))
        self.compiled = row_measures.pays(backend.name, problem.activation, rows)
        size = problem.target().squared_norm()
        self.piece = _FIRST_PIECE
        self.loss_limit = DIVERGED_ABOVE * np.maximum(size, 0.0 if start.start_loss is None else start.start_loss)

    def run(self) -> Iterator[Event]:
        for number in range(self.start.position.stage, len(self.plans[0].stages)):
            legs = list(self._first_legs(number))
            if number == 0 and self.start.start_loss is None:
                for i, leg in enumerate(legs):
                    legs[i] = yield from self._log_start(leg)
            for leg in legs:
                if leg.runs:
                    yield from self._run_stage(leg)

    def _first_legs(self, number: int) -> Iterator[_Leg]:
        """The runs that go on where they enter a stage, or where they are resumed within it, by what is trained."""
        position = self.start.position
        done = position.stage_step if number == position.stage else 0
        at_start: dict[bool, list[int]] = {}
        for run in self.going:
            at_start.setdefault(self.earlier_steps[run] + done == 0, []).append(run)
        for before_any_step, going in at_start.items():
            stages = [self.plans[run].stages[number] for run in going]
            problem, batch = self._problem_of(going).in_stage(stages), self._states_of(going)
            found = reductions(problem, stages, batch, before_any_step=before_any_step, within_stage=done > 0)
            for places, reduction in found:
                runs = [going[place] for place in places]
                reduced = reduction.reduced(reduction.start)
                at_row = AtRow(reduced, done)
                if self.start.at_row and done:
                    row = self.start.at_row.take(runs)
                    at_row = AtRow(reduction.reduced(row.state), row.stage_step)
                yield _Leg(number, runs, reduction, done, reduced, at_row)

    def _states_of(self, runs: list[int]) -> State:
        """The states of runs between stages."""
        return self.states[runs[0]] if len(runs) == 1 else State.stack([self.states[run] for run in runs])

    def _log_start(self, leg: _Leg) -> Generator[Logged, None, _Leg]:
        """Log the weights that the runs begin with; returns the leg of those whose loss is finite."""
        for run, (row, floor) in zip(leg.runs, self._measure(leg), strict=True):
            loss = followed_loss(self.problem, row)
            ended = "diverged" if loss is None else None  # weights so large that the loss overflows
            self.loss_limit[run] = max(self.loss_limit[run], DIVERGED_ABOVE * (loss or 0.0))
            yield Logged(run, Position(), self.states[run], row, floor, snapshot=True, ended=ended)
            if ended is not None:
                self.going.remove(run)
        return leg.only([place for place, run in enumerate(leg.runs) if run in self.going])

    def _run_stage(self, leg: _Leg) -> Iterator[Event]:
        rows = self.plans[0].rows[leg.number]
        rows = rows[rows > leg.done]
        self.piece = _FIRST_PIECE if self._is_stepped_by_backend(leg) else 1
        if self.plans[0].stages[leg.number].constraint and not leg.done:  # all plans have the same
            batch, biased = leg.batch, self.problem.has_biases
            layers = separated(batch.second_layer, batch.first_layer, biased)
            first = layers["first_layer"]
            layers["first_layer"] = unit_rows(first.astype(np.float64)).astype(first.dtype)
            leg = replace(leg, batch=replace(batch, first_layer=together(layers)[1])).from_row()
        while len(rows) and leg.runs:
            if not self.every_row:
                leg, skipped = self._skip_uneventful_rows(leg, rows)
                if skipped:
                    rows = rows[skipped:]
                    yield from self._progress(leg)
                    continue
            leg = yield from self._advance(leg, int(rows[0]))
            leg = yield from self._log(leg)
            rows = rows[1:]

    def _advance(self, leg: _Leg, target: int) -> Generator[Progress, None, _Leg]:
        """Take the steps up to ``target``, in pieces short enough to yield intermediate states now and then.

        It ends before where no run has a way on: what led there may have taken long, and is not to be taken again.
        """
        stages, problem = self._stages_of(leg), leg.reduction.problem
        while leg.done < target:
            count = min(self.piece, target - leg.done)
            began = time.perf_counter()
            batch = METHODS[stages[0].method].advance(self.backend, problem, stages, leg.batch, leg.done, count)
            if count == self.piece:
                self._set_pace(count, time.perf_counter() - began)
            leg = replace(leg, batch=batch, done=leg.done + count)
            if leg.done < target:
                if not batch.finite().any():
                    return leg
                yield from self._progress(leg)
        return leg

    def _progress(self, leg: _Leg) -> Iterator[Progress]:
        """The intermediate states of the runs whose weights are finite."""
        finite = leg.batch.finite()
        for i, (run, reached) in enumerate(zip(leg.runs, leg.reached(), strict=True)):
            if finite[i]:
                position = Position(leg.number, leg.done, self.earlier_steps[run] + leg.done)
                at_row = Reached(leg.reduction, leg.at_row.state, i, resumes=False)
                yield Progress(run, position, reached, at_row, leg.at_row.stage_step)

    def _skip_uneventful_rows(self, leg: _Leg, rows: np.ndarray) -> tuple[_Leg, int]:
        """Advance over the next rows at which neither a stop rule nor divergence can trigger, as many as a piece holds.

        Their metrics are not computed; the last row of a stage is never skipped. That nothing can trigger is told from
        the loss in float64 with a margin around every threshold; where it is not clear, the row is not skipped.

        Returns:
            The leg at the last row that was skipped, and how many were.
        """
        stages, problem = self._stages_of(leg), leg.reduction.problem
        count = int(np.searchsorted(rows[:-1], leg.done + self.piece, side="right"))
        if (
            not count
            or not problem.has_teacher
            or not self._is_stepped_by_backend(leg)
            or any(name != "loss" or threshold.above for stage in stages for name, threshold in stage.stop.items())
        ):
            return leg, 0
        began = time.perf_counter()
        with np.errstate(all="ignore"):
            end, (loss, rounding) = self.backend.advance_looking(problem, stages, leg.batch, leg.done, rows[:count])
            stop = np.array([stage.stop["loss"].at if stage.stop else -np.inf for stage in stages])
            uneventful = loss + rounding < 0.5 * self.loss_limit[leg.runs, None]
            uneventful &= loss - rounding > 1.01 * stop[:, None]
        clear = count if uneventful.all() else int(np.argmin(uneventful.all(0)))
        if clear == count:
            self._set_pace(int(rows[count - 1]) - leg.done, time.perf_counter() - began)
            if not end.finite().all():
                return leg, 0
        else:
            self.piece = max(1, self.piece // 16)  # something is near: do not look far ahead for a while
            if not clear:
                return leg, 0
            end, _ = self.backend.advance_looking(problem, stages, leg.batch, leg.done, rows[:clear])
        return replace(leg, batch=end, done=int(rows[clear - 1])).from_row(), clear

    def _set_pace(self, steps: int, seconds: float) -> None:
        """Let the next piece take as long as a piece should, growing by degrees: the first one may have compiled."""
        fitting = int(steps / max(seconds, 1e-6) * _PIECE_SECONDS)
        self.piece = max(1, min(fitting, 16 * self.piece))

    def _is_stepped_by_backend(self, leg: _Leg) -> bool:
        return isinstance(METHODS[self._stages_of(leg)[0].method], SteppedByBackend)

    def _stages_of(self, leg: _Leg) -> list[Stage]:
        return [self.plans[run].stages[leg.number] for run in leg.runs]

    def _problem_of(self, runs: list[int]) -> Problem:
        return self.problem if len(runs) == len(self.plans) else self.problem.take(runs)

    def _measure(self, leg: _Leg) -> list[tuple[Row, float]]:
        """The metrics row of each run where it stands, and its loss floor."""
        gap, stages = self.plans[0].gap, self._stages_of(leg)
        about = leg.reduction, leg.batch, stages, leg.done, self.backend, gap
        rows, floors = rows_of(Look.of_reduced(*about, compiled=self.compiled))
        for run, row in zip(leg.runs, rows, strict=True):
            row["step"] = self.earlier_steps[run] + leg.done
        return list(zip(rows, floors.tolist(), strict=True))

    def _log(self, leg: _Leg) -> Generator[Logged, None, _Leg]:
        """Log the row where the runs stand; returns the leg of those that go on in the stage.

        Where a stage ends its operations are applied first, and the row shows the weights after them.
        """
        stages, measured = self._stages_of(leg), self._measure(leg)
        reached: list[State | Reached] = [*leg.reached()]
        ended = [_why_ended(stage, row, leg.done) for stage, (row, _) in zip(stages, measured, strict=True)]
        for place in np.flatnonzero(self._diverges(leg, [row for row, _ in measured])).tolist():
            ended[place] = "diverged"
        ending = [place for place, why in enumerate(ended) if why not in (None, "diverged")]
        before: dict[int, float | None] = {}  # the losses before operations
        if ending and stages[0].then:
            there = leg.only(ending)
            whole = there.reduction.whole
            end = end_of_stage(whole, there.reduction.expanded(there.batch), stages[0].then, leg.number)
            there = replace(there, reduction=Reduction.nothing(whole, end), batch=end)
            for i, (place, again) in enumerate(zip(ending, self._measure(there), strict=True)):
                before[place] = followed_loss(self.problem, measured[place][0])
                reached[place], measured[place] = end.take([i]), again
        snapshot = bool((self.plans[0].snapshots[leg.number] == leg.done).any())  # all plans have the same
        here: dict[int, Position] = {}  # by how many steps the run has done
        for place, run in enumerate(leg.runs):
            if ended[place] == "diverged":
                self.going.remove(run)
                yield self._log_divergence(leg.only([place]))
            elif ended[place] is not None:
                at_end = reached[place]
                end = at_end if isinstance(at_end, State) else at_end.state
                self.states[run] = end = State(end.second_layer, end.first_layer)
                self.earlier_steps[run] += leg.done
                position = Position(leg.number + 1, 0, self.earlier_steps[run])
                row, floor = measured[place]
                neurons, loss = leg.neurons(), before.get(place)
                yield Logged(run, position, end, row, floor, True, ended[place], neurons, loss_before=loss)
            elif self.every_row:
                row, floor = measured[place]
                position = here.get(row["step"]) or Position(leg.number, leg.done, row["step"])
                here[position.step] = position
                yield Logged(run, position, reached[place], row, floor, snapshot, None)
        return leg.only([place for place, why in enumerate(ended) if why is None]).from_row()

    def _diverges(self, leg: _Leg, rows: list[Row]) -> np.ndarray:
        """Whether each run of a leg diverges where it stands, (B,)."""
        name = name_of_followed_loss(self.problem)
        losses = np.array([row[name] for row in rows], dtype=np.float64)  # NaN for None
        return ~(leg.batch.finite() & (losses <= self.loss_limit[leg.runs]))

    def _is_too_large(self, run: int, loss: float | None) -> bool:
        return loss is None or loss > self.loss_limit[run]

    def _loss_at(self, problem: Problem, batch: State) -> float:
        """The loss of the one run of a batch that tells whether it diverges."""
        if not problem.has_teacher:
            weights = State(batch.second_layer.astype(np.float64), batch.first_layer.astype(np.float64))
            return float(self.backend.sample_loss_and_gradient(problem, weights)[0][0])
        weights_in_loss = problem.in_loss(batch.second_layer, batch.first_layer)
        return float(against.loss(problem.activation, *weights_in_loss)[0])

    def _log_divergence(self, leg: _Leg) -> Logged:
        """The row of the first step since the last row at which the one run of a leg counts as diverged.

        The steps are taken once more from the last row, one by one, but for the last, whose end is known.
        """
        (run,), stages, problem = leg.runs, self._stages_of(leg), leg.reduction.problem
        here = replace(leg, batch=leg.at_row.state, done=leg.at_row.stage_step)
        while here.done < leg.done - 1:
            batch = METHODS[stages[0].method].advance(self.backend, problem, stages, here.batch, here.done, 1)
            here = replace(here, batch=batch, done=here.done + 1)
            with np.errstate(all="ignore"):
                loss = self._loss_at(problem, batch)
            if not batch.finite()[0] or self._is_too_large(run, loss if np.isfinite(loss) else None):
                break
        else:
            here = leg
        ((row, floor),) = self._measure(here)
        position = Position(here.number, here.done, row["step"])
        (reached,), finite = here.reached(), bool(here.batch.finite()[0])
        return Logged(run, position, reached, row, floor, snapshot=finite, ended="diverged", neurons=leg.neurons())


def _why_ended(stage: Stage, row: Row, done: int) -> str | None:
    """The stop rule that the row meets, or "steps" at the last step of the stage."""
    for name, threshold in stage.stop.items():
        if row[name] is not None and threshold.is_met(row[name]):
            return name
    return "steps" if done == stage.steps else None
