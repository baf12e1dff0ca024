"""What a training method is: one record, which configuration, backends, loop, costs, advice and documentation read.

A method is of one of three kinds: the backend takes its steps (``SteppedByBackend``), it takes steps of its own and
asks the backend for gradients (``OwnSteps``), or it goes to its minimum at once (``Exact``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import inf
from typing import TYPE_CHECKING, Any

from featlearn.training.backends import Backend
from featlearn.training.stages import ALL_LAYERS, Layer, LossName, Stage
from featlearn.training.state import State

if TYPE_CHECKING:
    from featlearn.training.problem import Problem


@dataclass(frozen=True)
class Parameter:
    """A number of a method, or several, which a stage may set under this name.

    Attributes:
        symbol: in formulas.
        default: a number, or a tuple of as many as there are.
        at_least, below: bounds of each number.
    """

    name: str
    symbol: str
    default: float | tuple[float, ...]
    at_least: float = 0.0
    below: float = inf


@dataclass(frozen=True, kw_only=True)
class Method:
    """What all methods have.

    Attributes:
        name: as configurations call it.
        sentence: what it does, with the name as its subject; the documentation prints it.
        aliases: what others call it, and people write by habit; complaints answer with the name.
        parameters: the numbers that a stage may set for it.
        layers: those that it can train.
        step_size: what the step size is to it; None when it has none.
        scaled: whether it trains scaled students, for which a step of size η is taken as η/α².
        fixed_loss: whether the loss must be the same at every step, which rules out online data.
        second_order: whether it needs second derivatives of the loss (``training.second_order``).
        overflow: what has happened when a run has diverged and its loss is not finite.
        decay_limit: the product of weight decay and step size, by the parameters, from which weight decay alone makes
            the weights grow; None when there is no such limit.
        rotates: whether its steps turn with the coordinates of the rows, so that they can be taken in others.
        sizes_by_layer: whether layers may have step sizes of their own.
        constrained: whether it can keep the rows of the first layer on the unit sphere.
        losses: what it can descend on.
    """

    name: str
    sentence: str
    aliases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    layers: tuple[Layer, ...] = ALL_LAYERS
    step_size: str | None = "η"
    scaled: bool = False
    fixed_loss: bool = False
    second_order: bool = False
    overflow: str = "the loss is not finite"
    decay_limit: Callable[..., float] | None = None
    rotates: bool = False
    sizes_by_layer: bool = False
    constrained: bool = False
    losses: tuple[LossName, ...] = ("squared",)

    @property
    def takes_steps(self) -> bool:
        """Whether it takes as many steps as the stage says; otherwise it takes one."""
        return True

    @property
    def compilable(self) -> bool:
        """Whether the fused backend can serve it."""
        return True

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The values of all parameters: the given ones, and the defaults of the others.

        Raises:
            ValueError: when it has no parameter of a given name.
        """
        known = {parameter.name: parameter.default for parameter in self.parameters}
        if unknown := set(given) - set(known):
            raise ValueError(f"method {self.name} has no parameter {', '.join(sorted(unknown))}")
        return known | dict(given)

    def advance(
        self, backend: Backend, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int
    ) -> State:
        """Take ``count`` steps of a stage of which ``done`` are done; arguments and contract as ``Backend.advance``."""
        raise NotImplementedError


@dataclass(frozen=True)
class Compiled:
    """The branch of the compiled kernel that takes a method's steps, and the two numbers that it is called with."""

    branch: int
    numbers: Callable[..., tuple[float, float]]  # called with the parameters by name


@dataclass(frozen=True, kw_only=True)
class SteppedByBackend(Method):
    """A method whose steps are weights ← weights − η · direction, layer by layer.

    Attributes:
        direction: called as ``direction(xp, memory, slope, step, **parameters)`` with the arrays of one layer:
            ``slope`` is the gradient with weight decay, ``step`` counts from 1, ``memory`` holds the moments by name,
            none at the first step, and is updated in place; ``xp`` is numpy or torch.
        moments: names of the arrays, shaped like the layer, that ``direction`` remembers.
        compiled: the same step in the fused backend; None when only torch has it.
    """

    sizes_by_layer: bool = True
    constrained: bool = True
    losses: tuple[LossName, ...] = ("squared", "correlation")
    direction: Callable[..., Any]
    moments: tuple[str, ...] = ()
    compiled: Compiled | None = None

    @property
    def compilable(self) -> bool:
        return self.compiled is not None

    def advance(
        self, backend: Backend, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int
    ) -> State:
        return backend.advance(problem, stages, state, done, count)


@dataclass(frozen=True, kw_only=True)
class OwnSteps(Method):
    """A method that takes its own steps, run by run, and asks the backend, whichever it is, for losses and gradients.

    Attributes:
        walk: called as ``walk(backend, problem, stage, state, done, count)`` with one run (B = 1); returns its state.
    """

    walk: Callable[[Backend, Problem, Stage, State, int, int], State]

    def advance(
        self, backend: Backend, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int
    ) -> State:
        runs = [
            self.walk(backend, problem.take([i]), stages[i], state.take([i]), done, count) for i in range(len(stages))
        ]
        return State.stack(runs)


@dataclass(frozen=True, kw_only=True)
class Exact(Method):
    """A method that goes to the minimum of what the stage minimises in a single step, without a step size.

    Attributes:
        solve: called as ``solve(problem, stages, state)`` with a batch; returns its states at the minimum.
        work: what solving on a sample costs, by the numbers of inputs, neurons and dimensions, in units in which a
            gradient costs inputs · neurons · (dimensions + 25).
    """

    solve: Callable[[Problem, Sequence[Stage], State], State]
    work: Callable[[int, int, int], float]
    step_size: str | None = None

    @property
    def takes_steps(self) -> bool:
        return False

    def advance(
        self, backend: Backend, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int
    ) -> State:
        return self.solve(problem, stages, state)


METHODS: dict[str, Method] = {}  # by name, in the order of the documentation
_KEYS = {field.name for field in fields(Stage)}


def register(method: Method) -> None:
    """Make a method known, before a configuration is read.

    Raises:
        ValueError: when another one has its name, or a parameter of the same name with other bounds or another default,
            or when a parameter has the name of a key that all stages have.
    """
    if method.name in METHODS:
        raise ValueError(f"there is a method {method.name} already")
    for parameter in method.parameters:
        if parameter.name in _KEYS:
            raise ValueError(f"method {method.name}: {parameter.name} is a key of every stage")
        if parameter != all_parameters().get(parameter.name, parameter):
            raise ValueError(f"method {method.name}: another method has a different parameter {parameter.name}")
    METHODS[method.name] = method


def all_parameters() -> dict[str, Parameter]:
    """The parameters of all methods, by name."""
    return {parameter.name: parameter for method in METHODS.values() for parameter in method.parameters}


def decay_and_limit(stage: Stage, step: int, alpha: float = 1.0) -> tuple[float, float]:
    """The product of weight decay and step size at a step of a stage, and the ``decay_limit`` of its method.

    Args:
        alpha: by whose square the steps are divided.
    Returns:
        The largest product of its layers; 0 without a step size. An infinite limit where there is none.
    """
    method = METHODS[stage.method]
    limit = method.decay_limit(**method.values(stage.parameters)) if method.decay_limit else inf
    if stage.step_size is None:
        return 0.0, limit
    layers = [(stage.weight_decay.in_layer(name), stage.step_size.in_layer(name)) for name in stage.train]
    return max(decay.at_step(step) * size.at_step(step) for decay, size in layers) / alpha**2, limit


def stepped_by_backend(stage: Stage) -> SteppedByBackend:
    """The method of a stage whose steps a backend is to take. Raises ValueError when it does not leave them to it."""
    method = METHODS[stage.method]
    if not isinstance(method, SteppedByBackend):
        raise ValueError(f"a backend cannot take the steps of method {method.name}")
    return method
