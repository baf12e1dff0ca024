"""Sampled data: Gaussian inputs with the teacher's labels, drawn once (empirical) or anew at each step (online).

Each use of randomness has a generator of its own: neither the noise level nor the student changes the inputs, and the
first n inputs of a larger sample are the inputs of a sample of n. Formulas: docs/sampled_data.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.biases import neurons, with_ones, without_biases
from featlearn.theory.population import solve_ridge
from featlearn.theory.targets.function import Function, Polynomial, target_of
from featlearn.training.batches import Batches, at_step
from featlearn.training.networks import Network, generator

_ENTRIES_TOGETHER = 2**20  # the most preactivations, inputs times neurons, that are computed at a time


@dataclass(frozen=True, eq=False)
class Sample:
    """Inputs (n, d) and labels (n,), float64, as training takes them: low degrees removed where they are dropped.

    Inputs of neurons with biases end with a 1, (n, d + 1).
    """

    inputs: np.ndarray
    labels: np.ndarray


class Empirical:
    """One sample for the whole run, made when it is first asked for, and maybe another one that is not trained on.

    Args:
        batches: of the steps; None where each uses the whole sample.
        fresh: makes another sample for a stage, by its name; None where there is no more than the one.
    """

    def __init__(
        self,
        make: Callable[[], Sample],
        test: Callable[[], Sample] | None = None,
        *,
        batches: Batches | None = None,
        fresh: Callable[[str], Sample] | None = None,
    ) -> None:
        self._make, self.test, self._batches, self._fresh = make, test, batches, fresh
        self._sample: Sample | None = None
        self._test_sample: Sample | None = None
        self._anew: dict[str, Empirical] = {}

    def sample(self) -> Sample:
        if self._sample is None:
            self._sample = self._make()
        return self._sample

    def batch(self, stage: str, step: int) -> Sample:
        """What step ``step`` (from 0) of a stage follows."""
        sample = self.sample()
        if self._batches is None:
            return sample
        places = self._batches.places(len(sample.labels), stage, step)
        return Sample(sample.inputs[places], sample.labels[places])

    def anew(self, stage: str) -> Empirical:
        """The same with a sample of the stage's own in place of this one, which is let go."""
        fresh = self._fresh
        assert fresh is not None
        if stage not in self._anew:
            self.release()
            self._anew[stage] = Empirical(lambda: fresh(stage), batches=self._batches)
        return self._anew[stage]

    def shifted(self, activation: Activation, added: Network) -> Empirical:
        """The same with the values of a network added to all labels."""
        test, fresh = self.test, self._fresh
        return Empirical(
            lambda: shifted(activation, self._make(), added),
            None if test is None else lambda: shifted(activation, test(), added),
            batches=self._batches,
            fresh=None if fresh is None else lambda stage: shifted(activation, fresh(stage), added),
        )

    def test_sample(self) -> Sample:
        """What is held out, where ``test`` is given."""
        assert self.test is not None
        if self._test_sample is None:
            self._test_sample = self.test()
        return self._test_sample

    def release(self) -> None:
        """Free the memory; samples are made again when they are asked for again."""
        self._sample = self._test_sample = None
        for other in (self._batches, *self._anew.values()):
            if other is not None:
                other.release()
        self._anew.clear()


@dataclass(frozen=True)
class Online:
    """A fresh batch at each step, with labels f*(x) + ``noise_std`` · ε of the teacher as its student sees it (φ̃).

    Attributes:
        added: a network whose values the labels get too: α f(x; θ₀) of a scaled student.
        function: what the target makes of the teacher's rows; None for neurons of the activation.
        reuse: how many steps in a row follow one batch.
    """

    activation: Activation
    teacher: Network
    seed: int
    batch_size: int
    noise_std: float
    added: Network | None = None
    function: Function | None = None
    reuse: int = 1

    def batch(self, stage: str, step: int) -> Sample:
        """The batch of step ``step`` (from 0) of a stage: it depends on seed, stage name and step alone."""
        rows, number = self.teacher.first_layer, step // self.reuse
        shape = self.batch_size, without_biases(self.activation, rows).shape[1]
        inputs = at_step(self.seed, f"inputs of {stage}", number).standard_normal(shape)
        inputs = with_ones(self.activation, inputs)
        noise = at_step(self.seed, f"noise of {stage}", number).standard_normal(self.batch_size)
        if self.function is None:
            exact = neurons(self.activation, rows, inputs) @ self.teacher.second_layer
        else:
            exact = _values(self.function, self.teacher, inputs)
        batch = Sample(inputs, exact + self.noise_std * noise)
        return batch if self.added is None else shifted(self.activation, batch, self.added)

    def release(self) -> None:
        """Nothing is kept."""


Data = Empirical | Online  # what one run is trained on


def _values(function: Function, teacher: Network, inputs: np.ndarray) -> np.ndarray:
    """f*(x) at inputs (n, d)."""
    return target_of(function, teacher.second_layer[None], teacher.first_layer[None]).values(inputs[None])[0]


def drawn_sample(
    activation: Activation,
    teacher: Network,
    *,
    seed: int,
    samples: int,
    noise_std: float,
    function: Function | None = None,
    stage: str | None = None,
) -> Sample:
    """Inputs x_i ~ N(0, I_d) and labels f*(x_i) + ``noise_std`` · ε_i, of the run or of a stage's own.

    Of neurons the labels are Σ_k a*_k φ(w*_k·x_i) of plain φ, and lose what ``sample_of`` says. Those of a polynomial
    stay as they are: it keeps its low degrees, whatever the student drops.
    """
    rows, whose = teacher.first_layer, "" if stage is None else f" of {stage}"
    shape = samples, without_biases(activation, rows).shape[1]
    inputs = with_ones(activation, generator(seed, f"inputs{whose}").standard_normal(shape))
    labels = generator(seed, f"noise{whose}").standard_normal(samples)
    labels *= noise_std
    parts = _parts(samples, len(rows))
    if isinstance(function, Polynomial):
        for part in parts:
            labels[part] += _values(function, teacher, inputs[part])
        return Sample(inputs, labels)
    plain = activation if function is None else function
    for part in parts:
        labels[part] += plain.phi(inputs[part] @ rows.T) @ teacher.second_layer
    return sample_of(activation, inputs, labels)


def sample_of(activation: Activation, inputs: np.ndarray, labels: np.ndarray) -> Sample:
    """The sample that training takes, from inputs (n, d) and raw labels (n,).

    Where the activation drops the degrees below 2, the labels lose their constant and linear part as the data show it:
    y − mean(y) − β̂·x with β̂ = mean(y x), E y and E y x being unknown to whoever has only data; x without the 1 that
    biases meet.
    """
    return held_out(activation, inputs, labels, inputs, labels)


def held_out(
    activation: Activation, inputs: np.ndarray, labels: np.ndarray, test_inputs: np.ndarray, test_labels: np.ndarray
) -> Sample:
    """A sample that is not trained on; its labels lose the constant and linear part that those trained on show."""
    if activation.drop_hermite_below == 2:
        slope = labels @ without_biases(activation, inputs) / len(labels)
        test_labels = test_labels - labels.mean() - without_biases(activation, test_inputs) @ slope
    return Sample(test_inputs, test_labels)


def mean_square_error(
    activation: Activation, second_layer: np.ndarray, first_layer: np.ndarray, sample: Sample
) -> float:
    """mean_i (f(x_i) − y_i)² of one network (m,), (m, d) in float64."""
    total = 0.0
    for part in _parts(len(sample.labels), len(first_layer)):
        features = neurons(activation, first_layer, sample.inputs[part])
        total += float(np.sum((features @ second_layer - sample.labels[part]) ** 2))
    return total / len(sample.labels)


def shifted(activation: Activation, sample: Sample, added: Network) -> Sample:
    """The sample with the values of a network added to its labels."""
    rows, labels = added.first_layer, sample.labels.copy()
    for part in _parts(len(labels), len(rows)):
        labels[part] += neurons(activation, rows, sample.inputs[part]) @ added.second_layer
    return Sample(sample.inputs, labels)


def ridge_second_layer(
    activation: Activation,
    first_layer: np.ndarray,
    sample: Sample,
    weight_decay: float,
    multiplicity: np.ndarray | None = None,
) -> np.ndarray:
    """The output weights (m,) that minimise mean_i (f(x_i) − y_i)² + (λ/2)‖a‖²: (Φ'Φ/n + λ/2 · I) a = Φ'y/n.

    Args:
        first_layer: (m, d) student rows, float64; Φ has the entries φ̃(w_j·x_i).
        weight_decay: λ ≥ 0. At λ = 0 the solution of least norm, as far as Φ'Φ tells (``population.solve_ridge``).
        multiplicity: (m,) of how many neurons with equal rows each row is; they get equal weights. None: one each.
    Accuracy: rounding times the condition number of the matrix (tests/training/test_data.py).
    """
    m, n = len(first_layer), len(sample.labels)
    gram, target = np.zeros((m, m)), np.zeros(m)
    for part in _parts(n, m):
        features = neurons(activation, first_layer, sample.inputs[part])
        gram += features.T @ features
        target += sample.labels[part] @ features
    return solve_ridge(gram / n, target / n, weight_decay, multiplicity)


def _parts(samples: int, neurons: int) -> Iterator[slice]:
    """The sample in parts small enough that a value for each neuron fits anywhere."""
    rows = max(1, _ENTRIES_TOGETHER // neurons)
    return (slice(start, start + rows) for start in range(0, samples, rows))
