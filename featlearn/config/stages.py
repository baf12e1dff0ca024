"""The ``stages`` section: what each stage trains, how, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, create_model

from featlearn.config.methods import DESCRIPTIONS, MethodName, OperationName, keys_of_parameters, violations_of_method
from featlearn.config.section import Count, NotNegative, NotNegativeWeight, Positive, Section, Violations
from featlearn.training.columns import COLUMNS
from featlearn.training.methods import METHODS
from featlearn.training.stages import Curve, Layer, Schedule, Stage, Threshold


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


class Beyond(Section):
    """A threshold of a stop rule, and the side of it on which the stage ends."""

    above: NotNegative | None = Field(None, description="end when the value is above this")
    below: NotNegative | None = Field(None, description="end when the value is below this")

    def violations(self) -> Violations:
        if (self.above is None) == (self.below is None):
            yield (), "takes one of above and below; a number means: at most"


NumberOrBeyond = Annotated[
    Annotated[NotNegative, Tag("number")] | Annotated[Beyond, Tag("mapping")],
    Discriminator(lambda value: "mapping" if isinstance(value, dict | Beyond) else "number"),
]
_SAYS = {"loss": "the loss", "grad_norm": "the gradient norm", "gap": "objective − J*_λ"}
_SET = ("stage_step", "weight_decay", "step_size")  # what the stage says itself
_measured = [c.name for c in COLUMNS.values() if c.kind != "text" and c.compute is not None and c.name not in _SET]


def _key_of_column(name: str) -> tuple[Any, Any]:
    told = f"end when {_SAYS.get(name, name)} is at most this, or {{above}} or {{below}} a number"
    return NumberOrBeyond | None, Field(None, description=told)


if TYPE_CHECKING:
    Stop = Section
else:
    Stop = create_model(
        "Stop",
        __base__=Section,
        __doc__="Thresholds that end a stage early, checked at every logged row: any column of the metrics.",
        **{name: _key_of_column(name) for name in dict.fromkeys([*_SAYS, *_measured])},
    )


def _threshold(value: float | Beyond) -> Threshold:
    if not isinstance(value, Beyond):
        return Threshold(value)
    above = value.above is not None
    return Threshold((value.above if above else value.below) or 0.0, above=above, strictly=True)


class _StepsOfStage(Section):
    """What a stage says of its steps, whatever its method."""

    train: Annotated[list[Layer], Field(min_length=1)] = Field(description="the layers that move")
    method: MethodName = Field(Stage.method, description=DESCRIPTIONS["method"])
    steps: Count | None = Field(None, description=DESCRIPTIONS["steps"])
    step_size: NumberOrSchedule | None = Field(None, description=DESCRIPTIONS["step_size"])
    weight_decay: NumberOrSchedule = Field(0.0, description="λ: a number or a schedule")


if TYPE_CHECKING:
    _KeysOfMethods = _StepsOfStage
else:
    _KeysOfMethods = create_model("_KeysOfMethods", __base__=_StepsOfStage, **keys_of_parameters())


class StageConfig(_KeysOfMethods):
    """One stage of training."""

    then: list[OperationName] = Field([], description=DESCRIPTIONS["then"])
    sample: Literal["fresh"] | None = Field(
        None, description="`fresh`: a sample of its own for this stage, as large as that of the run (drawn data)"
    )
    stop: Stop | None = Field(
        None,
        description="ends the stage early, at the first row that meets one: a number (at most), {above: …} or "
        "{below: …} for a column of the metrics",
    )

    def violations(self) -> Violations:
        for key in ("train", "then"):
            values = getattr(self, key)
            if len(set(values)) < len(values):
                yield (key,), "names the same thing twice"
        yield from violations_of_method(METHODS[self.method], dict(self))

    def settled(self) -> dict[str, Any]:
        return {name: list(x) if isinstance(x, tuple) else x for name, x in self.parameters().items()}

    def parameters(self) -> dict[str, Any]:
        """The parameters of its method, given or by default."""
        given = {p.name: getattr(self, p.name) for p in METHODS[self.method].parameters}
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        return METHODS[self.method].values({name: value for name, value in given.items() if value is not None})

    def stage(self, name: str) -> Stage:
        """The stage as the training room takes it."""
        stop = {name: _threshold(value) for name, value in dict(self.stop or {}).items() if value is not None}
        return Stage(
            name=name,
            train=tuple(self.train),
            method=self.method,
            steps=self.steps or 1,
            step_size=None if self.step_size is None else _schedule(self.step_size, self.steps or 1),
            weight_decay=_schedule(self.weight_decay, self.steps or 1),
            parameters=self.parameters(),
            then=tuple(self.then),
            stop=stop,
            fresh_sample=self.sample == "fresh",
        )


def _schedule(value: float | GeometricSchedule | CurveSchedule, steps: int) -> Schedule:
    if isinstance(value, CurveSchedule):
        return value.schedule(steps)
    return value.schedule() if isinstance(value, GeometricSchedule) else Schedule.shared(value)


StageName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=60)]
