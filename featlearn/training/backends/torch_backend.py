"""The reference backend: gradient descent in PyTorch, on any device, one tensor operation at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch

from featlearn.theory.population import Gradient
from featlearn.theory.targets import loss as against
from featlearn.training.backends import BackendError, Looks, torch_samples
from featlearn.training.backends.cuda_graph import Tensors, steps_taken
from featlearn.training.data import Empirical, Sample
from featlearn.training.layers import layer_names, separated, together
from featlearn.training.methods import stepped_by_backend
from featlearn.training.problem import Problem
from featlearn.training.sphere import unit_rows
from featlearn.training.stages import LossName, Stage
from featlearn.training.state import BATCH_LOSS, State

Slopes = Callable[[Any, torch.Tensor, torch.Tensor], Gradient]  # (step of the stage, a, W) → ∂/∂a, ∂/∂W


class TorchBackend:
    """Steps on population and on sampled data, of every method that leaves them to the backend.

    On the CPU it uses one thread and advances the runs of a batch one by one: matrix products of a batch round
    differently from those of a single run, and the bits of a run must not depend on the other runs. On CUDA the batch
    goes through each operation together, many steps as one recorded graph (``cuda_graph``); last digits may depend
    on the other runs. Runs on sampled data go one by one everywhere.

    A step on online data leaves the loss on its batch, from before the step, in the state's memory (``BATCH_LOSS``).
    A step in float32 leaves there what rounding took from its move, and the next step adds it to its own: without
    that, moves of less than half a unit in the last place of the weights would be lost, all of them.
    """

    name = "torch"
    threads = 1

    def __init__(self, device: str = "cpu") -> None:
        if device == "cuda" and not torch.cuda.is_available():
            raise BackendError("device: cuda was asked for, but PyTorch sees no CUDA device here; use device: cpu")
        self.device = device
        # The samples in use, by type. They are copied even on the CPU: rounding depends on the alignment of memory.
        self._on_device: WeakKeyDictionary[Sample, dict[torch.dtype, list[torch.Tensor]]] = WeakKeyDictionary()

    def advance(self, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int) -> State:
        """See ``backends.Backend``."""
        if self.device == "cuda" and problem.data is None:
            return self._advance(problem, stages, state, done, count)
        with _one_thread():
            runs = range(len(stages))
            return State.stack(
                [self._advance(problem.take([i]), [stages[i]], state.take([i]), done, count) for i in runs]
            )

    def advance_looking(
        self, problem: Problem, stages: Sequence[Stage], state: State, done: int, looks: np.ndarray
    ) -> tuple[State, Looks]:
        """See ``backends.Backend``."""
        found = []
        for look in looks.tolist():
            state = self.advance(problem, stages, state, done, look - done)
            a, w = state.second_layer.astype(np.float64), state.first_layer.astype(np.float64)
            found.append(against.loss_float64(problem.activation, *problem.in_loss(a, w)))
            done = look
        return state, Looks(*(np.stack(columns, -1) for columns in zip(*found, strict=True)))

    def loss_and_gradient(self, problem: Problem, state: State) -> tuple[np.ndarray, Gradient]:
        """See ``backends.Backend``; by NumPy, on the CPU."""
        weights = problem.in_loss(state.second_layer, state.first_layer)
        total, _ = against.loss_float64(problem.activation, *weights)
        return total, problem.by_each_neuron(against.gradient(problem.activation, *weights))

    def sample_loss_and_gradient(
        self, problem: Problem, state: State, loss: LossName = "squared"
    ) -> tuple[np.ndarray, Gradient]:
        """See ``backends.Backend``."""
        losses, slopes, correlation = [], [], loss == "correlation"
        with _one_thread():
            output, rows, *_ = problem.in_loss(state.second_layer, state.first_layer)
            for data, a, w in zip(problem.samples() or (), output, rows, strict=True):
                inputs, labels = self._tensors(data.sample(), torch.float64)
                second, first = (torch.tensor(x, dtype=torch.float64, device=self.device) for x in (a, w))
                arrays = second, first, inputs, labels
                squares, slope = torch_samples.loss_and_gradient(problem.activation, *arrays, correlation=correlation)
                losses.append(squares.item())
                slopes.append([x.cpu().numpy() for x in slope])
        by_a, by_w = (np.stack(layers) for layers in zip(*slopes, strict=True))
        return np.array(losses), problem.by_each_neuron(Gradient(by_a, by_w))

    def _tensors(self, sample: Sample, dtype: torch.dtype) -> list[torch.Tensor]:
        """Inputs and labels of a sample on the device; kept as long as the sample is."""
        kept = self._on_device.setdefault(sample, {})
        if dtype not in kept:
            kept[dtype] = [torch.tensor(x, dtype=dtype, device=self.device) for x in (sample.inputs, sample.labels)]
        return kept[dtype]

    def _slopes(self, problem: Problem, stage: Stage, dtype: torch.dtype, memory: dict[str, torch.Tensor]) -> Slopes:
        """The gradient that the steps of a stage follow, by the output weights in the loss in place of a."""
        if problem.data is None:

            def tensor(x: np.ndarray) -> torch.Tensor:
                return torch.tensor(x.copy(), dtype=dtype, device=self.device)

            (target_a, target_w), rest = map(tensor, problem.joined()), problem.rest(tensor)
            gradient = against.correlation_gradient if stage.loss == "correlation" else against.gradient
            return lambda step, b, w: gradient(problem.activation, b, w, target_a, target_w, rest, xp=torch)

        (data,) = problem.data

        def slope(step: int, b: torch.Tensor, w: torch.Tensor) -> Gradient:
            inputs, labels = self._tensors(data.batch(stage.name, step), dtype)
            loss, found = torch_samples.loss_and_gradient(
                problem.activation, b[0], w[0], inputs, labels, correlation=stage.loss == "correlation"
            )
            if not isinstance(data, Empirical):
                memory[BATCH_LOSS] = loss[None]
            return Gradient(found.second_layer[None], found.first_layer[None])

        return slope

    def _advance(self, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int) -> State:
        dtype = torch.from_numpy(state.first_layer[:0]).dtype

        def tensor(x: np.ndarray) -> torch.Tensor:
            # a copy has the strides of its shape, and not those of where it comes from: sums round as these are
            return torch.tensor(x.copy(), dtype=dtype, device=self.device)

        stage, method = stages[0], stepped_by_backend(stages[0])
        parameters, layers = method.values(stage.parameters), layer_names(problem.has_biases)
        given = separated(state.second_layer, state.first_layer, problem.has_biases)
        weights = {str(name): tensor(x) for name, x in given.items()}
        memory = {name: tensor(x) for name, x in state.memory.items()}
        slopes = self._slopes(problem, stage, dtype, memory)
        steps = np.arange(done, done + count)
        decay = tensor(np.array([s.weight_decay.by_layer(steps, layers) for s in stages]))
        size = tensor(np.array([s.step_size.by_layer(steps, layers) for s in stages if s.step_size is not None]))
        scale = tensor(problem.scale)[:, None]
        if problem.scaled is not None:
            size = size / tensor(problem.lazy_scale)[:, None, None] ** 2
        multiplicity = None if problem.multiplicity is None else tensor(problem.multiplicity)
        root = problem.root and problem.root.converted(tensor)

        def step(tensors: Tensors, lam: torch.Tensor, eta: torch.Tensor, number: int | torch.Tensor) -> Tensors:
            (a, w), after = together(tensors, torch), dict(tensors)
            output = a if problem.scaled is None else scale * a
            rows = w if root is None else root.applied(w)
            by_a, by_w = slopes(number - 1, output if multiplicity is None else multiplicity * output, rows)
            if root is not None:
                by_w = root.applied(by_w)
            if problem.scaled is not None:
                by_a = scale * by_a
            if multiplicity is not None:
                by_w = by_w / multiplicity[..., None]
            slope = separated(by_a, by_w, problem.has_biases)
            for layer in stage.train:
                moments, weights, its = _moments_of(layer, tensors), tensors[layer], layers.index(layer)
                downhill = slope[layer] + _like(lam[:, its], weights) * weights
                direction = method.direction(torch, moments, downhill, number, **parameters)
                moved = _moved_on_sphere if stage.constraint and layer == "first_layer" else _moved
                after[layer] = moved(moments, weights, -_like(eta[:, its], weights) * direction)
                after |= {f"{layer}.{name}": x for name, x in moments.items()}
            return after

        taken = steps_taken(step, weights | memory, decay, size, done, one_by_one=problem.has_series)
        after = {name: x.cpu().numpy() for name, x in taken.items()}
        seen = {name: x.cpu().numpy() for name, x in memory.items() if name == BATCH_LOSS}
        second, first = together({name: after.pop(name) for name in given})
        return State(second, first, after | seen)


@contextmanager
def _one_thread() -> Iterator[None]:
    """PyTorch on one CPU thread: how it shares out work changes the rounding."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _like(per_run: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """One number per run, (B,), shaped to multiply that run's weights."""
    return per_run.reshape(-1, *[1] * (weights.ndim - 1))


def _moved(memory: dict[str, torch.Tensor], weights: torch.Tensor, move: torch.Tensor) -> torch.Tensor:
    """The weights of a layer after a move; in float32 with the move's rounding error carried on (Kahan 1965)."""
    if weights.dtype != torch.float32:
        return weights + move
    move = move + memory["rest"] if "rest" in memory else move
    moved = weights + move
    taken = moved - weights
    memory["rest"] = (weights - (moved - taken)) + (move - taken)  # weights + move - moved, exactly (Knuth's two-sum)
    return moved


def _moved_on_sphere(memory: dict[str, torch.Tensor], rows: torch.Tensor, move: torch.Tensor) -> torch.Tensor:
    """As ``_moved`` of the first layer, with the rows put on the unit sphere again."""
    if rows.dtype != torch.float32:
        return unit_rows(rows + move, rows, xp=torch)
    exact = rows.double() + move.double()
    exact = unit_rows(exact + memory["rest"].double() if "rest" in memory else exact, rows.double(), xp=torch)
    moved = exact.float()
    memory["rest"] = (exact - moved.double()).float()
    return moved


def _moments_of(layer: str, memory: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What the method remembers of one layer."""
    prefix = f"{layer}."
    return {name.removeprefix(prefix): x for name, x in memory.items() if name.startswith(prefix)}
