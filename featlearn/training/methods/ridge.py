"""Method ``ridge``: the second layer that minimises the loss (on the population or the sample) + (λ/2)‖a‖²."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from featlearn.training.methods.record import Exact
from featlearn.training.stages import Stage
from featlearn.training.state import State

if TYPE_CHECKING:
    from featlearn.training.problem import Problem


def _solve(problem: Problem, stages: Sequence[Stage], state: State) -> State:
    from featlearn.theory.targets import loss as against
    from featlearn.training.data import ridge_second_layer

    scale = problem.scale  # written in the output weights α a, the term (λ/2)‖a‖² has the coefficient λ/α²
    decay = np.array([stage.weight_decay.start for stage in stages]) / scale**2
    rows, samples = state.first_layer.astype(np.float64), problem.samples()
    if samples is None:
        target = *problem.joined(), problem.rest()
        second = against.ridge_second_layer(problem.activation, rows, *target, decay, problem.multiplicity)
    else:
        counts = [None] * len(rows) if problem.multiplicity is None else problem.multiplicity
        runs = zip(rows, samples, decay, counts, strict=True)
        second = np.stack([ridge_second_layer(problem.activation, w, x.sample(), lam, n) for w, x, lam, n in runs])
    return State((second / scale[:, None]).astype(state.first_layer.dtype), state.first_layer)


METHOD = Exact(
    name="ridge",
    sentence="takes the exact minimiser over the second layer in one step",
    layers=("second_layer",),
    scaled=True,
    fixed_loss=True,
    solve=_solve,
    work=lambda inputs, neurons, dimensions: inputs * neurons * (neurons + dimensions + 25.0),
)
