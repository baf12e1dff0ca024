"""What the files of a run hold: one type for each, written and read, and the lines that tell how a point ended."""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from featlearn.runs.statuses import Ended, Status
from featlearn.storage.records import FileRecord, Record, Text, parse_object
from featlearn.theory.activations import Activation, activation, label_of
from featlearn.theory.activations.own_fingerprint import Fingerprint
from featlearn.training.column import LARGEST_COUNT, Row
from featlearn.training.columns import COLUMNS

Count = Annotated[int, Field(ge=0, le=LARGEST_COUNT)]
Size = Annotated[int, Field(ge=1, le=LARGEST_COUNT)]

EnvironmentName = Annotated[str, Field(pattern=r"^e[1-9][0-9]{0,5}$")]


# --- rows ---------------------------------------------------------------------------------------


def parse_row(text: bytes) -> Row:
    """A metrics row, with every column. Raises ValueError when the text is none."""
    return checked_row(parse_object(text))


def checked_row(row: dict[str, Any]) -> Row:
    """The row with every column in order, and no other; numbers but counts are floats, however they were written.

    Raises:
        ValueError: when a value cannot be one of its column.
    """
    checked = {}
    for name, column in COLUMNS.items():
        value = row.get(name)
        if type(value) is not float or not isfinite(value) or column.kind in ("text", "count"):  # most values are plain
            if not column.holds(value):
                raise ValueError(f"{name} is {value!r:.100}" if name in row else f"it has no {name}")
            value = column.read(value)
        checked[name] = value
    return checked


FinalRow = Annotated[Row, AfterValidator(checked_row)]


# --- run.json -----------------------------------------------------------------------------------


class GitRecord(Record):
    """Commit of the code, and whether it was changed since; None where that is not known."""

    commit: str | None = None
    dirty: bool | None = None


class Environment(Record):
    """What goes on with something that another environment began.

    Attributes:
        created: since when.
        step: of a run: how far it was then.
        name: of a sweep: as its results have it. What began it is called ``e1``.
    """

    created: str
    versions: dict[str, str | None]
    machine: dict[str, str]
    git: GitRecord
    step: Count | None = None
    name: EnvironmentName | None = None


class Provenance(FileRecord):
    """When and with what something was made."""

    created: str
    versions: dict[str, str | None]
    machine: dict[str, str]
    git: GitRecord

    @classmethod
    def upgraded(cls, value: dict[str, Any], old: int) -> dict[str, Any]:
        return {"created": "", "versions": {}, "machine": {}, "git": {}} | value


def changes(before: Environment | Provenance, now: Environment) -> list[str]:
    """In what an environment differs from an earlier one, so that the bits of what they compute may differ."""
    pairs = [(name, before.versions.get(name), text) for name, text in now.versions.items() if before.versions]
    pairs += [(key, before.machine.get(key, text), text) for key, text in now.machine.items()]
    if before.git.commit and now.git.commit:
        pairs.append(("commit", _commit(before.git), _commit(now.git)))
    return [f"{key} {old or 'none'} → {new or 'none'}" for key, old, new in pairs if old != new]


def _commit(git: GitRecord) -> str:
    return f"{git.commit:.7}{' (changed since)' if git.dirty else ''}"


class StageRecord(Record):
    """One finished stage.

    Attributes:
        neurons, distinct_neurons: of the student, and those that were trained, see ``training.twins``; None where it
            was not written yet.
        then: the operations at its end.
        loss_before: the loss before them, on the data where there is no teacher; None without any.
        vanished: True where it ended with a network that is zero, see ``recorder.has_vanished``; None otherwise.
    """

    name: str
    steps: Count
    seconds: float
    stop_reason: str
    neurons: Size | None = None
    distinct_neurons: Size | None = None
    then: tuple[str, ...] | None = None
    loss_before: float | None = None
    vanished: bool | None = None

    @model_serializer(mode="wrap")
    def _without_unknown(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What was not written stays so: older checkpoints keep their digests."""
        found: dict[str, Any] = handler(self)
        return {name: value for name, value in found.items() if value is not None}


class AtomRecord(Record):
    """An atom of an optimum: its mass, and its direction as a combination of the teacher's."""

    mass: float
    angle: float
    teacher: Count
    combination: tuple[float, ...]


class OptimumRecord(Record):
    """The optimum at one λ."""

    weight_decay: float
    lower: float
    upper: float
    certified: bool
    largest_certificate: float
    atoms: tuple[AtomRecord, ...]


class FloorsRecord(Record):
    """The least losses of predictors that are linear in features of the start, and ‖f*‖²."""

    random_features: float | None
    ntk: float | None
    target: float


class ExplainedZeros(Record):
    """How many eigenvalues of a Hessian are zero for a reason, see ``training.curvature``."""

    balance: Count = 0
    rotation: Count = 0
    coinciding: Count = 0
    dead: Count = 0


class CurvatureRecord(Record):
    """The Hessian of the objective of the last stage at the end of a run, over its trained weights.

    Attributes:
        least, largest: its extreme eigenvalues.
        negative, zeros: how many eigenvalues are below and within −1e-8 and 1e-8 of the largest; of zeros None where
            not all eigenvalues were found.
        vanished, grows: how many neurons at zero are left out, and whether one would grow.
        undecided: how many neurons with a kink have a row near zero, but no such output weight.
        eigenvalues: in rising order, to seven digits: all, or some at both ends.
    """

    verdict: Literal["minimum", "saddle", "flat", "not stationary", "not decided"]
    grad_norm: float
    least: float
    largest: float
    parameters: Count
    negative: Count
    zeros: Count | None
    explained: ExplainedZeros
    vanished: Count = 0
    grows: bool = False
    undecided: Count = 0
    eigenvalues: tuple[Annotated[float, Field(ge=-1e200, le=1e200)], ...]  # differences of which are finite


class SeriesRecord(Record):
    """The Hermite series of an activation, for the rows that a run logged.

    Attributes:
        degree: D, or None where no degree holds for such rows.
        largest_norm: of the rows of student and teacher.
        bound: of what the degrees above D change in K and its derivatives, or of what the components leave out; None
            without either.
        largest_bias: of the same rows, |b|; None where they have none.
        components: of the sum that takes the place of the series for such rows; None where there is none.
    """

    degree: Count | None
    largest_norm: float
    bound: float | None
    largest_bias: float | None = None
    components: Count | None = None


class ActivationRecord(Record):
    """An activation, as the configuration names it."""

    name: str
    drop_hermite_below: Count
    negative_slope: float | None = None
    coefficients: list[float] | None = None

    def entry(self) -> Activation:
        """The activation itself. Raises ValueError when this version does not know it."""
        return activation(self.name, self.drop_hermite_below, **self._parameters)

    @property
    def label(self) -> str:
        """As people read it."""
        return label_of(self.name, self._parameters.values())

    @property
    def _parameters(self) -> dict[str, Any]:
        given = {"negative_slope": self.negative_slope, "coefficients": self.coefficients}
        return {key: value for key, value in given.items() if value is not None}


class RunInfo(Provenance):
    """``run.json``. Its format is also that of the log and of the snapshots beside it.

    What version 0.1.0 did not write is None: the width m* and the rank of the teacher, and the activation. A polynomial
    target has its formula, a rank and no width.
    """

    status: Status
    name: Text
    config_hash: str
    seed: int | None
    teacher_width: Size | None
    rank: Size | None
    polynomial: Text | None = None
    activation: ActivationRecord | None
    backend: str | None
    device: str | None
    threads: int | None
    precision: str | None
    final: FinalRow | None = None
    stages: tuple[StageRecord, ...] = ()
    seconds: float = 0.0
    loss_floor: float | None = None
    optima: tuple[OptimumRecord, ...] = ()
    floors: FloorsRecord | None = None
    curvature: CurvatureRecord | None = None
    conditioning: float | None = None  # of teacher neurons, see ``theory.conditioning``
    series: SeriesRecord | None = None
    own_functions: dict[str, Fingerprint | tuple[float, ...]] | None = (
        None  # the user's own, see ``runs.own_functions``
    )
    rows: Count | None = None  # rows of the log, once the run has stopped
    message: Text | None = None
    traceback: Text | None = None
    resumed: Count = 0
    continued_by: tuple[Environment, ...] = ()  # each from its step on, when it is not the one before

    @classmethod
    def upgraded(cls, value: dict[str, Any], old: int) -> dict[str, Any]:
        unsaid = ("seed", "teacher_width", "rank", "activation", "backend", "device", "threads", "precision")
        return super().upgraded({"name": "", "config_hash": ""} | dict.fromkeys(unsaid) | value, old)


# --- checkpoints and results --------------------------------------------------------------------


class ProgressRecord(FileRecord):
    """What a checkpoint says of a run, beside its arrays.

    Attributes:
        config_hash: of the run.
        position: of the state, see ``plan.Position``.
        row_stage_step: of the state at the last row, where that is another one.
        rows, snapshots: how many there were.
        snapshot_sums: the checksums of the arrays of the snapshots.
        decays: each λ of a row that has a gap.
        largest_norm, largest_bias: of the rows that were logged, where the kernel is a series.
        digest: of all this and the arrays, see ``checkpoints``.
    """

    format: int = 3

    config_hash: str
    position: tuple[Count, Count, Count]
    row_stage_step: Count | None
    rows: Count
    snapshots: Count
    snapshot_sums: tuple[Count, ...]
    decays: tuple[float, ...]
    start_loss: float | None
    loss_floor: float
    stages: tuple[StageRecord, ...]
    seconds: float
    largest_norm: float | None = None
    largest_bias: float | None = None
    digest: str = ""

    @model_serializer(mode="wrap")
    def _without_series(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Where there is no series nothing is said of one: older checkpoints keep their digests."""
        found: dict[str, Any] = handler(self)
        return {
            key: its for key, its in found.items() if its is not None or key not in ("largest_norm", "largest_bias")
        }

    @classmethod
    def upgraded(cls, value: dict[str, Any], old: int) -> dict[str, Any]:
        if old < 2:
            raise ValueError("an older version of featlearn wrote it, which kept the snapshots in another way")
        return value  # without how many neurons were trained


class PointResult(Record):
    """How one point of a sweep ended, a line of its journal; ``final`` is its last metrics row."""

    model_config = ConfigDict(extra="forbid")

    id: str
    config_hash: str
    status: Ended
    final: FinalRow | None = None
    loss_floor: float | None = None
    seconds: float = 0.0
    message: Text | None = None
    traceback: Text | None = None
    attempt: Size = 1
    environment: EnvironmentName | None = None  # that computed it, where it is not the one that began the sweep

    @classmethod
    def of_info(cls, point: str, info: RunInfo) -> PointResult | None:
        """What ``run.json`` says of a point that has a run directory; None when it has not ended."""
        if info.status == "running" or info.status == "interrupted":
            return None
        return cls.made_of(info, id=point)
