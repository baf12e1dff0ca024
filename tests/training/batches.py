"""Batches for tests, with schedules of their own for each run, and the fused backend."""

import numpy as np

from featlearn.theory.activations import activation
from featlearn.training.backends import Backend, make_backend
from featlearn.training.problem import Problem
from featlearn.training.stages import LAYERS, Layer, Schedule, Stage
from featlearn.training.state import State


def fused() -> Backend:
    return make_backend("fused", "cpu", "float64")


def batch(runs: int, m: int, d: int, teachers: int = 3, name: str = "relu", drop: int = 2) -> tuple[Problem, State]:
    rng = np.random.default_rng([runs, m, d])
    teacher = rng.standard_normal((runs, teachers, d))
    teacher /= np.linalg.norm(teacher, axis=-1, keepdims=True)
    w = rng.standard_normal((runs, m, d)) / np.sqrt(d)
    a = rng.standard_normal((runs, m)) / np.sqrt(m)
    problem = Problem(activation(name, drop), rng.uniform(-1, 1, (runs, teachers)), teacher, w)
    return problem, State(a, w)


def stages(runs: int, method: str = "gd", train: tuple[Layer, ...] = LAYERS, eta: float = 0.01) -> list[Stage]:
    """A stage for each run, with schedules of its own."""
    return [
        Stage(
            name="s",
            train=train,
            method=method,
            steps=10_000,
            step_size=Schedule(eta / (1 + run), 0.9, 70),
            weight_decay=Schedule(0.01 * (1 + run), 0.5, 100),
        )
        for run in range(runs)
    ]


def assert_same_state(one: State, other: State) -> None:
    assert one.first_layer.tobytes() == other.first_layer.tobytes()
    assert one.second_layer.tobytes() == other.second_layer.tobytes()
    assert one.memory.keys() == other.memory.keys()
    assert all(one.memory[name].tobytes() == other.memory[name].tobytes() for name in one.memory)
