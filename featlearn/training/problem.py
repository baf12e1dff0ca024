"""What a batch of runs trains on, and the weights it has reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.training.data import Data, Empirical


@dataclass(frozen=True)
class Problem:
    """B teachers, the students' starting rows, and what is trained on.

    Attributes:
        activation: of teacher and student, the same for the whole batch.
        teacher_second_layer, teacher_first_layer: (B, m*), (B, m*, d) float64, rows of norm 1.
        initial_first_layer: (B, m, d) the students' rows at step 0, for ``feature_motion``.
        data: the sampled data of each run, all of one kind; None for population data.
    """

    activation: Activation
    teacher_second_layer: np.ndarray
    teacher_first_layer: np.ndarray
    initial_first_layer: np.ndarray
    data: tuple[Data, ...] | None = None

    def take(self, runs: Sequence[int]) -> Problem:
        """The problem of some of the runs."""
        return Problem(
            self.activation,
            self.teacher_second_layer[list(runs)],
            self.teacher_first_layer[list(runs)],
            self.initial_first_layer[list(runs)],
            None if self.data is None else tuple(self.data[run] for run in runs),
        )

    @staticmethod
    def stack(problems: Sequence[Problem]) -> Problem:
        """The batch of the given problems, which agree in activation and shapes."""
        return Problem(
            problems[0].activation,
            np.concatenate([p.teacher_second_layer for p in problems]),
            np.concatenate([p.teacher_first_layer for p in problems]),
            np.concatenate([p.initial_first_layer for p in problems]),
            None if problems[0].data is None else tuple(data for p in problems for data in p.data or ()),
        )

    def samples(self) -> list[Empirical] | None:
        """The empirical data of each run; None for population and online data."""
        empirical = [data for data in self.data or () if isinstance(data, Empirical)]
        return empirical or None

    def release_data(self) -> None:
        """Free the memory of samples; they are made again when asked for."""
        for data in self.data or ():
            data.release()


BATCH_LOSS = "batch_loss"  # in a state's memory, (B,): on the online batch of the last step, before that step


@dataclass(frozen=True)
class State:
    """Weights of B runs, and what their optimiser remembers.

    Attributes:
        second_layer, first_layer: (B, m), (B, m, d), in the run's precision.
        memory: velocities of momentum, moments of adam, ``BATCH_LOSS``; batch axis first; empty when a stage starts.
    """

    second_layer: np.ndarray
    first_layer: np.ndarray
    memory: dict[str, np.ndarray] = field(default_factory=dict)

    def take(self, runs: Sequence[int]) -> State:
        """The state of some of the runs; of one, a view."""
        index = slice(runs[0], runs[0] + 1) if len(runs) == 1 else list(runs)
        memory = {name: values[index] for name, values in self.memory.items()}
        return State(self.second_layer[index], self.first_layer[index], memory)

    @staticmethod
    def stack(states: Sequence[State]) -> State:
        """The batch of the given states, which agree in shapes and memory."""
        return State(
            np.concatenate([s.second_layer for s in states]),
            np.concatenate([s.first_layer for s in states]),
            {name: np.concatenate([s.memory[name] for s in states]) for name in states[0].memory},
        )

    def finite(self) -> np.ndarray:
        """(B,) whether all weights of a run are finite."""
        return np.isfinite(self.second_layer).all(-1) & np.isfinite(self.first_layer).all((-2, -1))
