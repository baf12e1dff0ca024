"""Backends: engines that take many gradient steps. They agree in meaning and differ in speed and reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from featlearn.training.problem import Problem, State
from featlearn.training.stages import Stage


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


def make_backend(device: str) -> Backend:
    """The PyTorch backend on "cpu" or "cuda".

    Raises:
        RuntimeError: when "cuda" is asked for and PyTorch sees no such device.
    """
    from featlearn.training.backends.torch_backend import TorchBackend

    return TorchBackend(device)
