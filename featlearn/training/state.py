"""The weights that a batch of runs has reached."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from featlearn.training.batched import Batched

BATCH_LOSS = "batch_loss"  # the name, in a state's memory, of the loss (B,) on the online batch before the last step


@dataclass(frozen=True)
class State(Batched):
    """Weights of B runs, and what their optimiser remembers.

    Attributes:
        second_layer, first_layer: (B, m), (B, m, d), or (B, m, d + 1) with biases, in the run's precision.
        memory: what the method remembers from step to step, what rounding took from steps in float32, and
            ``BATCH_LOSS``, by name; empty when a stage starts.
    """

    second_layer: np.ndarray
    first_layer: np.ndarray
    memory: dict[str, np.ndarray] = field(default_factory=dict)

    def finite(self) -> np.ndarray:
        """(B,) whether all weights of a run are finite."""
        return np.isfinite(self.second_layer).all(-1) & np.isfinite(self.first_layer).all((-2, -1))
