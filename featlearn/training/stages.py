"""Stages of an experiment as data: what is trained, how, for how long, and what happens at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from math import cos, pi, sqrt
from typing import Any, Literal, TypeVar, get_args

import numpy as np

S = TypeVar("S", bound="Schedule | None")
Layer = Literal["first_layer", "second_layer", "biases"]
LAYERS: tuple[Layer, ...] = ("first_layer", "second_layer")  # of every network
ALL_LAYERS: tuple[Layer, ...] = get_args(Layer)  # of those with biases
Constraint = Literal["unit_rows"]
LossName = Literal["squared", "correlation"]

MOST_CHANGES = 1000  # a schedule with more changes than this gets no rows at its changes


@dataclass(frozen=True)
class Schedule:
    """start · factor^⌊t/every⌋ at step t of its stage, counted from 0; constant when ``factor`` is 1."""

    start: float
    factor: float = 1.0
    every: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.start, self.factor, self.every)))  # asked for at every row

    def __hash__(self) -> int:
        return self._hash  # type: ignore[attr-defined]

    @classmethod
    @lru_cache(maxsize=4096, typed=True)
    def shared(cls, start: float, factor: float = 1.0, every: int = 1) -> Schedule:
        """A schedule, the same object for the same numbers: runs of a batch are then asked for its values once."""
        return cls(start, factor, every)

    def at(self, steps: np.ndarray | int) -> np.ndarray:
        """The values that the given steps (0-based, of the stage) use, in the shape of ``steps``.

        Powers are taken one by one: those of an array may round differently, and the bits of a run must not depend on
        how its steps are cut into calls.
        """
        if isinstance(steps, int):
            return np.array(self.at_step(steps))
        if self.factor == 1.0:
            return np.full(np.shape(steps), self.start)
        epochs = np.asarray(steps) // self.every
        if epochs.size and epochs.min() == epochs.max():
            return np.full(np.shape(steps), self._in_epoch(int(epochs.flat[0])))
        distinct, index = np.unique(epochs, return_inverse=True)
        return np.array([self._in_epoch(int(epoch)) for epoch in distinct])[index].reshape(np.shape(steps))

    def at_step(self, step: int) -> float:
        """The value at one step, with the bits of ``at``."""
        return float(self.start) if self.factor == 1.0 else self._in_epoch(step // self.every)

    def _in_epoch(self, epoch: int) -> float:
        return _decayed(self.start, self.factor, epoch)

    def in_layer(self, layer: Layer) -> Schedule:
        """The schedule of one layer."""
        return self

    def by_layer(self, steps: np.ndarray, layers: tuple[Layer, ...] = LAYERS) -> np.ndarray:
        """The values of each of some layers at rising steps (n,), (n, layers)."""
        if len(steps) and self._is_constant(int(steps[0]), int(steps[-1])):
            return np.full((len(steps), len(layers)), self.at_step(int(steps[0])))
        return np.repeat(self.at(steps)[:, None], len(layers), axis=1)

    def _is_constant(self, first: int, last: int) -> bool:
        """Whether it has one value from a step to a later one, as far as that is seen at once."""
        return self.factor == 1.0 or first // self.every == last // self.every

    def epoch_ends(self, steps: int, most: int) -> np.ndarray:
        """How many steps are done at each change of the value in a stage of ``steps``; none if more than ``most``."""
        changes = 0 if self.factor == 1.0 else (steps - 1) // self.every
        return self.every * np.arange(1, changes + 1 if changes <= most else 1)

    def values_at_rows(self, steps: int, rows: int) -> int:
        """How many values it takes at the rows of a stage."""
        return 1 + len(self.epoch_ends(steps, rows))

    def set_to_part(self, by: float) -> str:
        """What is put behind its key on the command line for its values divided by a number."""
        return f"{'' if self.factor == 1 else '.start'}={self.start / by:g}"

    def part(self, by: float) -> str:
        """Its values divided by a number, as configurations write them."""
        start = f"{self.start / by:g}"
        return start if self.factor == 1 else f"{{start: {start}, factor: {self.factor:g}, every: {self.every}}}"


@lru_cache(maxsize=4096)
def _decayed(start: float, factor: float, epoch: int) -> float:
    with np.errstate(over="ignore"):
        return float(start * np.float64(factor) ** epoch)


@dataclass(frozen=True)
class Curve(Schedule):
    """A schedule that changes at every step of its stage, from ``start`` on.

    Attributes:
        kind: "linear" and "cosine": to ``end`` at the last step, along a line or half a period of the cosine; "power":
            start · (t + 1)^−end at step t.
        steps: of the stage.
    """

    kind: Literal["linear", "cosine", "power"] = "linear"
    end: float = 0.0
    steps: int = 1

    def at(self, steps: np.ndarray | int) -> np.ndarray:
        """See ``Schedule``; values are taken one by one here, too."""
        return np.array([self.at_step(step) for step in np.ravel(steps).tolist()]).reshape(np.shape(steps))

    def at_step(self, step: int) -> float:
        """The value at one step, with the bits of ``at``."""
        if self.kind == "power":
            return self.start * (step + 1.0) ** -self.end
        if step == 0 or step >= self.steps - 1:
            return float(self.end if step else self.start)
        share = step / (self.steps - 1)
        left = 1.0 - share if self.kind == "linear" else 0.5 * (1.0 + cos(pi * share))
        return self.end + (self.start - self.end) * left

    def _is_constant(self, first: int, last: int) -> bool:
        return first == last

    def epoch_ends(self, steps: int, most: int) -> np.ndarray:
        """None: the value changes at every step."""
        return np.zeros(0, dtype=np.int64)

    def values_at_rows(self, steps: int, rows: int) -> int:
        return min(steps, rows)

    def set_to_part(self, by: float) -> str:
        return f"={self.part(by)}"

    def part(self, by: float) -> str:
        end = self.end if self.kind == "power" else self.end / by
        return f"{{{self.kind}: [{self.start / by:g}, {end:g}]}}"


@dataclass(frozen=True)
class ByLayer(Schedule):
    """A schedule for each layer. Its own values are their geometric means, which do not change when the layers are
    rescaled against one another (docs/theory.md §6); make one with ``of``.

    Biases have the schedule of the first layer unless they have their own.
    """

    first_layer: Schedule = Schedule(0.0)
    second_layer: Schedule = Schedule(0.0)
    biases: Schedule | None = None

    @classmethod
    def of(cls, first_layer: Schedule, second_layer: Schedule, biases: Schedule | None = None) -> ByLayer:
        return cls(
            sqrt(first_layer.start * second_layer.start),
            first_layer=first_layer,
            second_layer=second_layer,
            biases=biases,
        )

    @property
    def given(self) -> tuple[Layer, ...]:
        """The layers that have a schedule of their own."""
        return LAYERS if self.biases is None else ALL_LAYERS

    def at(self, steps: np.ndarray | int) -> np.ndarray:
        """See ``Schedule``."""
        return np.sqrt(self.first_layer.at(steps) * self.second_layer.at(steps))

    def at_step(self, step: int) -> float:
        """The value at one step, with the bits of ``at``."""
        return sqrt(self.first_layer.at_step(step) * self.second_layer.at_step(step))

    def in_layer(self, layer: Layer) -> Schedule:
        if layer == "biases" and self.biases is not None:
            return self.biases
        return self.second_layer if layer == "second_layer" else self.first_layer

    def by_layer(self, steps: np.ndarray, layers: tuple[Layer, ...] = LAYERS) -> np.ndarray:
        return np.stack([self.in_layer(layer).at(steps) for layer in layers], axis=1)

    def epoch_ends(self, steps: int, most: int) -> np.ndarray:
        return reduce(np.union1d, [self.in_layer(layer).epoch_ends(steps, most) for layer in self.given])

    def values_at_rows(self, steps: int, rows: int) -> int:
        each = [self.in_layer(layer).values_at_rows(steps, rows) for layer in self.given]
        return min(rows, sum(each) + 1 - len(each))

    def set_to_part(self, by: float) -> str:
        parts = [f"{layer}: {self.in_layer(layer).part(by)}" for layer in self.given]
        return f"={{{', '.join(parts)}}}"


@dataclass(frozen=True)
class Threshold:
    """What a metrics column must reach for a stage to end: ``at``, or with ``strictly`` a value beyond it.

    Attributes:
        above: whether values above are meant; otherwise those below.
    """

    at: float
    above: bool = False
    strictly: bool = False

    def is_met(self, value: float) -> bool:
        if value == self.at:
            return not self.strictly
        return value > self.at if self.above else value < self.at


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage.

    Attributes:
        method: by its name in ``methods.METHODS``.
        steps: 1 for a method that takes no steps.
        step_size, weight_decay: a ``ByLayer`` where layers have their own; no step size for a method that has none.
        constraint: "unit_rows": rows of the first layer are put on the unit sphere when the stage starts, and after
            each step; None for none.
        loss: what is minimised, "squared" or "correlation", −2 E[f f*]; weight decay is added to either.
        parameters: of the method, where they are not its defaults.
        then: names in ``operations.OPERATIONS``, which are applied to the weights at the end.
        stop: thresholds by metrics column; the stage ends at the first logged row that meets one.
        fresh_sample: whether it has a sample of its own, in place of the run's.
    """

    name: str
    train: tuple[Layer, ...]
    method: str = "gd"
    steps: int = 1
    step_size: Schedule | None = None
    weight_decay: Schedule = Schedule(0.0)
    constraint: Constraint | None = None
    loss: LossName = "squared"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    then: tuple[str, ...] = ()
    stop: dict[str, Threshold] = field(default_factory=dict)
    fresh_sample: bool = False


def value_of_each(schedules: Sequence[S], value: Callable[[S], np.ndarray | float]) -> np.ndarray:
    """The values of schedules, (B, …), each object asked once: most runs of a batch share theirs."""
    ids = list(map(id, schedules))
    distinct = dict(zip(ids, schedules, strict=True))
    values = np.array([value(schedule) for schedule in distinct.values()])
    places = {known: place for place, known in enumerate(distinct)}
    return values[[0] * len(ids) if len(places) == 1 else [places[found] for found in ids]]


# --- which steps are logged ---------------------------------------------------------------------


def rows_of_stages(stages: Sequence[Stage], points: int) -> list[np.ndarray]:
    """For each stage, how many of its steps are done at each of its logged rows; at most ``points`` rows in all.

    One row is the initial state. The last step of every stage is always logged, whatever ``points`` says. The rest are
    log-spaced within each stage, and the stages share them evenly, but no stage gets more rows than it has steps.
    The steps at which a schedule changes its value are among the rows when they take at most half of them.
    """
    return [_stage_rows(stage, share) for stage, share in zip(stages, _shares(stages, points - 1), strict=True)]


def _shares(stages: Sequence[Stage], total: int) -> list[int]:
    """Rows for each stage: ``total`` poured evenly, each stage holding at least 1 and at most its steps."""
    shares = [1] * len(stages)
    while sum(shares) < total:
        open_stages = [i for i, stage in enumerate(stages) if shares[i] < stage.steps]
        if not open_stages:
            break
        each = max(1, (total - sum(shares)) // len(open_stages))
        for i in open_stages[: total - sum(shares)]:
            shares[i] = min(stages[i].steps, shares[i] + each)
    return shares


def _stage_rows(stage: Stage, count: int) -> np.ndarray:
    most = min(count // 2, MOST_CHANGES)
    schedules = [s for s in (stage.weight_decay, stage.step_size) if s is not None]
    changes = [s.epoch_ends(stage.steps, most) for s in schedules]
    wanted = np.unique(np.concatenate([*changes, [stage.steps]])).astype(np.int64)
    if len(wanted) > max(1, most):
        wanted = wanted[-1:]
    rows = _log_spaced(stage.steps, count)
    for step in wanted:  # each wanted step takes the place of the row nearest to it
        rows = np.delete(rows, np.argmin(np.abs(rows - step)))
    return np.sort(np.concatenate([rows, wanted]))


@lru_cache(maxsize=256)
def _log_spaced(last: int, count: int) -> np.ndarray:
    """``count`` distinct integers in 1 … last, as evenly spaced in the logarithm as integers can be."""
    count = min(count, last)
    if count <= 0:
        return np.array([], dtype=np.int64)
    chosen: list[int] = []
    position = 1.0
    for left in range(count, 0, -1):
        step = round(position)
        chosen.append(step)
        # the ratio that spreads the points still to come over what is left, at least one step on
        ratio = (last / step) ** (1 / (left - 1)) if left > 1 else 1.0
        position = max(step + 1.0, step * ratio)
    return np.minimum(np.array(chosen), last)


def snapshot_steps(rows: Sequence[np.ndarray], stages: Sequence[Stage], snapshots: int) -> list[np.ndarray]:
    """The rows, stage by stage, at which the neurons are stored too: evenly over the rows, with each stage's last."""
    as_stages = [Stage(name=s.name, train=s.train, steps=len(r)) for s, r in zip(stages, rows, strict=True)]
    shares = _shares(as_stages, snapshots - 1)
    return [
        r[np.unique(np.linspace(len(r) - 1, 0, share, endpoint=share > 1).round().astype(int))]
        for r, share in zip(rows, shares, strict=True)
    ]
