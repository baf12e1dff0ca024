"""A look at the runs of a batch at one step: what the columns of their metrics rows are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from featlearn.theory.alignment import (
    feature_motion,
    imbalance,
    neuron_metrics,
    overlap_summary,
    overlaps,
    subspace_share,
)
from featlearn.theory.population import Gradient
from featlearn.theory.targets import correlation
from featlearn.theory.targets import loss as against
from featlearn.theory.targets.interface import Target
from featlearn.training.backends import Backend
from featlearn.training.backends.row_measures import Found, measured
from featlearn.training.data import mean_square_error
from featlearn.training.layers import separated
from featlearn.training.optima import least_objectives
from featlearn.training.problem import Problem
from featlearn.training.reduction import Reduction
from featlearn.training.stages import Layer, LossName, Schedule, Stage, value_of_each
from featlearn.training.state import BATCH_LOSS, State


@dataclass(frozen=True, eq=False)
class Look:
    """The runs of a batch after a step of their stage. What several columns need is computed once, when first needed.

    Attributes:
        problem, state: the batch; with a reduction, ``Reduction.shown`` and the state seen there.
        stages: the current stage of each run.
        stage_step: how many steps the runs have done in this stage.
        backend: computes the gradients.
        gap: whether the optimum is wanted.
        reduction, reduced: what is trained of the batch, and its state; None where that is all of it.
        compiled: whether what is asked of single neurons is computed by ``row_measures``.
    """

    problem: Problem
    state: State
    stages: Sequence[Stage]
    stage_step: int
    backend: Backend
    gap: bool
    reduction: Reduction | None = None
    reduced: State | None = None
    compiled: bool = False

    @classmethod
    def of_reduced(
        cls,
        reduction: Reduction,
        reduced: State,
        stages: Sequence[Stage],
        stage_step: int,
        backend: Backend,
        gap: bool,
        *,
        compiled: bool = False,
    ) -> Look:
        """A look at states as they are trained."""
        about = stages, stage_step, backend, gap
        if not reduction.changes_anything:
            return cls(reduction.whole, reduced, *about, compiled=compiled)
        return cls(reduction.shown, reduction.seen(reduced), *about, reduction, reduced, compiled)

    @property
    def whole(self) -> Problem:
        """The batch in its own coordinates."""
        return self.problem if self.reduction is None else self.reduction.whole

    @cached_property
    def weights(self) -> State:
        """The weights in float64."""
        return _in_float64(self.state)

    @property
    def layers(self) -> dict[Layer, np.ndarray]:
        """The weights by layer."""
        return separated(self.weights.second_layer, self.weights.first_layer, self.problem.has_biases)

    @cached_property
    def _trained(self) -> tuple[Problem, State]:
        """The batch with each distinct neuron once: of these, sums over pairs are taken."""
        if self.reduction is None or self.reduced is None:
            return self.problem, self.weights
        return self.reduction.problem, _in_float64(self.reduced)

    @cached_property
    def distinct(self) -> tuple[State, np.ndarray | None]:
        """Each distinct neuron once, in the coordinates of ``problem``, and how many it stands for; None for one each.

        What is asked of single neurons, and summed over them, is asked of these.
        """
        return (self.weights, None) if self.reduction is None else self.reduction.distinct(self._trained[1])

    @cached_property
    def _trained_in_loss(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Target | None]:
        problem, weights = self._trained
        return problem.in_loss(weights.second_layer, weights.first_layer)

    def _of_all(self, found: tuple[np.ndarray, Gradient]) -> tuple[np.ndarray, Gradient]:
        """A loss and its gradient by the weights of all neurons, from that by those of the distinct ones."""
        loss, slope = found
        return loss, slope if self.reduction is None else self.reduction.gradient_of_all(slope)

    @cached_property
    def in_loss(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Target | None]:
        """What ``theory.targets.loss`` makes the loss of."""
        return self.problem.in_loss(self.weights.second_layer, self.weights.first_layer)

    @cached_property
    def weight_decay(self) -> np.ndarray:
        """(B,) λ that the last step used, or that the first one will; √(λ₁λ₂) where layers have their own."""
        return self._last_used([stage.weight_decay for stage in self.stages])

    def decay_of(self, layer: Layer) -> np.ndarray:
        """(B,) λ of one layer at the last step."""
        last = max(0, self.stage_step - 1)
        decays = [stage.weight_decay for stage in self.stages]
        return value_of_each(decays, lambda s: s.in_layer(layer).at_step(last))

    @cached_property
    def step_size(self) -> np.ndarray:
        """(B,) η that the last step used, or that the first one will, likewise; NaN for methods without."""
        return self._last_used([stage.step_size for stage in self.stages])

    def _last_used(self, schedules: Sequence[Schedule | None]) -> np.ndarray:
        last = max(0, self.stage_step - 1)
        return value_of_each(schedules, lambda s: np.nan if s is None else s.at_step(last))

    @cached_property
    def _population(self) -> tuple[np.ndarray, Gradient]:
        """The population loss as a float64 sum, (B,), and its gradient."""
        return self._of_all(self.backend.loss_and_gradient(*self._trained))

    @cached_property
    def _correlation(self) -> tuple[np.ndarray, Gradient]:
        """−2 E[f f*], (B,), and its gradient."""
        problem, weights = self._trained
        return self._of_all(problem.correlation_loss(weights.second_layer, weights.first_layer))

    @cached_property
    def minimises(self) -> LossName:
        """The loss that the stage descends on; the runs of a batch agree in it."""
        return self.stages[0].loss

    @cached_property
    def _sample(self) -> tuple[np.ndarray, Gradient]:
        """The squared loss on the empirical data, (B,), and the gradient of what is minimised there."""
        return self._of_all(self.backend.sample_loss_and_gradient(*self._trained, self.minimises))

    @cached_property
    def loss(self) -> np.ndarray | None:
        """(B,) the population loss, refined where its terms cancel; None without a teacher."""
        if not self.problem.has_teacher:
            return None
        total, _ = self._population
        return against.refined_loss(self.problem.activation, total, self._rounding, *self._trained_in_loss)

    @cached_property
    def _rounding(self) -> np.ndarray:
        """(B,) the rounding error of the population loss as a float64 sum."""
        return against.float64_rounding(self.problem.activation, *self._trained_in_loss)

    @cached_property
    def loss_floor(self) -> np.ndarray:
        """(B,) under which the loss means nothing; NaN without a teacher."""
        if not self.problem.has_teacher:
            return np.full(len(self.stages), np.nan)
        problem = self.problem
        told = self._rounding, problem.rest(), self.state.first_layer.dtype
        return problem.floor(against.loss_floor_from(problem.activation, *told))

    @cached_property
    def train_loss(self) -> np.ndarray | None:
        """(B,) the loss on what is trained on; None where that is the population, and before the first batch."""
        return self._sample[0] if self.problem.samples() else self.state.memory.get(BATCH_LOSS)

    @cached_property
    def test_loss(self) -> np.ndarray | None:
        """(B,) the loss on data that are not trained on; NaN for runs without."""
        samples = self.problem.samples()
        if not samples or all(data.test is None for data in samples):
            return None
        second, first = self.in_loss[:2]
        return np.array(
            [
                np.nan if data.test is None else mean_square_error(self.problem.activation, a, w, data.test_sample())
                for data, a, w in zip(samples, second, first, strict=True)
            ]
        )

    @cached_property
    def slope(self) -> Gradient:
        """The gradient of what is minimised: on the sample for empirical data, on the population otherwise."""
        if self.problem.samples():
            return self._sample[1]
        return self._correlation[1] if self.minimises == "correlation" else self._population[1]

    @cached_property
    def objective(self) -> np.ndarray | None:
        """(B,) L + (λ₂/2)‖a‖² + (λ₁/2)‖W‖², and likewise of biases; None without a teacher.

        With −2 E[f f*] for L where that is minimised.
        """
        if self.loss is None:
            return None
        flat = {name: x.reshape(len(x), -1) for name, x in self.layers.items()}
        squares = {name: np.einsum("bi,bi->b", x, x) for name, x in flat.items()}
        decays = {name: self.decay_of(name) for name in squares}
        same = np.all([decay == decays["first_layer"] for decay in decays.values()], axis=0)
        of_each = 0.5 * sum(decays[name] * square for name, square in squares.items())
        penalty = np.where(same, 0.5 * decays["first_layer"] * sum(squares.values()), of_each)
        return (self._correlation[0] if self.minimises == "correlation" else self.loss) + penalty

    @cached_property
    def correlation(self) -> np.ndarray | None:
        """(B,) E[f f*]/(‖f‖‖f*‖) of the population, NaN where f is 0; None without a teacher."""
        if self.loss is None:
            return None
        target_square, (problem, _) = self.whole.target_square, self._trained
        residual = 0.5 * np.einsum("bi,bi->b", self.weights.second_layer, self._population[1].second_layer)
        found, inexact = correlation.from_loss(self.loss, residual, target_square, self._rounding)
        shifted = problem.scaled is not None and problem.scaled.second_layer.size  # the loss is not linear in a alone
        needed = np.flatnonzero(np.isfinite(self.loss) & (inexact | bool(shifted)))
        if len(needed):
            output, rows = self._trained_in_loss[:2]
            if shifted:
                start = slice(None if problem.function else problem.teacher_second_layer.shape[-1], None)
                second, first = (layer[:, start] for layer in problem.joined())  # without the teacher's neurons
                output, rows = np.concatenate([output, -second], -1), np.concatenate([rows, first], -2)
            target = problem.take(needed.tolist()).target()
            student = problem.activation, output[needed], rows[needed]
            found[needed] = correlation.correlation(*student, target, target_square[needed])
        return found

    @cached_property
    def least_objective(self) -> np.ndarray:
        """(B,) the certified lower bound of J*_λ; NaN where there is none."""
        return least_objectives(self.whole, self.weight_decay)

    @cached_property
    def measured(self) -> Found | None:
        """What compiled code finds of single neurons, for runs whose weights are finite; None where it is not used."""
        if not self.compiled:
            return None
        weights, multiplicity = self.distinct
        probed = self.problem.probe is not None and self.stage_step > 0
        return measured(self.problem, weights.second_layer, weights.first_layer, multiplicity, probed=probed)

    @cached_property
    def finite(self) -> np.ndarray:
        """(B,) whether all weights are finite."""
        return self.distinct[0].finite()

    @cached_property
    def alignment(self) -> dict[str, np.ndarray]:
        """The alignment metrics of the trained function; without teacher neurons those that need none."""
        (distinct, multiplicity), problem = self.distinct, self.problem
        second, first = problem.output_weights(distinct.second_layer), problem.directions(distinct.first_layer)
        # the initial rows of neurons that coincide need not
        rows = self.weights.first_layer, problem.initial_first_layer
        motion = {"feature_motion": feature_motion(*map(problem.directions, rows))}
        if problem.has_teacher_neurons:
            teacher = problem.teacher_second_layer, problem.directions(problem.teacher_first_layer)
            found = {} if self.measured is None else self.measured.metrics()
            if not found or not self.finite.all():
                slowly = neuron_metrics(problem.activation.symmetry, second, first, *teacher, multiplicity)
                found = {name: np.where(self.finite, found.get(name, x), x) for name, x in slowly.items()}
            if problem.function is not None or problem.has_biases:  # masses of others do not add up to a*_k
                del found["mass_error"]
            if problem.has_biases:
                found["balance"] = imbalance(second, distinct.first_layer)
            return found | motion
        found = {"balance": imbalance(second, distinct.first_layer)}
        if problem.has_teacher:
            teacher_rows = problem.directions(problem.teacher_first_layer)
            found["subspace"] = subspace_share(first, teacher_rows, multiplicity)
        return found | motion

    @cached_property
    def overlaps(self) -> dict[str, np.ndarray]:
        """The overlaps with the teacher's directions, least and mean; nothing without a teacher."""
        problem, (distinct, _) = self.problem, self.distinct
        if not problem.has_teacher:
            return {}
        of_neurons = problem.has_teacher_neurons
        mass = np.sum(np.abs(problem.teacher_second_layer), -1) if of_neurons else np.sqrt(self.whole.target_square)
        student = problem.output_weights(distinct.second_layer), problem.directions(distinct.first_layer)
        return overlap_summary(overlaps(*student, problem.directions(problem.teacher_first_layer), mass))


def _in_float64(state: State) -> State:
    second, first = (layer.astype(np.float64, copy=False) for layer in (state.second_layer, state.first_layer))
    return State(second, first)
