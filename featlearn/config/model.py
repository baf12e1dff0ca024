"""The configuration as a whole, and the rules between its sections. The documentation prints the descriptions of keys.

Models are strict (a boolean is no integer, text is no number), frozen, and know every rule that holds within one file.
A valid configuration is complete: defaults that depend on other keys are written out. ``config.load`` reads files.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import Field

from featlearn.config.activation import ActivationChoice, why_not
from featlearn.config.biases import violations_of_biases, why_no_gap
from featlearn.config.data import Data, EmpiricalData, OnlineData, PopulationData
from featlearn.config.inputs import Inputs
from featlearn.config.log import Log
from featlearn.config.schedules import LayerSchedules
from featlearn.config.second_order import violations_of_second_order
from featlearn.config.section import Section, Violations, WholeNumber
from featlearn.config.stages import StageConfig, StageName
from featlearn.config.student import ExplicitInit, NearTeacherInit, Student
from featlearn.config.teacher import Teacher
from featlearn.config.yaml_source import dump_yaml
from featlearn.theory.activations import DROP_SETTINGS, Activation, activation, names_of_degree, names_with_optimum
from featlearn.theory.activations.biased import with_biases
from featlearn.theory.targets.cross import cross_kernel, cross_kernel_with_biases
from featlearn.training.backends import resolved_backend
from featlearn.training.column import Compared
from featlearn.training.columns import COLUMNS
from featlearn.training.methods import METHODS, SteppedByBackend
from featlearn.training.operations import OPERATIONS, REDRAW
from featlearn.training.reach import within_reach

MOST_WEIGHTS = 500_000_000  # the largest first layer: 4 GB
MOST_ENTRIES = 500_000_000  # the most numbers in the inputs of a sample or a batch


class Config(Section):
    """One experiment."""

    name: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        "run", description="shown everywhere, and part of the run directory's name"
    )
    seed: Annotated[WholeNumber, Field(ge=0)] = Field(
        0, description="the seed of all randomness; every use of randomness has a generator of its own"
    )
    backend: Literal["auto", "fused", "torch"] = Field(
        "auto",
        description="what computes the steps: fused (compiled, CPU, float64) or torch; auto takes the faster that can",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto is the CPU, which is faster for these small networks"
    )
    precision: Literal["float64", "float32"] = Field(
        "float64", description="precision of weights and steps; metrics are always computed in float64 or better"
    )
    teacher: Teacher | None = Field(None, description="the target; only data of your own (`data.path`) need none")
    student: Student = Field(description="the trained network")
    activation: ActivationChoice = Field(
        ActivationChoice(), description="the activation of the student, and of the teacher unless it has its own"
    )
    inputs: Inputs | None = Field(None, description="the Gaussian distribution of the inputs; default N(0, I)")
    data: Data = Field(PopulationData(), description="what is trained on")
    stages: Annotated[dict[StageName, StageConfig], Field(min_length=1)] = Field(
        description="the stages by name, in order"
    )
    log: Log = Field(Log(), description="what is written along the way")

    def violations(self) -> Violations:
        if not self.name.isprintable():
            yield ("name",), "must be one line of printable characters"
        if self.backend == "fused" and (self.device == "cuda" or self.precision != "float64"):
            yield (
                ("backend",),
                "fused computes on the CPU in float64; use torch (or auto) for other devices and precisions",
            )
        if self.backend == "fused" and self.activation.entry().compiled is None:
            drop = self.activation.drop_hermite_below
            which = self.activation.entry().label + (
                f" with drop_hermite_below {drop}" if drop not in DROP_SETTINGS else ""
            )
            text = f"fused has no compiled kernel of {which}; use torch (or auto)"
            yield ("backend",), text
        for name, stage in self.stages.items():
            if self.backend == "fused" and not self._is_compilable(stage):
                which = f"{stage.method} with student.scaling" if METHODS[stage.method].compilable else stage.method
                text = f"fused has no compiled steps of method {which}; use torch (or auto) as the backend"
                yield ("stages", name, "method"), text
        if self.teacher is None and not self._has_own_data():
            yield ("teacher",), "missing (the target); only data of your own (`data.path`) need none"
            return
        yield from violations_of_biases(self)
        yield from self._target_violations()
        yield from self._input_violations()
        yield from self._student_violations()
        yield from self._scale_violations()
        yield from self._data_violations()
        yield from violations_of_second_order(self)
        degree = self.activation.entry().homogeneous_degree
        for name, stage in self.stages.items():
            if REDRAW in stage.then and self.student.redraw() is None:
                text = (
                    f"{REDRAW} draws as the start does, and student.init {self.student.init.kind} draws no second layer"
                )
                yield ("stages", name, "then"), f"{text}: use kind gaussian, sphere or symmetric"
            for operation in stage.then:
                wanted = OPERATIONS[operation].homogeneous_degree
                if wanted not in (None, degree):
                    those = ", ".join(names_of_degree(wanted))
                    known = f"{self.activation.entry().label} is not homogeneous of degree {wanted} ({those} are)"
                    text = f"{operation} would change the network: {known}; leave it out, as in then: []"
                    yield ("stages", name, "then"), text
            yield from self._stop_violations(name, stage)

    def _target_violations(self) -> Violations:
        """Of targets that are not neurons of the student's activation."""
        student, teacher = self.activation.entry(), self.teacher
        if teacher is None or self._has_own_neurons():
            return
        if self.backend == "fused" and teacher.polynomial is None:
            text = "fused learns polynomials and neurons of the student's activation alone; use torch (or auto)"
            yield ("backend",), text
        if self.log.floors:
            text = "floors are known for teachers of neurons of the student's activation alone; leave them out"
            yield ("log", "floors"), text
        if teacher.polynomial is not None:
            if student.hermite is None:
                yield (
                    ("activation", "name"),
                    f"the Hermite moments of {student.name}, which a polynomial needs, are unknown",
                )
            if isinstance(self.student.init, NearTeacherInit):
                yield ("student", "init", "kind"), "near_teacher needs a teacher of neurons, and this is a polynomial"
            return
        assert teacher.activation is not None
        why = why_not(teacher.activation, self.activation.drop_hermite_below)
        if why is None:
            try:
                other = self.teacher_activation()
                assert other is not None
                (cross_kernel_with_biases if self.student.has_biases else cross_kernel)(student, other)
            except ValueError as error:
                why = str(error)
        if why is not None:
            yield ("teacher", "activation", "name"), why

    def _input_violations(self) -> Violations:
        """Of inputs with a covariance."""
        if self.is_standard:
            return
        assert self.inputs is not None
        given, dim = self.inputs.covariance, self.shape()[1]
        if self._has_own_data():
            yield ("inputs", "covariance"), "is for drawn inputs, and the data come from `data.path`; leave it out"
        elif self.teacher is not None and self.teacher.polynomial is not None:
            text = "polynomials are known for inputs N(0, I) alone; leave it out, or take a teacher of neurons"
            yield ("inputs", "covariance"), text
        elif isinstance(given, list) and len(given) != dim:
            yield ("inputs", "covariance"), f"has {len(given)} variances for inputs of {dim} dimensions"
        if self.backend == "fused":
            yield ("backend",), "fused computes for inputs N(0, I); with a covariance use torch (or auto)"

    def entry(self) -> Activation:
        """The activation of the student's neurons, of a valid configuration: with biases where it has them."""
        plain = self.activation.entry()
        return with_biases(plain) if self.student.has_biases else plain

    @property
    def is_standard(self) -> bool:
        """Whether inputs are N(0, I)."""
        return self.inputs is None or self.inputs.covariance == "identity"

    def _has_own_neurons(self) -> bool:
        """Whether the target is made of neurons of the student's activation."""
        teacher = self.teacher
        if teacher is None or (teacher.polynomial is None and teacher.activation is None):
            return True
        own = teacher.activation
        return own is not None and own.name == self.activation.name and own.parameters() == self.activation.parameters()

    def teacher_activation(self) -> Activation | None:
        """The teacher's, where it is another than the student's: with biases where that one has them."""
        if self.teacher is None or self.teacher.activation is None or self._has_own_neurons():
            return None
        own = self.teacher.activation
        plain = activation(own.name, self.activation.drop_hermite_below, **own.parameters())
        return with_biases(plain) if self.student.has_biases else plain

    def _is_compilable(self, stage: StageConfig) -> bool:
        """Whether the fused backend can serve a stage; it trains c a of a network c Σ_j a_j φ(w_j·x)."""
        method = METHODS[stage.method]
        of_scaled = self.student.scaling is None or method.scaled or not isinstance(method, SteppedByBackend)
        return method.compilable and of_scaled

    def _stop_violations(self, name: str, stage: StageConfig) -> Violations:
        if stage.stop is None:
            return
        given = [key for key, value in dict(stage.stop).items() if value is not None]
        for key in given:
            if (why := self.why_null(key, stage)) is not None:
                yield ("stages", name, "stop", key), why

    def why_null(self, column: str, stage: StageConfig) -> str | None:
        """Why a column is null in every row of a stage, and what to use; None where it has values, or may have."""
        compares = COLUMNS[column].compares
        held_out = isinstance(self.data, EmpiricalData) and (self.data.test_path or self.data.test_fraction)
        if self.teacher is None and compares is not None:
            return "is not known without a teacher; use grad_norm"
        if compares is not None and (why := self._why_not_compared(compares)):
            return f"{why}; use loss or subspace"
        if (column == "train_loss" and self.data.kind == "population") or (column == "test_loss" and not held_out):
            return "is null with these data; use loss"
        if column == "kernel_motion" and not self.is_standard:
            return "is null with an inputs.covariance; use feature_motion"
        return self._why_no_gap(stage) if column == "gap" else None

    def _why_not_compared(self, compares: Compared) -> str | None:
        """Why a column that compares with a part of the teacher is null; None where it is not."""
        if compares != "target" and self.teacher is not None and self.teacher.polynomial is not None:
            return "is null for a polynomial, which has no neurons"
        if compares == "masses" and not self._has_own_neurons():
            return "is null for a teacher of another activation, whose masses are not those of the student"
        if compares == "masses" and self.student.has_biases:
            return "is null for a student with biases, whose masses do not add up to those of the teacher"
        return None

    def _why_no_gap(self, stage: StageConfig) -> str | None:
        """Why the gap to the optimum is not known in a stage; None where it is."""
        assert self.teacher is not None
        lines, rank = self.teacher.shape()[0], self.teacher.dimension_of_span()
        if not self.log.gap:
            return "needs the gap, and log.gap is false"
        if not self.is_standard:
            return "the gap is known for inputs N(0, I); use loss or grad_norm"
        if not self._has_own_neurons():
            return "the gap is known for teachers of neurons of the student's activation; use loss or grad_norm"
        if self.student.output_scale is not None:
            return "the gap is known for networks without student.output_scale; use loss or grad_norm"
        if self.student.scaling is not None:
            return "the gap is known for networks without a factor in front (student.scaling); use loss or grad_norm"
        if self.student.has_biases:
            return why_no_gap()
        if self.activation.entry().degree_one is None:
            known = f"an activation that is homogeneous of degree 1 ({', '.join(names_with_optimum())})"
            return f"the gap is known for {known}, not for {self.activation.entry().label}"
        if stage.loss == "correlation":
            return "the gap is known where the squared loss is minimised, not the correlation; use loss or grad_norm"
        decay = stage.weight_decay
        if decay == 0 or (isinstance(decay, LayerSchedules) and 0 in (decay.first_layer, decay.second_layer)):
            return "there is no gap without weight decay; use loss or grad_norm"
        if not within_reach(lines, rank):
            return f"the optimum of {lines} teacher neurons in {rank} dimensions is too costly; use loss or grad_norm"
        return None

    def _student_violations(self) -> Violations:
        width, dim = self.shape()
        init = self.student.init
        if isinstance(init, NearTeacherInit) and self.teacher is None:
            yield ("student", "init", "kind"), "near_teacher needs a teacher"
        if dim is None:
            return
        if self.student.width is not None and self.student.width * dim > MOST_WEIGHTS:
            yield ("student", "width"), f"{self.student.width} rows of {dim} are more than {MOST_WEIGHTS} weights"
        if isinstance(init, NearTeacherInit):
            if self.student.width is not None and self.student.width < width:
                yield ("student", "width"), f"{self.student.width} neurons cannot start near {width} teacher lines"
            if dim == 1 and init.angle > 0:
                yield ("student", "init", "angle"), "in one dimension no row lies at an angle to the teacher"
        if isinstance(init, ExplicitInit) and len(init.first_layer[0]) != dim:
            given = len(init.first_layer[0])
            yield ("student", "init", "first_layer"), f"rows have {given} entries, the inputs {dim}"

    def _scale_violations(self) -> Violations:
        if self.student.output_scale is None:
            return
        for name, stage in self.stages.items():
            if stage.loss == "correlation":
                text = "the correlation with the target is known for networks without student.output_scale; use squared"
                yield ("stages", name, "loss"), text
            if not METHODS[stage.method].scaled:
                scaled = ", ".join(method.name for method in METHODS.values() if method.scaled)
                known = f"with student.output_scale one of: {scaled}"
                text = f"dividing the step by α² has no clear meaning for method {stage.method}; use {known}"
                yield ("stages", name, "method"), text

    def _data_violations(self) -> Violations:
        for name, stage in self.stages.items():
            if stage.sample is not None and not isinstance(self.data, EmpiricalData):
                text = f"is for a fixed sample, and the data are {self.data.kind}; use data: {{kind: empirical, …}}"
                yield ("stages", name, "sample"), text
        if self.data.kind == "population":
            return
        if self.backend == "fused":
            yield (
                ("backend",),
                f"fused computes on population data, and the data are {self.data.kind}; use torch (or auto)",
            )
        kept = self.teacher is not None and self.teacher.polynomial is not None and not self._has_own_data()
        if self.data.kind == "empirical" and not kept and self.activation.drop_hermite_below not in DROP_SETTINGS:
            text = "what labels lose with these degrees is not known from data"
            allowed = " and ".join(map(str, DROP_SETTINGS))
            yield ("activation", "drop_hermite_below"), f"{text}; empirical data take {allowed}"
        key = "batch_size" if isinstance(self.data, OnlineData) else "samples"
        count, dim = getattr(self.data, key) or 0, self.shape()[1] or 0
        if count * dim > MOST_ENTRIES:
            yield ("data", key), f"{count} inputs of {dim} entries are more than {MOST_ENTRIES} numbers"
        for name, stage in self.stages.items():
            if stage.sample is not None and self._has_own_data():
                yield (
                    ("stages", name, "sample"),
                    "fresh samples are drawn, and the data come from `data.path`; leave it out",
                )
            if METHODS[stage.method].fixed_loss and self.data.kind == "online":
                changing = "online data have a new one at each step"
                *others, last = [method.name for method in METHODS.values() if not method.fixed_loss]
                text = f"{stage.method} needs a fixed loss, and {changing}; use {', '.join(others)} or {last}"
                yield ("stages", name, "method"), text

    def _has_own_data(self) -> bool:
        return isinstance(self.data, EmpiricalData) and self.data.path is not None

    def shape(self) -> tuple[int, int | None]:
        """m* and d: 0 and the dimension of the data without a teacher, None until their file was read."""
        if self.teacher is not None:
            return self.teacher.shape()
        return 0, self.data.input_dim if isinstance(self.data, EmpiricalData) else None

    def settled(self) -> dict[str, Any]:
        sampled = self.data.kind != "population"
        polynomial = self.teacher is not None and self.teacher.polynomial is not None
        of_target = (polynomial or self._has_own_neurons()) and self.is_standard
        compilable = of_target and all(map(self._is_compilable, self.stages.values()))
        backend, device = resolved_backend(
            self.backend,
            self.device,
            self.precision,
            sampled=sampled,
            activation=self.entry(),
            compilable=compilable,
        )
        inputs = None if self.is_standard else self.inputs
        return {"backend": backend, "device": device, "inputs": inputs}

    def to_yaml(self) -> str:
        """YAML text that reads back as this configuration."""
        return dump_yaml(self._plain())

    def digest(self) -> str:
        """Six hexadecimal digits of the hash of everything in it but ``log.floors`` and ``log.curvature``, which change
        no row; a file counts by its content, wherever it lies."""
        plain = self._hashed()
        plain["log"]["floors"] = True  # the default of version 0.1.0
        for section in (plain["data"], plain["student"]["init"]):
            for key in ("", "test_"):
                if f"{key}sha256" in section:
                    del section[f"{key}path"]
        return _digest(plain)

    def answers_to(self, digest: str) -> bool:
        """Whether a digest that was stored is its own. In those of older versions the paths of files counted, too."""
        return digest == self.digest() or digest == _digest(self._hashed())

    def _hashed(self) -> dict[str, Any]:
        plain = self._plain()
        del plain["log"]["curvature"]  # older versions have none
        return plain

    def _plain(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_none=True)


def _digest(plain: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:6]
