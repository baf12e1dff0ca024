"""Faults that are put into the package for the time of a test."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from featlearn.config import activation
from featlearn.theory import population
from featlearn.theory.population import Gradient
from featlearn.training import mean_online
from featlearn.training.backends.fused import FusedBackend
from featlearn.training.backends.torch_backend import TorchBackend
from featlearn.training.data import Online
from featlearn.training.stages import LAYERS, Layer, Schedule, Stage

Fault = Callable[[pytest.MonkeyPatch], None]
FIRST, SECOND = LAYERS


@dataclass(frozen=True)
class Times(Schedule):
    """A schedule of any kind times a factor for each layer; backends ask it for nothing but ``by_layer``."""

    inner: Schedule | None = None
    by: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, schedule: Schedule, by: Mapping[Layer, float]) -> Schedule:
        return cls(schedule.start, inner=schedule, by=tuple(by.items()))

    def by_layer(self, steps: np.ndarray, layers: tuple[Layer, ...] = LAYERS) -> np.ndarray:
        assert self.inner is not None
        factors = dict(self.by)
        return self.inner.by_layer(steps, layers) * np.array([factors.get(layer, 1.0) for layer in layers])


def _steps(patch: pytest.MonkeyPatch, *, size: Mapping[Layer, float] | None = None, decay: float = 1.0) -> None:
    """The steps that backends take, and the weight decay in them, are multiples of what they should be."""

    def spoiled(stage: Stage) -> Stage:
        assert stage.step_size is not None
        weight_decay = Times.of(stage.weight_decay, dict.fromkeys(LAYERS, decay))
        return replace(stage, step_size=Times.of(stage.step_size, size or {}), weight_decay=weight_decay)

    for backend, name in ((FusedBackend, "_walk_by_series"), (TorchBackend, "_advance")):
        own = getattr(backend, name)

        def walk(self: Any, problem: Any, stages: Any, *rest: Any, own: Any = own) -> Any:
            return own(self, problem, [spoiled(stage) for stage in stages], *rest)

        patch.setattr(backend, name, walk)


def _gradient(patch: pytest.MonkeyPatch, *, first_layer: float = 1.0, second_layer: float = 1.0) -> None:
    """Methods with steps of their own are told a multiple of the gradient by each layer."""
    for backend in (FusedBackend, TorchBackend):
        own = backend.loss_and_gradient

        def spoiled(self: Any, problem: Any, state: Any, own: Any = own) -> Any:
            loss, slope = own(self, problem, state)
            return loss, Gradient(second_layer * slope.second_layer, first_layer * slope.first_layer)

        patch.setattr(backend, "loss_and_gradient", spoiled)


def _activation(patch: pytest.MonkeyPatch, **changed: Any) -> None:
    """Activations with other parameters than the configuration's; ``less`` is subtracted from its coefficients."""
    own, less = activation.activation, changed.pop("less", None)

    def other(name: str, drop: int, **parameters: Any) -> Any:
        given = {"drop": drop, **parameters, **changed}
        if less is not None:
            given["coefficients"] = tuple(np.array(given["coefficients"]) - less)
        return own(name, given.pop("drop"), **given)

    patch.setattr(activation, "activation", other)


def _same_batch(patch: pytest.MonkeyPatch) -> None:
    own = Online.batch
    patch.setattr(Online, "batch", lambda self, stage, step: own(self, stage, 0))


def _no_noise(patch: pytest.MonkeyPatch) -> None:
    own = mean_online.OnlineDescent
    patch.setattr(mean_online, "OnlineDescent", lambda *given: replace(own(*given), noise_std=0.0))


def _plain_sums(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(population, "refined_loss", lambda activation, total, *rest: np.maximum(0.0, total))


FAULTS: dict[str, Fault] = {
    "steps go uphill": partial(_steps, size={FIRST: -1, SECOND: -1}),
    "steps of the first layer go uphill": partial(_steps, size={FIRST: -1}),
    "steps of the second layer go uphill": partial(_steps, size={SECOND: -1}),
    "no weight decay": partial(_steps, decay=0),
    "wrong sign of the gradient by the first layer": partial(_gradient, first_layer=-1),
    "wrong sign of the gradient by the second layer": partial(_gradient, second_layer=-1),
    "a gradient by the first layer that is a fifth too small": partial(_gradient, first_layer=0.8),
    "degrees 2 and 3 are not dropped": partial(_activation, drop=2),
    "degrees 0 and 1 are dropped": partial(_activation, drop=2),
    "a unit without its degree 1": partial(_activation, less=[0, 1, 0, 0, 0]),
    "the same batch at every step": _same_batch,
    "no noise in the recursion of order parameters": _no_noise,
    "small losses are plain sums": _plain_sums,
}
