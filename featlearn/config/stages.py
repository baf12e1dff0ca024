"""The ``stages`` section: what each stage trains, how, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, create_model

from featlearn.config.methods import DESCRIPTIONS, MethodName, OperationName, keys_of_parameters, violations_of_method
from featlearn.config.schedules import ForLayers, schedule_of
from featlearn.config.section import Count, NotNegative, Section, Violations
from featlearn.training.columns import COLUMNS
from featlearn.training.methods import METHODS
from featlearn.training.stages import Constraint, Layer, LossName, Stage, Threshold


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
_SAYS = {
    "loss": "the loss",
    "grad_norm": "the gradient norm",
    "gap": "objective − J*_λ (too large by up to the distance of its bounds)",
}
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

    train: Annotated[list[Layer], Field(min_length=1)] = Field(
        description="the layers that move: `first_layer`, `second_layer`, and `biases` where there are any"
    )
    method: MethodName = Field(Stage.method, description=DESCRIPTIONS["method"])
    steps: Count | None = Field(None, description=DESCRIPTIONS["steps"])
    step_size: ForLayers | None = Field(None, description=DESCRIPTIONS["step_size"])
    weight_decay: ForLayers = Field(0.0, description="λ: a number or a schedule, for all layers or for each")
    constraint: Constraint | None = Field(None, description=DESCRIPTIONS["constraint"])
    loss: LossName | None = Field(None, description=DESCRIPTIONS["loss"])


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
        plain = {name: list(x) if isinstance(x, tuple) else x for name, x in self.parameters().items()}
        return plain | {"loss": None if self.loss == "squared" else self.loss}

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
            step_size=None if self.step_size is None else schedule_of(self.step_size, self.steps or 1),
            weight_decay=schedule_of(self.weight_decay, self.steps or 1),
            constraint=self.constraint,
            loss=self.loss or "squared",
            parameters=self.parameters(),
            then=tuple(self.then),
            stop=stop,
            fresh_sample=self.sample == "fresh",
        )


StageName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=60)]
