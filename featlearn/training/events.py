"""What goes into the descent loop and comes out of it: where a batch begins, intermediate states, and logged rows.

Events are not frozen: some are made for every row of every run, and freezing would take most of that time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from featlearn.training.batched import Batched
from featlearn.training.column import Row
from featlearn.training.plan import Position
from featlearn.training.reduction import Reduction
from featlearn.training.state import State


@dataclass(frozen=True)
class AtRow(Batched):
    """The states at the last row, after ``stage_step`` steps of the stage: where a search for a divergence begins."""

    state: State
    stage_step: int


@dataclass(frozen=True)
class Start(Batched):
    """Where a batch begins, or goes on: its position, the states there, and what it must remember from before.

    Attributes:
        start_loss: (B,) the losses at step 0, for the divergence rule; None when step 0 has not been logged yet.
        at_row: the last logged row's, when the position is past it.
    """

    state: State
    position: Position = field(default_factory=Position)
    start_loss: np.ndarray | None = None
    at_row: AtRow | None = None


@dataclass(eq=False)
class Reached:
    """Weights that a run of a batch has reached in a stage; ``state`` is made of them when it is asked for.

    Attributes:
        reduction, reduced: of the batch, as it is trained.
        place: of the run in the batch.
        resumes: whether ``state`` says how it is reduced, for a stage that goes on from it.
    """

    reduction: Reduction
    reduced: State
    place: int
    resumes: bool = True

    @cached_property
    def state(self) -> State:
        return self.reduction.expanded_of(self.reduced, self.place, resumes=self.resumes)


@dataclass(eq=False)
class Progress:
    """The state of one run between two logged rows, from which the run can be resumed."""

    run: int
    position: Position
    reached: Reached
    row: Reached
    row_stage_step: int

    @property
    def state(self) -> State:
        return self.reached.state

    @property
    def at_row(self) -> AtRow:
        """The last row's."""
        return AtRow(self.row.state, self.row_stage_step)


@dataclass(eq=False)
class Logged:
    """A metrics row of one run. ``position`` is where to go on: the next stage when this row ended one.

    Attributes:
        ended: why the stage ended here: "steps", a stop rule's column, "diverged"; None within a stage.
        neurons: where it ended, how many the student has, and how many were trained: those that are distinct.
        loss_before: where the stage has operations at its end and this is it, the loss that is followed before them.
    """

    run: int
    position: Position
    reached: State | Reached
    row: Row
    loss_floor: float
    snapshot: bool
    ended: str | None
    neurons: tuple[int, int] | None = None
    loss_before: float | None = None

    @property
    def state(self) -> State:
        return self.reached.state if isinstance(self.reached, Reached) else self.reached


Event = Progress | Logged
