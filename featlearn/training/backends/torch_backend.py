"""The reference backend: gradient descent in PyTorch, on any device, one tensor operation at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from featlearn.theory import population
from featlearn.training.backends import BackendError, Looks
from featlearn.training.problem import Problem, State
from featlearn.training.stages import Layer, Stage

_ADAM_EPSILON = 1e-8


class TorchBackend:
    """Steps of gd, momentum and adam on population data.

    On the CPU it uses one thread and advances the runs of a batch one by one: matrix products of a batch round
    differently from those of a single run, and the bits of a run must not depend on its company. On CUDA the batch
    goes through each operation together, without waiting for the device between steps; its last digits may depend on
    the company.
    """

    name = "torch"
    threads = 1

    def __init__(self, device: str = "cpu") -> None:
        if device == "cuda" and not torch.cuda.is_available():
            raise BackendError("device: cuda was asked for, but PyTorch sees no CUDA device here; use device: cpu")
        self.device = device

    def advance(self, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int) -> State:
        """See ``backends.Backend``."""
        if self.device == "cuda":
            return self._advance(problem, stages, state, done, count)
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            runs = range(len(stages))
            return State.stack(
                [self._advance(problem.take([i]), [stages[i]], state.take([i]), done, count) for i in runs]
            )
        finally:
            torch.set_num_threads(before)

    def advance_looking(
        self, problem: Problem, stages: Sequence[Stage], state: State, done: int, looks: np.ndarray
    ) -> tuple[State, Looks]:
        """See ``backends.Backend``."""
        teacher, found = (problem.teacher_second_layer, problem.teacher_first_layer), []
        for look in looks.tolist():
            state = self.advance(problem, stages, state, done, look - done)
            a, w = state.second_layer.astype(np.float64), state.first_layer.astype(np.float64)
            found.append(population.loss_float64(problem.activation, a, w, *teacher))
            done = look
        return state, Looks(*(np.stack(columns, -1) for columns in zip(*found, strict=True)))

    def loss_and_gradient(self, problem: Problem, state: State) -> tuple[np.ndarray, population.Gradient]:
        """See ``backends.Backend``; by NumPy, on the CPU."""
        weights = state.second_layer, state.first_layer, problem.teacher_second_layer, problem.teacher_first_layer
        total, _ = population.loss_float64(problem.activation, *weights)
        return total, population.gradient(problem.activation, *weights)

    def _advance(self, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int) -> State:
        dtype = torch.from_numpy(state.first_layer[:0]).dtype

        def tensor(x: np.ndarray) -> torch.Tensor:
            return torch.tensor(x, dtype=dtype, device=self.device)

        stage = stages[0]
        weights = {"second_layer": tensor(state.second_layer), "first_layer": tensor(state.first_layer)}
        memory = {name: tensor(x) for name, x in state.memory.items()}
        teacher = tensor(problem.teacher_second_layer), tensor(problem.teacher_first_layer)
        steps = np.arange(done, done + count)
        decay = tensor(np.array([s.weight_decay.at(steps) for s in stages]))
        size = tensor(np.array([s.step_size.at(steps) for s in stages if s.step_size is not None]))

        for i in range(count):
            a, w = weights["second_layer"], weights["first_layer"]
            slope = population.gradient(problem.activation, a, w, *teacher, xp=torch)._asdict()
            for layer in stage.train:
                lam, eta = (_like(x[:, i], weights[layer]) for x in (decay, size))
                downhill = slope[layer] + lam * weights[layer]
                if stage.method == "momentum":
                    downhill = _velocity(memory, layer, downhill, stage.momentum)
                elif stage.method == "adam":
                    downhill = _adam_direction(memory, layer, downhill, stage.betas, done + i + 1)
                weights[layer] = weights[layer] - eta * downhill
        return State(
            weights["second_layer"].cpu().numpy(),
            weights["first_layer"].cpu().numpy(),
            {name: x.cpu().numpy() for name, x in memory.items()},
        )


def _like(per_run: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """One number per run, (B,), shaped to multiply that run's weights."""
    return per_run.reshape(-1, *[1] * (weights.ndim - 1))


def _velocity(memory: dict[str, torch.Tensor], layer: Layer, slope: torch.Tensor, momentum: float) -> torch.Tensor:
    """Heavy ball: velocity ← μ·velocity + gradient (Polyak 1964)."""
    name = f"{layer}.velocity"
    memory[name] = momentum * memory[name] + slope if name in memory else slope
    return memory[name]


def _adam_direction(
    memory: dict[str, torch.Tensor], layer: Layer, slope: torch.Tensor, betas: tuple[float, float], t: int
) -> torch.Tensor:
    """Adam with bias correction (Kingma & Ba 2015) at its step t = 1, 2, …"""
    beta1, beta2 = betas
    first, second = f"{layer}.mean", f"{layer}.square"
    memory[first] = beta1 * memory.get(first, torch.zeros_like(slope)) + (1 - beta1) * slope
    memory[second] = beta2 * memory.get(second, torch.zeros_like(slope)) + (1 - beta2) * slope * slope
    mean = memory[first] / (1 - beta1**t)
    return mean / (torch.sqrt(memory[second] / (1 - beta2**t)) + _ADAM_EPSILON)
