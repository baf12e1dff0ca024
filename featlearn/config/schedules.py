"""Values of ``step_size`` and ``weight_decay``: numbers and schedules, for all layers or for each."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from featlearn.config.section import Count, NotNegativeWeight, Positive, Section, Violations
from featlearn.training.stages import ALL_LAYERS, ByLayer, Curve, Schedule


class GeometricSchedule(Section):
    """A value that is multiplied by ``factor`` after every ``every`` steps of its stage."""

    start: NotNegativeWeight = Field(description="value of the first step")
    factor: Positive = Field(description="what it is multiplied by")
    every: Count = Field(description="after how many steps")

    def schedule(self) -> Schedule:
        return Schedule.shared(self.start, self.factor, self.every)


Pair = Annotated[list[NotNegativeWeight], Field(min_length=2, max_length=2)]


class CurveSchedule(Section):
    """A value that changes at every step t = 0, 1, … of its stage."""

    cosine: Pair | None = Field(None, description="[first, last] along half a period of the cosine")
    linear: Pair | None = Field(None, description="[first, last] along a line")
    power: Pair | None = Field(None, description="[first, exponent]: first · (t + 1)^−exponent")

    def violations(self) -> Violations:
        given = [key for key, value in dict(self).items() if value is not None]
        if len(given) != 1:
            yield (), "takes one of cosine, linear and power"

    def schedule(self, steps: int) -> Curve:
        kinds: tuple[Literal["cosine", "linear", "power"], ...] = ("cosine", "linear", "power")
        ((kind, (start, end)),) = ((k, pair) for k in kinds if (pair := getattr(self, k)) is not None)
        return Curve(start, kind=kind, end=end, steps=steps)


def _kind_of_schedule(value: Any) -> str:
    if isinstance(value, CurveSchedule) or (isinstance(value, dict) and {"cosine", "linear", "power"} & set(value)):
        return "curve"
    return "mapping" if isinstance(value, dict | GeometricSchedule) else "number"


NumberOrSchedule = Annotated[
    Annotated[NotNegativeWeight, Tag("number")]
    | Annotated[GeometricSchedule, Tag("mapping")]
    | Annotated[CurveSchedule, Tag("curve")],
    Discriminator(_kind_of_schedule),
]


class LayerSchedules(Section):
    """A number or a schedule for each layer."""

    first_layer: NumberOrSchedule = Field(description="that of the first layer, a number or a schedule")
    second_layer: NumberOrSchedule = Field(description="that of the second layer, a number or a schedule")
    biases: NumberOrSchedule | None = Field(
        None, description="that of the biases, a number or a schedule; default: that of the first layer"
    )

    def numbers(self) -> bool:
        """Whether all are numbers."""
        given = [self.first_layer, self.second_layer, *([] if self.biases is None else [self.biases])]
        return all(isinstance(value, float) for value in given)


def _kind_of_value(value: Any) -> str:
    if isinstance(value, LayerSchedules) or (isinstance(value, dict) and any(layer in value for layer in ALL_LAYERS)):
        return "layers"
    return _kind_of_schedule(value)


ForLayers = Annotated[
    Annotated[NotNegativeWeight, Tag("number")]
    | Annotated[GeometricSchedule, Tag("mapping")]
    | Annotated[CurveSchedule, Tag("curve")]
    | Annotated[LayerSchedules, Tag("layers")],
    Discriminator(_kind_of_value),
]


def schedule_of(value: float | GeometricSchedule | CurveSchedule | LayerSchedules, steps: int) -> Schedule:
    """The schedule, in a stage of so many steps, as the training room takes it."""
    if isinstance(value, LayerSchedules):
        biases = None if value.biases is None else schedule_of(value.biases, steps)
        return ByLayer.of(schedule_of(value.first_layer, steps), schedule_of(value.second_layer, steps), biases)
    if isinstance(value, CurveSchedule):
        return value.schedule(steps)
    return value.schedule() if isinstance(value, GeometricSchedule) else Schedule.shared(value)
