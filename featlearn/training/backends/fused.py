"""The fused backend: population gradient descent on the CPU, compiled, many steps a call, without PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from threading import Thread
from typing import Any

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.activations.series import HermiteSeries
from featlearn.theory.population import Gradient
from featlearn.theory.targets import loss as against
from featlearn.training.backends import WIDE, BackendError, Looks
from featlearn.training.backends import fused_kernels as kernels
from featlearn.training.backends.fused_target import FusedTarget, fused_target
from featlearn.training.backends.kernel_cache import kernel
from featlearn.training.backends.layout import (
    BIASED_ERF,
    BIASED_LINEAR,
    BIASED_LINEAR_TAIL,
    BIASED_POLYNOMIAL,
    ERF,
    ERF_TAIL,
    HOMOGENEOUS,
    HOMOGENEOUS_TAIL,
    QUADRATIC,
    SERIES,
)
from featlearn.training.backends.row_measures import pays
from featlearn.training.backends.series_table import BeyondSeriesError
from featlearn.training.backends.sharing import do_all, thread_count
from featlearn.training.layers import layer_names, separated
from featlearn.training.methods import stepped_by_backend
from featlearn.training.problem import Problem
from featlearn.training.stages import Layer, LossName, Schedule, Stage, value_of_each
from featlearn.training.state import State

# The families of kernels that are compiled, see pair_kernels.
_FAMILIES = {
    "homogeneous": HOMOGENEOUS,
    "erf": ERF,
    "quadratic": QUADRATIC,
    "homogeneous_tail": HOMOGENEOUS_TAIL,
    "erf_tail": ERF_TAIL,
    "biased_linear": BIASED_LINEAR,
    "biased_erf": BIASED_ERF,
    "biased_linear_tail": BIASED_LINEAR_TAIL,
    "biased_polynomial": BIASED_POLYNOMIAL,
}
_OUTPUT = "output_weights"  # a scaled student's second layer is trained as b = α a, which has this name


def fused_kernel(activation: Activation) -> kernels.Kernel:
    """The compiled kernel of an activation, of a closed form or of a series.

    Raises:
        BackendError: for an activation that has none, or one of a family that is not compiled.
    """
    compiled = activation.compiled
    if compiled is None:
        raise BackendError(f"the fused backend has no compiled kernel of {activation.name}; use the torch backend")
    if isinstance(compiled, HermiteSeries):
        return kernels.Kernel(SERIES, 1.0, 0.0, 0.0, 0, activation)
    if compiled.family not in _FAMILIES:
        known = ", ".join(_FAMILIES)
        raise BackendError(f"{activation.name} asks for the compiled kernels {compiled.family!r}; there are {known}")
    family = _FAMILIES[compiled.family]
    numbers = compiled.factor, compiled.half, compiled.excess, compiled.first
    return kernels.Kernel(family, *numbers, constants=compiled.constants)


_MANY_STEPS = 8  # in one call, from where on a look at its end, of the cost of a step, is no loss if nobody asks for it


class FusedBackend:
    """Steps of the methods that have a branch in the compiled kernel, on population data, float64.

    Runs are shared out to threads whole, wide ones row block by row block: either way the order of operations of a run
    depends on its shape alone.

    A scaled student is trained in b = α a: a step η/α² on a is the step η on b with the weight decay λ/α², and the
    moments of b are 1/α of those of a. Where steps are divided by less than α², η stands for that much more.

    Where rows outgrow the series of an activation that has another kernel for them, the torch backend takes the steps,
    one by one: which backend takes a step follows from the weights before it.
    """

    name = "fused"
    device = "cpu"

    def __init__(self) -> None:
        self.threads = thread_count()
        self._seen_last: tuple[Problem, State, Looks, Gradient] | None = None  # where the last steps led

    def advance(self, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int) -> State:
        """See ``backends.Backend``."""
        here = np.array([count] if count >= _MANY_STEPS else [], np.int64)
        state, looks, gradient = self._walk(problem, stages, state, done, count, here)
        self._seen_last = None if gradient is None else (problem, state, looks, gradient)
        return state

    def advance_looking(
        self, problem: Problem, stages: Sequence[Stage], state: State, done: int, looks: np.ndarray
    ) -> tuple[State, Looks]:
        """See ``backends.Backend``; steps on the correlation loss do not see the squared one on their way."""
        if stages[0].loss == "squared":
            here = np.asarray(looks - done, np.int64)
            return self._walk(problem, stages, state, done, int(looks[-1]) - done, here)[:2]
        found = []
        for look in looks.tolist():
            state, done = self.advance(problem, stages, state, done, look - done), look
            found.append(self._evaluated(problem, state)[0])
        return state, Looks(*(np.concatenate(columns, axis=1) for columns in zip(*found, strict=True)))

    def _walk(
        self, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int, looks: np.ndarray
    ) -> tuple[State, Looks, Gradient | None]:
        """The state after some steps and the loss at looks on the way; where one is asked for, the gradient there too.

        There is none of students whose weights are not those of the loss, of wide runs, and beyond a series.
        """
        try:
            return self._walk_by_series(problem, stages, state, done, count, looks)
        except BeyondSeriesError:
            if len(stages) == 1:
                return *self._walk_one_by_one(problem, stages, state, done, count, looks), None
        parts = [
            self._walk(problem.take([run]), [stages[run]], state.take([run]), done, count, looks)
            for run in range(len(stages))
        ]
        found = Looks(*map(np.concatenate, zip(*(its for _, its, _ in parts), strict=True)))
        return State.stack([its for its, _, _ in parts]), found, None

    def _walk_one_by_one(
        self, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int, looks: np.ndarray
    ) -> tuple[State, Looks]:
        """As ``_walk`` for one run; weights that are not finite stay what they are."""
        from featlearn.training.backends.torch_backend import TorchBackend

        if problem.scaled is not None:
            name = problem.activation.name
            raise BackendError(f"rows are beyond the series of {name} in the fused backend; use the torch backend")
        torch, found = TorchBackend("cpu"), []
        for step in range(count):
            if state.finite().all():
                try:
                    none = np.zeros(0, dtype=np.int64)
                    state, _, _ = self._walk_by_series(problem, stages, state, done + step, 1, none)
                except BeyondSeriesError:
                    state = torch.advance(problem, stages, state, done + step, 1)
            if step + 1 in looks:
                found.append(self._evaluated(problem, state)[0])
        seen = (np.concatenate(its, axis=1) for its in zip(*found, strict=True)) if found else np.zeros((2, 1, 0))
        return state, Looks(*seen)

    def _walk_by_series(
        self, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int, looks: np.ndarray
    ) -> tuple[State, Looks, Gradient | None]:
        if state.first_layer.dtype != np.float64 or problem.data is not None:
            raise TypeError("the fused backend computes in float64 on population data")
        stage, m = stages[0], state.second_layer.shape[1]
        activation, optimiser = fused_kernel(problem.activation), _optimiser(stage)
        memory = dict(state.memory) or _first_memory(problem, stage, state)
        first, (target_second, target_first) = state.first_layer, problem.joined()
        target = fused_target(problem)
        second = memory.get(_OUTPUT, state.second_layer)
        v, a = _columns(first, target_first), _weights(second, target_second)
        multiplicity = _multiplicity(problem, a)
        moments = _moments(memory, stage, v)
        layers = layer_names(problem.has_biases)
        decay = _values([s.weight_decay for s in stages], done, count, layers)
        size = _values([s.step_size for s in stages if s.step_size is not None], done, count, layers)
        stretch = problem.scale**2
        if problem.scaled is not None and problem.scaled.lazy is not None:
            size = size * (problem.scale / problem.scaled.lazy)[:, None, None] ** 2
        seen = np.zeros((len(stages), len(looks), 2))
        together = m >= WIDE and len(stages) < self.threads
        asked = len(looks) == 1 and not together and problem.scaled is None and stage.loss == "squared"
        slope_a, slope_w = (np.zeros(x.shape if asked else (len(stages), 0)) for x in (a, v))

        def walk(runs: slice, threads: int = 1) -> None:
            advance_in_place: Any = kernels.advance_runs
            parts = (x[runs] for x in (stretch, v, a, multiplicity, decay, size, *moments, seen))
            slopes = slope_a[runs], slope_w[runs]
            advance_in_place(activation, optimiser, m, *parts, done, looks, target.take(runs), threads, *slopes)

        if together:
            for run in range(len(stages)):
                walk(slice(run, run + 1), self.threads)
        else:
            self._share_out(walk, len(stages))

        first = v[:, : first.shape[2], :m].mT.copy()
        _remember(memory, stage, moments, v.shape)
        second = a[:, :m].copy()
        if _OUTPUT in memory:
            memory[_OUTPUT] = second
            second = second / problem.scale[:, None]
        gradient = _gradient(slope_a, slope_w, first.shape) if asked else None
        return State(second, first, memory), _looks(seen, target), gradient

    def loss_and_gradient(self, problem: Problem, state: State) -> tuple[np.ndarray, Gradient]:
        """See ``backends.Backend``."""
        if self._seen_last is not None:
            of, there, looks, gradient = self._seen_last
            if of is problem and there.first_layer is state.first_layer and there.second_layer is state.second_layer:
                return looks.loss[:, 0], gradient
        looks, gradient = self._evaluated(problem, state)
        return looks.loss[:, 0], gradient

    def _evaluated(self, problem: Problem, state: State) -> tuple[Looks, Gradient]:
        """A look at the loss, (B, 1), and its gradient."""
        try:
            return self._evaluated_by_series(problem, state)
        except BeyondSeriesError:
            if len(state.first_layer) == 1:
                weights = problem.in_loss(state.second_layer, state.first_layer)
                found = (x[:, None] for x in against.loss_float64(problem.activation, *weights))
                return Looks(*found), problem.by_each_neuron(against.gradient(problem.activation, *weights))
        runs = range(len(state.first_layer))
        looks, slopes = zip(*(self._evaluated(problem.take([run]), state.take([run])) for run in runs), strict=True)
        return (
            Looks(*map(np.concatenate, zip(*looks, strict=True))),
            Gradient(*map(np.concatenate, zip(*slopes, strict=True))),
        )

    def _evaluated_by_series(self, problem: Problem, state: State) -> tuple[Looks, Gradient]:
        runs, m, d = state.first_layer.shape
        (target_second, target_first), target = problem.joined(), fused_target(problem)
        v = _columns(state.first_layer, target_first)
        a = _weights(problem.output_weights(state.second_layer), target_second)
        multiplicity = _multiplicity(problem, a)
        slope_a, slope_w, seen = np.zeros(a.shape), np.zeros(v.shape), np.zeros((runs, 2))
        activation = fused_kernel(problem.activation)

        def look(part: slice) -> None:
            arrays = (x[part] for x in (v, a, multiplicity, slope_a, slope_w, seen))
            evaluate: Any = kernels.evaluate_runs
            evaluate(activation, m, *arrays, target.take(part))

        self._share_out(look, runs)
        by_a, by_w = _gradient(slope_a, slope_w, (runs, m, d))
        return _looks(seen[:, None], target), Gradient(problem.output_weights(by_a), by_w)

    def sample_loss_and_gradient(
        self, problem: Problem, state: State, loss: LossName = "squared"
    ) -> tuple[np.ndarray, Gradient]:
        """See ``backends.Backend``."""
        raise BackendError("the fused backend computes on population data; sampled data need the torch backend")

    def _share_out(self, work: Callable[[slice], None], runs: int) -> None:
        """Let threads work on slices of the runs, several for each: one that falls behind leaves some to others."""
        if runs == 1 or self.threads == 1:
            work(slice(0, runs))
            return
        parts = min(runs, 4 * self.threads)
        ends = [runs * part // parts for part in range(parts + 1)]
        do_all([partial(work, slice(*part)) for part in pairwise(ends)], self.threads)


def begin_compiling(activation: Activation, width: int, rows: int, *, polynomial: bool) -> None:
    """Load or compile, in a thread of its own, the steps of students of a width, and what measures so many rows.

    Args:
        polynomial: whether the target is one.
    """
    family = fused_kernel(activation)[0]
    wanted = [kernels.entry_name(polynomial, width >= WIDE and thread_count() > 1)]
    if pays("fused", activation, rows):
        wanted.append("measure")

    def load() -> None:
        with suppress(Exception):  # whoever needs it meets the same error
            for name in wanted:
                kernel(name, family)

    Thread(target=load).start()


def _first_memory(problem: Problem, stage: Stage, state: State) -> dict[str, np.ndarray]:
    """What a stage starts with: zero moments, and α a."""
    memory: dict[str, np.ndarray] = {}
    if problem.scaled is not None:
        memory[_OUTPUT] = problem.output_weights(state.second_layer)
    layers = separated(state.second_layer, state.first_layer, problem.has_biases)
    for layer in stage.train:
        shape = layers[layer].shape
        memory |= {f"{layer}.{moment}": np.zeros(shape) for moment in stepped_by_backend(stage).moments}
    return memory


def _columns(first: np.ndarray, teacher: np.ndarray) -> np.ndarray:
    """Student and teacher rows as the columns of (runs, d, n), padded with zeros as the compiled code wants them."""
    rows = np.concatenate([first, teacher], axis=1)
    runs, n, d = rows.shape
    v = np.zeros((runs, d, _padded(n, kernels.COLUMNS)))
    v[:, :d, :n] = rows.mT
    return v


def _looks(seen: np.ndarray, target: FusedTarget) -> Looks:
    # Σ|mass| squared bounds what cancels in the sum, up to a factor below 4 that only the quadratic needs
    loss, mass = seen[..., 0] + target.squared_norm[:, None], seen[..., 1] + target.mass[:, None]
    with np.errstate(over="ignore"):  # of weights that diverge
        return Looks(loss, 2.0**-48 * mass**2)


def _gradient(slope_a: np.ndarray, slope_w: np.ndarray, shape: tuple[int, ...]) -> Gradient:
    """The gradient by a first layer of a shape (runs, m, d) and its second layer, from columns."""
    _, m, d = shape
    return Gradient(slope_a[:, :m].copy(), slope_w[:, :d, :m].mT.copy())


def _weights(second: np.ndarray, teacher: np.ndarray) -> np.ndarray:
    """The output weights of the columns, (runs, n): the student's and the teacher's negated, padded with zeros."""
    (runs, m), used = second.shape, second.shape[1] + teacher.shape[1]
    c = np.zeros((runs, _padded(used, kernels.COLUMNS)))
    c[:, :m], c[:, m:used] = second, -teacher
    return c


def _multiplicity(problem: Problem, a: np.ndarray) -> np.ndarray:
    """How many neurons each column stands for, laid out like ``a``, (runs, n)."""
    multiplicity = np.ones(a.shape)
    if problem.multiplicity is not None:
        multiplicity[:, : problem.multiplicity.shape[1]] = problem.multiplicity
    return multiplicity


def _values(schedules: Sequence[Schedule], done: int, count: int, layers: tuple[Layer, ...]) -> np.ndarray:
    """What the steps from ``done`` on use, (runs, count, layers)."""
    steps = np.arange(done, done + count)
    return value_of_each(schedules, lambda schedule: schedule.by_layer(steps, layers))


def _padded(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple


def _moments(memory: dict[str, np.ndarray], stage: Stage, v: np.ndarray) -> list[np.ndarray]:
    """The optimiser's memory laid out like c (runs, n), twice, and v (runs, d·n), twice; length 0 where none."""
    runs, d, n = v.shape
    second, first = [np.zeros((runs, 0))] * 2, [np.zeros((runs, 0))] * 2
    for i, moment in enumerate(stepped_by_backend(stage).moments):
        if "second_layer" in stage.train:
            stored = memory[f"second_layer.{moment}"]
            second[i] = np.zeros((runs, n))
            second[i][:, : stored.shape[1]] = stored
        columns = np.zeros((runs, d, n))
        if "first_layer" in stage.train:
            stored = memory[f"first_layer.{moment}"].mT
            columns[:, : stored.shape[1], : stored.shape[2]] = stored
        if "biases" in stage.train:
            stored = memory[f"biases.{moment}"]
            columns[:, -1, : stored.shape[1]] = stored
        if stage.train != ("second_layer",):
            first[i] = columns.reshape(runs, d * n)
    return second + first


def _remember(memory: dict[str, np.ndarray], stage: Stage, moments: list[np.ndarray], shape: tuple[int, ...]) -> None:
    """Store the optimiser's memory anew in the layout of the weights; ``shape`` is that of v."""
    for i, moment in enumerate(stepped_by_backend(stage).moments):
        if "second_layer" in stage.train:
            name = f"second_layer.{moment}"
            memory[name] = moments[i][:, : memory[name].shape[1]].copy()
        if "first_layer" in stage.train:
            name = f"first_layer.{moment}"
            _, m, d = memory[name].shape
            memory[name] = moments[2 + i].reshape(shape)[:, :d, :m].mT.copy()
        if "biases" in stage.train:
            name = f"biases.{moment}"
            memory[name] = moments[2 + i].reshape(shape)[:, -1, : memory[name].shape[1]].copy()


def _optimiser(stage: Stage) -> tuple[int, float, float, bool, bool, bool, bool, bool]:
    method = stepped_by_backend(stage)
    if method.compiled is None:
        raise BackendError(f"the fused backend has no compiled steps of method {method.name}; use the torch backend")
    numbers = method.compiled.numbers(**method.values(stage.parameters))
    trained = "second_layer" in stage.train, "first_layer" in stage.train
    constraint, correlation = stage.constraint is not None, stage.loss == "correlation"
    return method.compiled.branch, *numbers, *trained, constraint, correlation, "biases" in stage.train
