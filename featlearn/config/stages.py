"""The ``stages`` section: what each stage trains, how, and for how long."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from featlearn.config.section import Count, NotNegative, Positive, Section, Violations
from featlearn.training.stages import Schedule, Stage


class GeometricSchedule(Section):
    """A value that is multiplied by ``factor`` after every ``every`` steps of its stage."""

    start: NotNegative = Field(description="value of the first step")
    factor: Positive = Field(description="what it is multiplied by")
    every: Count = Field(description="after how many steps")

    def schedule(self) -> Schedule:
        return Schedule(self.start, self.factor, self.every)


NumberOrSchedule = Annotated[
    Annotated[NotNegative, Tag("number")] | Annotated[GeometricSchedule, Tag("mapping")],
    Discriminator(lambda value: "mapping" if isinstance(value, dict | GeometricSchedule) else "number"),
]


class Stop(Section):
    """Thresholds that end a stage early, checked at every logged row."""

    loss: NotNegative | None = Field(None, description="end when the loss is at most this")
    grad_norm: NotNegative | None = Field(None, description="end when the gradient norm is at most this")
    gap: NotNegative | None = Field(None, description="end when objective − J*_λ is at most this")


class StageConfig(Section):
    """One stage of training."""

    train: Annotated[list[Literal["first_layer", "second_layer"]], Field(min_length=1)] = Field(
        description="the layers that move"
    )
    method: Literal["gd", "momentum", "adam", "ridge", "lbfgs", "flow"] = Field(
        "gd",
        description="`ridge` takes the exact minimiser over the second layer in one step; `lbfgs` goes to a minimum by "
        "quasi-Newton steps; `flow` follows the gradient flow, the limit of gd for small steps",
    )
    steps: Count | None = Field(None, description="number of steps, or of iterations of lbfgs (not for ridge)")
    step_size: NumberOrSchedule | None = Field(
        None, description="η, or the time that a step of flow covers: a number or a schedule (not for ridge, lbfgs)"
    )
    weight_decay: NumberOrSchedule = Field(0.0, description="λ: a number or a schedule")
    momentum: Annotated[float, Field(ge=0, lt=1)] | None = Field(None, description="μ of method momentum; default 0.9")
    betas: Annotated[list[Annotated[float, Field(ge=0, lt=1)]], Field(min_length=2, max_length=2)] | None = Field(
        None, description="β₁, β₂ of method adam; default [0.9, 0.999]"
    )
    then: list[Literal["normalize_rows", "balance"]] = Field(
        [], description="operations at the end: every ‖w_j‖ = 1, or |a_j| = ‖w_j‖ with f unchanged"
    )
    stop: Stop | None = Field(None, description="thresholds that end the stage early")

    def settled(self) -> dict[str, Any]:
        if self.method == "momentum" and self.momentum is None:
            return {"momentum": 0.9}
        if self.method == "adam" and self.betas is None:
            return {"betas": [0.9, 0.999]}
        return {}

    def violations(self) -> Violations:
        for key in ("train", "then"):
            values = getattr(self, key)
            if len(set(values)) < len(values):
                yield (key,), "names the same thing twice"
        if self.method == "ridge":
            for key in ("steps", "step_size", "stop"):
                if getattr(self, key) is not None:
                    yield (key,), "method ridge takes one exact step; leave it out"
            if self.train != ["second_layer"]:
                yield ("train",), "method ridge trains the second layer alone: use [second_layer]"
            if isinstance(self.weight_decay, GeometricSchedule):
                yield ("weight_decay",), "method ridge takes one exact step: use a number"
        else:
            for key in ("steps", "step_size"):
                if getattr(self, key) is None and (self.method, key) != ("lbfgs", "step_size"):
                    yield (key,), f"missing; method {self.method} needs it"
            if self.method == "lbfgs" and self.step_size is not None:
                yield ("step_size",), "method lbfgs finds the length of its steps by itself; leave it out"
        for key, method in (("momentum", "momentum"), ("betas", "adam")):
            if getattr(self, key) is not None and self.method != method:
                yield (key,), f"belongs to method {method}, and the method is {self.method}; leave it out"

    def stage(self, name: str) -> Stage:
        """The stage as the training room takes it."""
        stop = self.stop.model_dump(exclude_none=True) if self.stop else {}
        return Stage(
            name=name,
            train=tuple(self.train),
            method=self.method,
            steps=self.steps or 1,
            step_size=None if self.step_size is None else _schedule(self.step_size),
            weight_decay=_schedule(self.weight_decay),
            momentum=0.9 if self.momentum is None else self.momentum,
            betas=(0.9, 0.999) if self.betas is None else (self.betas[0], self.betas[1]),
            then=tuple(self.then),
            stop=stop,
        )


def _schedule(value: float | GeometricSchedule) -> Schedule:
    return value.schedule() if isinstance(value, GeometricSchedule) else Schedule(value)


StageName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=60)]
