"""What a batch of runs trains on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.biases import with_ones, without_biases
from featlearn.theory.population import Gradient
from featlearn.theory.tangent_kernel import MOST_PROBE_DIMENSIONS, PROBE_INPUTS, neural_tangent_kernel
from featlearn.theory.targets import loss as against
from featlearn.theory.targets.function import Function, target_of
from featlearn.theory.targets.interface import Target
from featlearn.training.batched import Batched
from featlearn.training.covariance import Root
from featlearn.training.data import Data, Empirical
from featlearn.training.networks import generator
from featlearn.training.stages import Stage


@dataclass(frozen=True)
class Probe(Batched):
    """Where a run's tangent kernel is looked at: inputs (B, P, d), and the kernel there at step 0, (B, P, P)."""

    inputs: np.ndarray
    initial_kernel: np.ndarray

    @cached_property
    def products(self) -> np.ndarray:
        """(B, P, P) the products of the inputs with one another."""
        return self.inputs @ self.inputs.mT

    @cached_property
    def initial_norm(self) -> np.ndarray:
        """(B,) the Frobenius norm of the kernel at step 0."""
        return np.linalg.norm(self.initial_kernel, axis=(-2, -1))

    @classmethod
    def of(cls, activation: Activation, second_layer: np.ndarray, first_layer: np.ndarray, seed: int) -> Probe | None:
        """The probe of one run from its initial weights (1, m), (1, m, d): standard Gaussian inputs of their own."""
        dim = without_biases(activation, first_layer).shape[-1]
        if dim > MOST_PROBE_DIMENSIONS:
            return None
        inputs = with_ones(activation, generator(seed, "probe").standard_normal((1, PROBE_INPUTS, dim)))
        with np.errstate(all="ignore"):  # weights that overflow diverge at once
            return cls(inputs, neural_tangent_kernel(activation, second_layer, first_layer, inputs))


@dataclass(frozen=True)
class Scaled(Batched):
    """The trained function is α (f(x; θ) − f(x; θ₀)), for runs that all have an α, of lazy training or of the width.

    Attributes:
        scale: (B,) α > 0.
        second_layer, first_layer: (B, m₀), (B, m₀, d) the network f(·; θ₀) that is subtracted; m₀ = 0 where it is 0.
        lazy: (B,) the part of α whose square divides the steps; None where that is all of it.
    """

    scale: np.ndarray
    second_layer: np.ndarray
    first_layer: np.ndarray
    lazy: np.ndarray | None = None


@dataclass(frozen=True)
class Redraws(Batched):
    """Second layers, and biases, that are put in place of the trained ones.

    Attributes:
        second_layers: (B, stages, m) one for the end of each stage; None where none are drawn.
        balanced: (B,) whether only their signs are taken, and |a_j| = ‖w_j‖ of the rows there.
        biases: (B, stages, m) likewise.
    """

    second_layers: np.ndarray | None
    balanced: np.ndarray
    biases: np.ndarray | None = None

    def of_stage(self, number: int) -> Redraws:
        """That of one stage alone."""
        second, biases = (x if x is None else x[:, number : number + 1] for x in (self.second_layers, self.biases))
        return Redraws(second, self.balanced, biases)


@dataclass(frozen=True)
class Problem(Batched):
    """B teachers, the students' starting rows, and what is trained on.

    Attributes:
        activation: of the student, the same for the whole batch.
        teacher_second_layer, teacher_first_layer: (B, m*), (B, m*, d) float64, rows of norm 1; m* = 0 where there are
            data without a teacher. Of a polynomial there are no output weights, (B, 0), and the rows (B, r, d) are its
            directions.
        initial_first_layer: (B, m, d) the students' rows at step 0, for ``feature_motion``.
        data: the sampled data of each run, all of one kind; None for population data. Labels hold what ``joined``
            adds to the teacher.
        scaled: how the students' functions are scaled and shifted; None for ordinary networks.
        probe: for ``kernel_motion``, which is null without one.
        initial_second_layer: (B, m) at step 0, for the floors of linear predictors.
        multiplicity: (B, m) how many equal neurons each of the students' stands for; None for one each.
        function: what the target makes of the teacher's rows; None for neurons of the student's activation, which join
            those of the student in the loss.
        redraws: for operations that draw weights; None where no stage has any.
        root: of the inputs' covariance; None for N(0, I). Rows, here and in states, are those that meet the inputs x.
            ``in_loss``, ``joined``, ``rest``, ``target`` and the data see their images, which meet standard inputs.

    Where the neurons have biases (``has_biases``), all rows, of teachers too, are (w, b) with d + 1 entries.
    """

    activation: Activation
    teacher_second_layer: np.ndarray
    teacher_first_layer: np.ndarray
    initial_first_layer: np.ndarray
    data: tuple[Data, ...] | None = None
    scaled: Scaled | None = None
    probe: Probe | None = None
    initial_second_layer: np.ndarray | None = None
    multiplicity: np.ndarray | None = None
    function: Function | None = None
    redraws: Redraws | None = None
    root: Root | None = None

    @property
    def has_series(self) -> bool:
        """Whether a kernel is a series, whose degree depends on the rows."""
        kinds = self.activation, self.function
        return any(isinstance(its, Activation) and its.series is not None for its in kinds)

    @cached_property
    def teachers_as_bytes(self) -> list[tuple[bytes, bytes]]:
        """The layers of each run's teacher: keys of what is computed once for each, which are made and hashed once."""
        teachers = zip(self.teacher_second_layer, self.teacher_first_layer, strict=True)
        return [(second.tobytes(), first.tobytes()) for second, first in teachers]

    @cached_property
    def least_objectives(self) -> dict[bytes, np.ndarray]:
        """What ``optima.least_objectives`` keeps."""
        return {}

    @cached_property
    def measured_against(self) -> dict[str, np.ndarray]:
        """What ``row_measures.measured`` keeps."""
        return {}

    @property
    def has_biases(self) -> bool:
        """Whether the last column of all rows is a bias, and that of all inputs 1."""
        return self.activation.biased is not None

    def directions(self, rows: np.ndarray) -> np.ndarray:
        """The rows without their biases."""
        return without_biases(self.activation, rows)

    @property
    def has_teacher(self) -> bool:
        """Whether the target is known; otherwise there are data alone, and teachers of no neurons."""
        return self.teacher_first_layer.shape[-2] > 0

    @property
    def has_teacher_neurons(self) -> bool:
        """Whether the target is made of neurons, with which those of a student can be compared."""
        return self.has_teacher and self.target().neurons is not None

    def floor(self, floor: np.ndarray) -> np.ndarray:
        """The loss floor (B,) from that of the images: where a row is rounded, its image moves by as much times ‖R‖."""
        return floor if self.root is None else floor * np.maximum(1.0, self.root.largest()) ** 2

    @property
    def scale(self) -> np.ndarray:
        """(B,) α, 1 for ordinary networks."""
        return np.ones(len(self.teacher_first_layer)) if self.scaled is None else self.scaled.scale

    @property
    def lazy_scale(self) -> np.ndarray:
        """(B,) by whose square steps are divided."""
        return self.scale if self.scaled is None or self.scaled.lazy is None else self.scaled.lazy

    def output_weights(self, second_layer: np.ndarray) -> np.ndarray:
        """The weights α a_j that the neurons have in the trained function, (B, m)."""
        return second_layer if self.scaled is None else self.scaled.scale[:, None] * second_layer

    def target(self) -> Target:
        """f*, whatever it is made of, of standard inputs."""
        function = self.activation if self.function is None else self.function
        return target_of(function, self.teacher_second_layer, self.images(self.teacher_first_layer))

    def images(self, rows: np.ndarray) -> np.ndarray:
        """The rows (B, n, d) as they meet standard inputs; the same map takes gradients back to those of the rows."""
        return rows if self.root is None else self.root.applied(rows)

    @cached_property
    def target_square(self) -> np.ndarray:
        """(B,) ‖f*‖² of the population."""
        return self.target().squared_norm()

    def rest(self, converted: Callable[[np.ndarray], Any] = lambda x: x) -> Target | None:
        """The part of the target that is not made of neurons of the student's activation, from converted arrays."""
        if self.function is None:
            return None
        rows = self.images(self.teacher_first_layer)
        return target_of(self.function, converted(self.teacher_second_layer), converted(rows))

    def joined(self) -> tuple[np.ndarray, np.ndarray]:
        """The network, as second and first layers, that Σ_j α a_j φ̃(w_j·x) is to match beside ``rest``.

        It is α f(x; θ₀), and f* where it is made of neurons of the student's activation; of standard inputs.
        """
        second, first = self.teacher_second_layer, self.images(self.teacher_first_layer)
        if self.function is not None:
            second, first = second[:, :0], first[:, :0]
        if self.scaled is None or not self.scaled.second_layer.size:
            return second, first
        start = self.scaled.scale[:, None] * self.scaled.second_layer
        added = self.images(self.scaled.first_layer)
        return np.concatenate([second, start], -1), np.concatenate([first, added], -2)

    def rows_of_target(self) -> np.ndarray:
        """(B, n, d) rows whose span holds those that ``joined`` and ``rest`` are made of, and with any rows the images.

        There are none such for the images of a diagonal, but the axes.
        """
        rows = [self.teacher_first_layer]
        if self.scaled is not None:
            rows.append(self.scaled.first_layer)
        if self.root is not None and self.root.is_spike:
            rows.append(self.root.direction[:, None])
        return np.concatenate(rows, -2)

    def in_loss(
        self, second_layer: np.ndarray, first_layer: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Target | None]:
        """What ``theory.targets.loss`` makes the loss of the trained functions of: four arrays, and the rest."""
        output = self.output_weights(second_layer)
        output = output if self.multiplicity is None else self.multiplicity * output
        return output, self.images(first_layer), *self.joined(), self.rest()

    def by_each_neuron(self, gradient: Gradient) -> Gradient:
        """The gradient by the weights of single neurons, from that by the first two of the arrays ``in_loss``."""
        by_row = (
            gradient.first_layer if self.multiplicity is None else gradient.first_layer / self.multiplicity[..., None]
        )
        return Gradient(self.output_weights(gradient.second_layer), self.images(by_row))

    def correlation_loss(self, second_layer: np.ndarray, first_layer: np.ndarray) -> tuple[np.ndarray, Gradient]:
        """−2 E[f f*], (B,), which is linear in a, and its gradient by the weights of single neurons."""
        weights = self.in_loss(second_layer, first_layer)
        slope = against.correlation_gradient(self.activation, *weights)
        return np.sum(weights[0] * slope.second_layer, -1), self.by_each_neuron(slope)

    def samples(self) -> list[Empirical] | None:
        """The empirical data of each run; None for population and online data."""
        empirical = [data for data in self.data or () if isinstance(data, Empirical)]
        return empirical or None

    def in_stage(self, stages: Sequence[Stage]) -> Problem:
        """The same with the samples that the runs have in their stages."""
        if self.data is None or not any(stage.fresh_sample for stage in stages):
            return self
        pairs = zip(self.data, stages, strict=True)
        return replace(
            self,
            data=tuple(
                data.anew(stage.name) if stage.fresh_sample and isinstance(data, Empirical) else data
                for data, stage in pairs
            ),
        )

    def release_data(self) -> None:
        """Free the memory of samples; they are made again when asked for."""
        for data in self.data or ():
            data.release()
