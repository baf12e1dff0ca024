"""The configuration: every key, its type, its bounds and its meaning. The documentation prints the descriptions.

Models are strict (a boolean is no integer, text is no number), frozen, and know every rule that holds within one file.
Reading a file, with positions for every complaint, is ``config_file``'s.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag, create_model

from featlearn.experiments.config_data import Data, EmpiricalData, OnlineData, PopulationData
from featlearn.experiments.config_methods import (
    DESCRIPTIONS,
    MethodName,
    OperationName,
    keys_of_parameters,
    problems_of_method,
)
from featlearn.experiments.config_section import Count, NotNegative, Positive, Problems, Section, WholeNumber
from featlearn.experiments.yaml_source import dump_yaml
from featlearn.theory.activations import ACTIVATION_NAMES, activation
from featlearn.training.backends import resolved_backend
from featlearn.training.methods import METHODS
from featlearn.training.networks import largest_min_angle
from featlearn.training.operations import OPERATIONS
from featlearn.training.optima import within_reach
from featlearn.training.stages import Layer, Schedule, Stage

Width = Annotated[WholeNumber, Field(ge=1, le=100_000)]
Dimension = Annotated[WholeNumber, Field(ge=1, le=10_000_000)]
MOST_WEIGHTS = 500_000_000  # of a first layer: 4 GB
MOST_ENTRIES = 500_000_000  # of the inputs of a sample or a batch
Row = Annotated[list[float], Field(min_length=1)]
Rows = Annotated[list[Row], Field(min_length=1)]


# --- teacher ------------------------------------------------------------------------------------


class RandomWeights(Section):
    """Random output weights of the teacher."""

    magnitude: Annotated[list[Positive], Field(min_length=2, max_length=2)] = Field(
        [0.7, 1.3], description="bounds of the uniform distribution of |a*_k|"
    )
    sign: Literal["random", "positive", "negative", "alternating"] = Field("random", description="sign of a*_k")

    def problems(self) -> Problems:
        if self.magnitude[0] > self.magnitude[1]:
            yield ("magnitude",), f"the lower bound {self.magnitude[0]:g} is above the upper {self.magnitude[1]:g}"


OutputWeights = Annotated[
    Annotated[RandomWeights, Tag("mapping")] | Annotated[Row, Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "mapping"),
]


class Teacher(Section):
    """The target network: random, or explicit when ``directions`` is given."""

    input_dim: Dimension | None = Field(None, description="d, the dimension of the Gaussian inputs")
    width: Annotated[WholeNumber, Field(ge=1, le=1000)] | None = Field(
        None, description="m*, the number of teacher neurons"
    )
    rank: Dimension | None = Field(None, description="r, the dimension of the teacher's span; default min(m*, d)")
    min_angle: Annotated[float, Field(ge=0, le=90)] | None = Field(
        None, description="least angle between any two teacher lines, degrees; default 0"
    )
    output_weights: OutputWeights = Field(
        RandomWeights(), description="a*: random (a mapping), or a list beside explicit `directions`"
    )
    directions: Rows | None = Field(
        None, description="explicit teacher: rows w*_k, normalised; `input_dim` and `width` follow"
    )

    def problems(self) -> Problems:
        yield from self._random_problems() if self.directions is None else self._explicit_problems(self.directions)

    def _random_problems(self) -> Problems:
        for key in ("input_dim", "width"):
            if getattr(self, key) is None:
                yield (key,), "missing; a random teacher needs it (or give explicit `directions`)"
        if isinstance(self.output_weights, list):
            yield ("output_weights",), "a list needs explicit `directions`; a random teacher takes {magnitude, sign}"
        if self.width is None or self.input_dim is None:
            return
        rank = min(self.width, self.input_dim) if self.rank is None else self.rank
        if rank > self.width:
            yield ("rank",), f"{rank} is too much: {self.width} teacher neurons span at most {self.width} dimensions"
        elif rank > self.input_dim:
            yield ("rank",), f"{rank} is too much: the inputs have {self.input_dim} dimensions"
        elif self.width > 1 and (self.min_angle or 0.0) > largest_min_angle(self.width, rank):
            limit = f"{self.width} lines in {rank} dimensions are at most {largest_min_angle(self.width, rank):.4g}"
            yield ("min_angle",), f"{self.min_angle:g} degrees is too much: {limit} degrees apart"

    def _explicit_problems(self, directions: list[list[float]]) -> Problems:
        count, dim = len(directions), len(directions[0])
        for k, row in enumerate(directions):
            if len(row) != dim:
                yield ("directions", k), f"has {len(row)} entries, the first row has {dim}"
            elif not any(row):
                yield ("directions", k), "is zero: a direction must have a length"
        if not isinstance(self.output_weights, list):
            yield ("output_weights",), f"explicit `directions` need a list of {count} output weights"
        elif len(self.output_weights) != count:
            yield ("output_weights",), f"has {len(self.output_weights)} entries for {count} directions"
        for key, given, follows in (("input_dim", self.input_dim, dim), ("width", self.width, count)):
            if given is not None and given != follows:
                yield (key,), f"{given} contradicts `directions`, which say {follows}; leave it out"
        for key in ("rank", "min_angle"):
            if getattr(self, key) is not None:
                yield (key,), "follows from explicit `directions`; leave it out"

    def shape(self) -> tuple[int, int]:
        """(m*, d), of a valid teacher."""
        if self.directions is not None:
            return len(self.directions), len(self.directions[0])
        assert self.width is not None
        assert self.input_dim is not None
        return self.width, self.input_dim

    def dimension_of_span(self) -> int:
        """r, of a valid teacher."""
        if self.directions is not None:
            return int(np.linalg.matrix_rank(np.array(self.directions)))
        return self.rank or min(self.shape())


# --- student ------------------------------------------------------------------------------------


class SymmetricInit(Section):
    """Rows uniform on the sphere, a = ±1/√m, the second half mirrored so that f = 0."""

    kind: Literal["symmetric"] = "symmetric"


class GaussianInit(Section):
    """Independent Gaussian weights."""

    kind: Literal["gaussian"]
    first_layer_std: NotNegative = Field(description="standard deviation of every entry of W")
    second_layer_std: NotNegative = Field(description="standard deviation of every a_j")


class NearTeacherInit(Section):
    """Neuron j starts at an angle to teacher line j mod m*, in a random direction around it."""

    kind: Literal["near_teacher"]
    angle: Annotated[float, Field(ge=0, le=90)] = Field(description="degrees from the teacher line")


class ExplicitInit(Section):
    """The weights themselves."""

    kind: Literal["explicit"]
    first_layer: Rows = Field(description="rows w_j")
    second_layer: Row = Field(description="output weights a_j")

    def problems(self) -> Problems:
        dim = len(self.first_layer[0])
        for j, row in enumerate(self.first_layer):
            if len(row) != dim:
                yield ("first_layer", j), f"has {len(row)} entries, the first row has {dim}"
        if len(self.second_layer) != len(self.first_layer):
            yield ("second_layer",), f"has {len(self.second_layer)} entries for {len(self.first_layer)} rows"


class FileInit(Section):
    """Weights from an ``.npz`` file with ``first_layer`` (m, d) and ``second_layer`` (m); a run's checkpoint is one."""

    kind: Literal["file"]
    path: Annotated[str, Field(min_length=1)] = Field(
        description="the file; a relative path starts at the configuration"
    )
    sha256: str | None = Field(None, description="digest that the file must have; filled in by a run")


Init = Annotated[SymmetricInit | GaussianInit | NearTeacherInit | ExplicitInit | FileInit, Field(discriminator="kind")]


class Student(Section):
    """The trained network."""

    width: Width | None = Field(None, description="m, the number of neurons; follows from explicit or file weights")
    init: Init = Field(SymmetricInit(), description="initial weights")
    output_scale: Annotated[float, Field(gt=0, le=1e8)] | None = Field(
        None,
        description="α of lazy training: the trained function is α (f(x; θ) − f(x; θ₀)), θ₀ the start, and steps are "
        "divided by α²; left out, the network itself",
    )

    def problems(self) -> Problems:
        if self.width is None:
            if not isinstance(self.init, ExplicitInit | FileInit):
                yield ("width",), "missing; the number of student neurons"
        elif isinstance(self.init, SymmetricInit) and self.width % 2:
            yield (
                ("width",),
                f"{self.width} is odd; a symmetric start mirrors one half of the neurons: use an even width",
            )
        elif isinstance(self.init, ExplicitInit) and self.width != len(self.init.first_layer):
            yield ("width",), f"{self.width} contradicts init.first_layer, which has {len(self.init.first_layer)} rows"


# --- activation ------------------------------------------------------------------------


class ActivationChoice(Section):
    """The activation of teacher and student."""

    name: Literal["relu", "abs", "erf", "quadratic"] = Field("relu", description="φ, see the table of activations")
    drop_hermite_below: WholeNumber = Field(
        2, description="2: constant and linear part dropped (the paper); 0: plain φ", json_schema_extra={"enum": [0, 2]}
    )

    def problems(self) -> Problems:
        if self.drop_hermite_below not in (0, 2):
            yield ("drop_hermite_below",), f"{self.drop_hermite_below} is not allowed; one of: 0, 2"


# --- stages -------------------------------------------------------------------------------------


class Decay(Section):
    """A value that is multiplied by ``factor`` after every ``every`` steps of its stage."""

    start: NotNegative = Field(description="value of the first step")
    factor: Positive = Field(description="what it is multiplied by")
    every: Count = Field(description="after how many steps")

    def schedule(self) -> Schedule:
        return Schedule(self.start, self.factor, self.every)


NumberOrDecay = Annotated[
    Annotated[NotNegative, Tag("number")] | Annotated[Decay, Tag("mapping")],
    Discriminator(lambda value: "mapping" if isinstance(value, dict | Decay) else "number"),
]


class Stop(Section):
    """Thresholds that end a stage early, checked at every logged row."""

    loss: NotNegative | None = Field(None, description="end when the loss is at most this")
    grad_norm: NotNegative | None = Field(None, description="end when the gradient norm is at most this")
    gap: NotNegative | None = Field(None, description="end when objective − J*_λ is at most this")


class _StepsOfStage(Section):
    """What a stage says of its steps, whatever its method."""

    train: Annotated[list[Layer], Field(min_length=1)] = Field(description="the layers that move")
    method: MethodName = Field(Stage.method, description=DESCRIPTIONS["method"])
    steps: Count | None = Field(None, description=DESCRIPTIONS["steps"])
    step_size: NumberOrDecay | None = Field(None, description=DESCRIPTIONS["step_size"])
    weight_decay: NumberOrDecay = Field(0.0, description="λ: a number or a schedule")


if TYPE_CHECKING:
    _KeysOfMethods = _StepsOfStage
else:
    _KeysOfMethods = create_model("_KeysOfMethods", __base__=_StepsOfStage, **keys_of_parameters())


class StageConfig(_KeysOfMethods):
    """One stage of training."""

    then: list[OperationName] = Field([], description=DESCRIPTIONS["then"])
    stop: Stop | None = Field(None, description="thresholds that end the stage early")

    def problems(self) -> Problems:
        for key in ("train", "then"):
            values = getattr(self, key)
            if len(set(values)) < len(values):
                yield (key,), "names the same thing twice"
        yield from problems_of_method(METHODS[self.method], dict(self))

    def parameters(self) -> dict[str, Any]:
        """The parameters of its method, given or by default."""
        given = {p.name: getattr(self, p.name) for p in METHODS[self.method].parameters}
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        return METHODS[self.method].values({name: value for name, value in given.items() if value is not None})

    def resolved(self) -> StageConfig:
        """The same with the defaults of its method written out."""
        plain = {name: list(x) if isinstance(x, tuple) else x for name, x in self.parameters().items()}
        return self.model_copy(update=plain)

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
            parameters=self.parameters(),
            then=tuple(self.then),
            stop=stop,
        )


def _schedule(value: float | Decay) -> Schedule:
    return value.schedule() if isinstance(value, Decay) else Schedule(value)


StageName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=60)]


# --- the whole ----------------------------------------------------------------------------------


class Log(Section):
    """What is written along the way."""

    points: Annotated[WholeNumber, Field(ge=2, le=100_000)] = Field(
        300, description="rows per run, log-spaced within each stage"
    )
    snapshots: Annotated[WholeNumber, Field(ge=1, le=10_000)] = Field(
        60, description="neuron snapshots per run, at logged rows"
    )
    gap: bool = Field(
        True,
        description="compare the objective with its certified optimum: some 0.03 s for each λ of a teacher of rank 2, "
        "seconds for higher ranks",
    )
    floors: bool = Field(
        True,
        description="compute the least loss of random features and of the tangent kernel at the end of the run, for "
        "run.json: at most some seconds, null for large networks (docs/regimes.md)",
    )


class Config(Section):
    """One experiment."""

    name: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        "run", description="shown everywhere, and part of the run directory's name"
    )
    seed: Annotated[WholeNumber, Field(ge=0)] = Field(
        0, description="of all randomness; each use has a generator of its own"
    )
    backend: Literal["auto", "fused", "torch"] = Field(
        "auto",
        description="engine of the steps: fused (compiled, CPU, float64) or torch; auto takes the faster that can",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto is the CPU, which is faster for these small networks"
    )
    precision: Literal["float64", "float32"] = Field(
        "float64", description="of the weights and steps; metrics are always computed in float64 or better"
    )
    teacher: Teacher = Field(description="the target network")
    student: Student = Field(description="the trained network")
    activation: ActivationChoice = Field(ActivationChoice(), description="of teacher and student")
    data: Data = Field(PopulationData(), description="what is trained on")
    stages: Annotated[dict[StageName, StageConfig], Field(min_length=1)] = Field(
        description="the stages by name, in order"
    )
    log: Log = Field(Log(), description="what is written along the way")

    def problems(self) -> Problems:
        if not self.name.isprintable():
            yield ("name",), "must be one line of printable characters"
        if self.backend == "fused" and (self.device == "cuda" or self.precision != "float64"):
            yield (
                ("backend",),
                "fused computes on the CPU in float64; use torch (or auto) for other devices and precisions",
            )
        for name, stage in self.stages.items():
            if self.backend == "fused" and not METHODS[stage.method].compilable:
                text = f"fused has no compiled steps of method {stage.method}; use torch (or auto) as the backend"
                yield ("stages", name, "method"), text
        yield from self._student_problems()
        yield from self._scale_problems()
        yield from self._data_problems()
        degree = activation(self.activation.name, self.activation.drop_hermite_below).homogeneous_degree
        for name, stage in self.stages.items():
            for operation in stage.then:
                wanted = OPERATIONS[operation].homogeneous_degree
                if wanted not in (None, degree):
                    those = " and ".join(n for n in ACTIVATION_NAMES if activation(n).homogeneous_degree == wanted)
                    known = f"{self.activation.name} is not homogeneous of degree {wanted} ({those} are)"
                    text = f"{operation} would change the network: {known}; leave it out, as in then: []"
                    yield ("stages", name, "then"), text
            if stage.stop is not None and stage.stop.gap is not None and (problem := self._why_no_gap(stage, degree)):
                yield ("stages", name, "stop", "gap"), problem

    def _why_no_gap(self, stage: StageConfig, degree: int | None) -> str | None:
        """Why the gap to the optimum is not known in a stage; None where it is."""
        lines, rank = self.teacher.shape()[0], self.teacher.dimension_of_span()
        if not self.log.gap:
            return "needs the gap, and log.gap is false"
        if self.student.output_scale is not None:
            return "the gap is known for networks without student.output_scale; use loss or grad_norm"
        if degree != 1:
            known = "an activation that is homogeneous of degree 1 (relu, abs)"
            return f"the gap is known for {known}, not for {self.activation.name}"
        if stage.weight_decay == 0:
            return "there is no gap without weight decay; use loss or grad_norm"
        if not within_reach(lines, rank):
            return f"the optimum of {lines} teacher neurons in {rank} dimensions is too costly; use loss or grad_norm"
        return None

    def _student_problems(self) -> Problems:
        width, dim = self.teacher.shape()
        init = self.student.init
        if self.student.width is not None and self.student.width * dim > MOST_WEIGHTS:
            yield ("student", "width"), f"{self.student.width} rows of {dim} are more than {MOST_WEIGHTS} weights"
        if isinstance(init, NearTeacherInit):
            if self.student.width is not None and self.student.width < width:
                yield ("student", "width"), f"{self.student.width} neurons cannot start near {width} teacher lines"
            if dim == 1 and init.angle > 0:
                yield ("student", "init", "angle"), "in one dimension no row lies at an angle to the teacher"
        if isinstance(init, ExplicitInit) and len(init.first_layer[0]) != dim:
            given = len(init.first_layer[0])
            yield ("student", "init", "first_layer"), f"rows have {given} entries, the teacher's inputs {dim}"

    def _scale_problems(self) -> Problems:
        if self.student.output_scale is None:
            return
        for name, stage in self.stages.items():
            if not METHODS[stage.method].scaled:
                scaled = ", ".join(method.name for method in METHODS.values() if method.scaled)
                known = f"with student.output_scale one of: {scaled}"
                text = f"dividing the step by α² has no clear meaning for method {stage.method}; use {known}"
                yield ("stages", name, "method"), text

    def _data_problems(self) -> Problems:
        if self.data.kind == "population":
            return
        if self.backend == "fused":
            yield (
                ("backend",),
                f"fused computes on population data, and the data are {self.data.kind}; use torch (or auto)",
            )
        key = "batch_size" if isinstance(self.data, OnlineData) else "samples"
        count, dim = getattr(self.data, key) or 0, self.teacher.shape()[1]
        if count * dim > MOST_ENTRIES:
            yield ("data", key), f"{count} inputs of {dim} entries are more than {MOST_ENTRIES} numbers"
        for name, stage in self.stages.items():
            if METHODS[stage.method].fixed_loss and self.data.kind == "online":
                changing = "online data have a new one at each step"
                *others, last = [method.name for method in METHODS.values() if not method.fixed_loss]
                text = f"{stage.method} needs a fixed loss, and {changing}; use {', '.join(others)} or {last}"
                yield ("stages", name, "method"), text

    def resolved(self) -> Config:
        """The same experiment with every default that depends on other keys written out."""
        teacher: dict[str, Any] = {}
        if self.teacher.directions is None:
            width, dim = self.teacher.shape()
            teacher = {"rank": self.teacher.rank or min(width, dim), "min_angle": self.teacher.min_angle or 0.0}
        stages = {name: stage.resolved() for name, stage in self.stages.items()}
        update: dict[str, Any] = {"teacher": self.teacher.model_copy(update=teacher), "stages": stages}
        if isinstance(self.data, EmpiricalData) and self.data.path is None:
            update["data"] = self.data.model_copy(update={"noise_std": self.data.noise_std or 0.0})
        return self.model_copy(update=update)

    def on_backend(self) -> Config:
        """The same experiment with ``backend`` and ``device`` as they will be, not auto."""
        compilable = all(METHODS[stage.method].compilable for stage in self.stages.values())
        sampled = self.data.kind != "population"
        name, device = resolved_backend(
            self.backend, self.device, self.precision, sampled=sampled, compilable=compilable
        )
        return self.model_copy(update={"backend": name, "device": device})

    def to_yaml(self) -> str:
        """YAML text that reads back as this configuration."""
        return dump_yaml(self._plain())

    def digest(self) -> str:
        """Six hexadecimal digits of the hash of everything in it."""
        return hashlib.sha256(json.dumps(self._plain(), sort_keys=True).encode()).hexdigest()[:6]

    def _plain(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_none=True)
