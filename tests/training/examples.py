"""Runs for tests: random problems, stages with defaults, and the events of the loop on the torch backend."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.training.backends import make_backend
from featlearn.training.descent import descend
from featlearn.training.events import Event, Logged, Start
from featlearn.training.plan import Plan
from featlearn.training.problem import Problem
from featlearn.training.stages import LAYERS, Schedule, Stage
from featlearn.training.state import State

# step sizes that suit the random problems, for every method that takes steps
SIZES = {
    "gd": Schedule(0.2),
    "momentum": Schedule(0.03),
    "adam": Schedule(0.01),
    "lbfgs": None,
    "newton": None,
    "flow": Schedule(0.7),
}


def random_problem(runs: int = 1, seed: int = 0, m: int = 8, d: int = 5, name: str = "relu") -> tuple[Problem, State]:
    """Random teachers of two neurons, and students at generic points."""
    rng = np.random.default_rng(seed)
    teacher = rng.standard_normal((runs, 2, d))
    teacher /= np.linalg.norm(teacher, axis=-1, keepdims=True)
    a, w = 0.3 * rng.standard_normal((runs, m)), 0.5 * rng.standard_normal((runs, m, d))
    return Problem(activation(name), rng.standard_normal((runs, 2)), teacher, w), State(a, w)


def ridge_case(name: str) -> tuple[Problem, State, np.ndarray]:
    """A random problem, and the output weights that minimise its objective at λ = 0.1 for the rows that it has."""
    problem, state = random_problem(name=name)
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    return (
        problem,
        state,
        population.ridge_second_layer(problem.activation, state.first_layer, *teacher, np.array([0.1])),
    )


def stage_of(**changes: Any) -> Stage:
    defaults: dict[str, Any] = {
        "name": "s",
        "train": LAYERS,
        "steps": 60,
        "step_size": Schedule(0.2),
        "weight_decay": Schedule(0.02, 0.5, 20),
    }
    return Stage(**(defaults | changes))


def events_of(problem: Problem, plans: list[Plan], start: Start) -> list[Event]:
    return list(descend(problem, plans, make_backend("torch", "cpu", "float64"), start))


def rows_of(problem: Problem, stages: list[Stage], state: State, points: int = 12) -> list[Logged]:
    """The logged events of a single run."""
    events = events_of(problem, [Plan.of(stages, points, 3)], Start(state))
    return [event for event in events if isinstance(event, Logged)]


def assert_same_bits(ours: list[Logged], theirs: list[Logged]) -> None:
    assert [event.row for event in ours] == [event.row for event in theirs]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.state.second_layer, other.state.second_layer)
        np.testing.assert_array_equal(one.state.first_layer, other.state.first_layer)
        assert one.state.memory.keys() == other.state.memory.keys()
        for name, values in one.state.memory.items():
            np.testing.assert_array_equal(values, other.state.memory[name])
        facts = [(e.position, e.loss_floor, e.snapshot, e.ended) for e in (one, other)]
        assert facts[0] == facts[1]


def twin_of(
    problem: Problem, state: State, stage: Stage, direction: Callable[[dict[str, Any], np.ndarray, int], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """A stage of one run on the population in plain NumPy; ``direction`` gets the gradient of a layer at step t > 0."""
    weights = {"second_layer": state.second_layer, "first_layer": state.first_layer}
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    memories: dict[str, dict[str, Any]] = {layer: {} for layer in stage.train}
    assert stage.step_size is not None
    for t in range(stage.steps):
        lam, eta = (s.start * s.factor ** (t // s.every) for s in (stage.weight_decay, stage.step_size))
        slopes = population.gradient(problem.activation, weights["second_layer"], weights["first_layer"], *teacher)
        for layer in stage.train:
            slope = getattr(slopes, layer) + lam * weights[layer]
            weights[layer] = weights[layer] - eta * direction(memories[layer], slope, t + 1)
    return weights["second_layer"], weights["first_layer"]


def steps_of_pytorch(
    problem: Problem, state: State, steps: int, optimiser: Callable[[list[torch.nn.Parameter]], torch.optim.Optimizer]
) -> list[np.ndarray]:
    """Both layers after steps of an optimiser of PyTorch on the population loss of one run."""
    a, w = (torch.nn.Parameter(torch.tensor(x)) for x in (state.second_layer, state.first_layer))
    teacher = torch.tensor(problem.teacher_second_layer), torch.tensor(problem.teacher_first_layer)
    made = optimiser([a, w])
    for _ in range(steps):
        a.grad, w.grad = population.gradient(problem.activation, a.detach(), w.detach(), *teacher, xp=torch)
        made.step()
    return [a.detach().numpy(), w.detach().numpy()]


def assert_close(state: State, layers: Sequence[np.ndarray], rtol: float, atol: float) -> None:
    """The two layers of a state are those given."""
    for ours, theirs in zip((state.second_layer, state.first_layer), layers, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


def loss_of(problem: Problem, state: State) -> float:
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    with np.errstate(all="ignore"):
        return float(population.loss(problem.activation, state.second_layer, state.first_layer, *teacher)[0])
