"""What the JSON files of a run hold, checked when they are read: somebody may have edited or damaged them."""

from __future__ import annotations

import json
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError, model_validator

from featlearn.training.columns import COLUMNS

Status = Literal["running", "done", "failed", "diverged", "interrupted"]


class _Record(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="allow")


class StageRecord(_Record):
    """One finished stage in ``run.json``."""

    name: str
    steps: NonNegativeInt
    seconds: float
    stop_reason: str


class AtomRecord(_Record):
    """An atom of an optimum: its mass, and its direction as a combination of the teacher's."""

    mass: float
    angle: float
    teacher: NonNegativeInt
    combination: list[float]


class OptimumRecord(_Record):
    """The optimum at one λ in ``run.json``."""

    weight_decay: float
    lower: float
    upper: float
    certified: bool
    largest_certificate: float
    atoms: list[AtomRecord]


class FloorsRecord(_Record):
    """The least losses of predictors that are linear in features of the start, and ‖f*‖², in ``run.json``."""

    random_features: float | None
    ntk: float | None
    target: float


class InfoRecord(_Record):
    """``run.json``."""

    status: Status
    name: str = ""
    config_hash: str = ""
    final: dict[str, float | str | None] | None = None
    stages: list[StageRecord] = []
    seconds: float = 0.0
    loss_floor: float | None = None
    optima: list[OptimumRecord] = []
    floors: FloorsRecord | None = None
    message: str | None = None
    traceback: str | None = None
    resumed: NonNegativeInt = 0
    versions: dict[str, str | None] = {}
    machine: dict[str, str] = {}
    git: dict[str, str | bool | None] = {}


class ProgressRecord(_Record):
    """What a checkpoint says of a run, beside its arrays."""

    position: list[NonNegativeInt] = Field(min_length=3, max_length=3)
    row_stage_step: NonNegativeInt | None
    rows: NonNegativeInt
    snapshots: NonNegativeInt
    start_loss: float | None
    loss_floor: float
    stages: list[StageRecord]
    seconds: float


class SweepRecord(_Record):
    """``sweep.json``."""

    name: str
    digest: str
    created: str = ""
    points: NonNegativeInt
    axes: list[str]
    sweep: dict[str, Any]
    versions: dict[str, str | None] = {}
    machine: dict[str, str] = {}
    git: dict[str, str | bool | None] = {}


class CheckRecord(_Record):
    """A number that a claim was held to, in ``claims.json``."""

    id: str
    measures: str
    threshold: str
    value: float | None
    low: float | None
    high: float | None
    count: NonNegativeInt
    passed: bool
    judged_by: Literal["interval", "value"]


class SeriesRecord(_Record):
    """A curve of a claim's figure."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid")

    name: str
    x: list[float | None]
    y: list[float | None]
    low: list[float | None] | None = None
    high: list[float | None] | None = None
    style: Literal["line", "points"] = "line"

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if any(column is not None and len(column) != len(self.x) for column in (self.y, self.low, self.high)):
            raise ValueError(f"{self.name}: x, y, low and high are not equally long")
        return self


class PanelRecord(_Record):
    """A claim's figure."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid")

    x: str
    y: str
    series: list[SeriesRecord]
    log_x: bool
    log_y: bool
    marks: dict[str, float]


class ClaimSweepRecord(_Record):
    """A sweep that a claim rests on: its file, relative to the claim's, and how many of its runs got done."""

    name: str
    file: str
    directory: str
    points: NonNegativeInt
    done: NonNegativeInt


class ClaimRecord(_Record):
    """A claim that was judged."""

    id: str
    sentence: str
    origin: Literal["paper", "reading"]
    source: str
    falsified_by: str
    edge: str
    sweeps: list[ClaimSweepRecord]
    checks: list[CheckRecord]
    passed: bool
    message: str | None
    edges: list[str]
    panel: PanelRecord | None
    seconds: float


class ReproductionRecord(_Record):
    """``claims.json``."""

    status: Literal["running", "done"]
    created: str
    quick: bool
    wanted: list[str]
    seconds: float
    claims: list[ClaimRecord]
    versions: dict[str, str | None] = {}
    machine: dict[str, str] = {}
    git: dict[str, str | bool | None] = {}


class ManifestRecord(_Record):
    """A line of a sweep's manifest."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid")

    id: str
    config_hash: str
    values: dict[str, Any]
    problem: str | None = None


class JournalRecord(_Record):
    """A line of a sweep's journal."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid")

    id: str
    config_hash: str
    status: Literal["done", "diverged", "failed"]
    final: dict[str, float | str | None] | None = None
    loss_floor: float | None = None
    seconds: float = 0.0
    message: str | None = None
    traceback: str | None = None
    attempt: NonNegativeInt = 1


def parse_object(text: str | bytes, record: type[BaseModel] | None = None) -> dict[str, Any]:
    """The JSON object in a text, of the shape that ``record`` says.

    Raises:
        ValueError: when it is not; the message is one line.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    if record is not None:
        try:
            record.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(f"{place}: {first['msg']}") from None
    return value


def parse_row(text: str | bytes) -> dict[str, Any]:
    """A metrics row, with every column: null where another version has logged none, and without those it alone knows.

    Raises:
        ValueError: when the text is none.
    """
    given = parse_object(text)
    row = {name: given.get(name) for name in COLUMNS}
    for name, value in row.items():
        if not COLUMNS[name].holds(value):
            raise ValueError(f"{name} is {value!r}" if name in given else f"it has no {name}")
    return row


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
