"""Backends: engines that take many gradient steps. They agree in meaning and differ in speed and reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from featlearn.training.stages import LossName, Stage
from featlearn.training.state import State

if TYPE_CHECKING:
    from featlearn.theory.activations import Activation
    from featlearn.theory.population import Gradient
    from featlearn.training.problem import Problem

WIDE = 256  # neurons from which the fused backend spreads one run over the cores, row block by row block


class BackendError(Exception):
    """A backend that cannot do what is asked; the message says what can."""


class Looks(NamedTuple):
    """The loss of B runs at some steps, (B, looks), as a float64 sum, and a bound on its rounding error."""

    loss: np.ndarray
    rounding: np.ndarray


class Backend(Protocol):
    """What the descent loop asks of an engine."""

    name: str
    device: str
    threads: int

    def advance(self, problem: Problem, stages: Sequence[Stage], state: State, done: int, count: int) -> State:
        """Take ``count`` steps of a stage of which ``done`` are done.

        Args:
            problem, state: a batch of runs.
            stages: the stage of each run. They agree in all but their schedules and stop rules.
        Returns:
            The new state; its bits do not depend on how steps are cut into calls nor, on the CPU, on the other runs of
            the batch.
        """
        ...

    def advance_looking(
        self, problem: Problem, stages: Sequence[Stage], state: State, done: int, looks: np.ndarray
    ) -> tuple[State, Looks]:
        """As ``advance`` to the last of the steps ``looks`` (rising, above ``done``), with the loss at each of them."""
        ...

    def loss_and_gradient(self, problem: Problem, state: State) -> tuple[np.ndarray, Gradient]:
        """The population loss as a float64 sum, (B,), and its gradient.

        Args:
            problem, state: a batch of runs, float64.
        Returns:
            As ``population.loss_float64`` (whose rounding error it shares) and ``population.gradient``.
        """
        ...

    def sample_loss_and_gradient(
        self, problem: Problem, state: State, loss: LossName = "squared"
    ) -> tuple[np.ndarray, Gradient]:
        """The squared loss on the runs' empirical data, (B,), and the gradient.

        Args:
            problem, state: a batch of runs with empirical data, float64.
            loss: whose gradient it is.
        Raises:
            BackendError: where the backend knows no samples.
        """
        ...


def resolved_backend(
    name: str,
    device: str,
    precision: str,
    *,
    sampled: bool = False,
    activation: Activation | None = None,
    compilable: bool = True,
) -> tuple[str, str]:
    """The backend and the device that a choice with "auto" in it means.

    Args:
        name: "auto" is fused on the CPU in float64 for population data, where it has what the activation and the stages
            need compiled, and torch otherwise.
        device: "cpu" or "cuda"; "auto" is the CPU.
        precision: "float64" or "float32".
        sampled: whether the data are empirical or online.
        activation: what is trained; None stands for any activation with a compiled kernel.
        compilable: whether the target and the methods of all stages have compiled code.
    """
    device = "cpu" if device == "auto" else device
    if name == "auto":
        compiled = compilable and (activation is None or activation.compiled is not None)
        fused = compiled and (device, precision, sampled) == ("cpu", "float64", False)
        name = "fused" if fused else "torch"
    return name, device


def make_backend(
    name: str, device: str, precision: str, *, sampled: bool = False, activation: Activation | None = None
) -> Backend:
    """The backend that a configuration asks for; arguments as in ``resolved_backend``.

    Raises:
        BackendError: when there is no such backend, it cannot do what is asked, or the device is not there.
    """
    name, device = resolved_backend(name, device, precision, sampled=sampled, activation=activation)
    if name == "fused":
        from featlearn.training.backends.fused import FusedBackend, fused_kernel

        if (device, precision) != ("cpu", "float64"):
            raise BackendError(f"the fused backend computes on the CPU in float64, not on {device} in {precision}")
        if sampled:
            raise BackendError("the fused backend computes on population data; sampled data need the torch backend")
        if activation is not None:
            fused_kernel(activation)
        return FusedBackend()
    if name == "torch":
        from featlearn.training.backends.torch_backend import TorchBackend

        return TorchBackend(device)
    raise BackendError(f"there is no backend {name!r}; use auto, fused or torch")
