"""The paper's claims as data: a sentence, the sweeps that test it, what is measured, and the thresholds it is held to.

Each file of ``configs/paper/claims/`` is one claim. How its numbers are measured from finished sweeps is the short
function of the same name in ``judges_of_runs`` or ``judges_of_optima``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from featlearn.experiments.complaints import complaints_about
from featlearn.experiments.config_section import Problems, Section
from featlearn.experiments.intervals import Measured
from featlearn.experiments.sweep_file import load_sweep
from featlearn.experiments.yaml_source import Complaint, ConfigError, Mark, dump_yaml, read_document

CLAIMS = (  # in the order in which they are told
    "subspace",
    "local",
    "decay",
    "end",
    "beyond-ntk",
    "optimum",
    "geometry",
    "descent",
    "certificate",
    "rate",
    "width",
    "samples",
)
Text = Annotated[str, Field(min_length=1)]


class Check(Section):
    """One number and what it must be."""

    measures: Text = Field(description="what the number is, in words")
    above: float | None = Field(None, description="the number must be greater than this")
    below: float | None = Field(None, description="the number must be less than this")
    judged_by: Literal["interval", "value"] = Field(
        "interval", description="whether the whole 95 % interval must be on the right side, or the value alone"
    )

    def problems(self) -> Problems:
        if self.above is None and self.below is None:
            yield (), "needs a threshold: above, below or both"

    def holds(self, measured: Measured) -> bool:
        """Whether a measured number is what it must be."""
        low, high = (measured.low, measured.high) if self.judged_by == "interval" else (measured.value,) * 2
        return (self.above is None or low > self.above) and (self.below is None or high < self.below)

    @property
    def threshold(self) -> str:
        """As people read it: > 0.95, 1.9 … 2.1."""
        if self.above is None or self.below is None:
            return f"> {self.above:g}" if self.below is None else f"< {self.below:g}"
        return f"{self.above:g} … {self.below:g}"


class ClaimSweep(Section):
    """A sweep that a claim rests on."""

    file: Text = Field(description="the sweep file, relative to the claim's")
    quick: dict[str, Any] = Field({}, description="keys of the sweep file that a quick reproduction replaces")


class Claim(Section):
    """A claim file."""

    sentence: Text = Field(description="the claim")
    origin: Literal["paper", "reading"] = Field(description="paper: in its abstract; reading: how we read it")
    source: Text = Field(description="where it comes from")
    falsified_by: Text = Field(description="what would show that it is wrong")
    edge: Text = Field(description="where it is expected to stop holding, and how that is looked for")
    parameters: dict[str, float] = Field({}, description="numbers that the measurement needs")
    sweeps: dict[str, ClaimSweep] = Field({}, description="the runs that it is measured on")
    checks: dict[str, Check] = Field(min_length=1, description="what is measured, and the thresholds")


@dataclass(frozen=True)
class Series:
    """A curve of a claim's figure, with intervals where they are known."""

    name: str
    x: list[float]
    y: list[float]
    low: list[float] | None = None
    high: list[float] | None = None
    style: Literal["line", "points"] = "line"


@dataclass(frozen=True)
class Panel:
    """A claim's figure as data."""

    x: str
    y: str
    series: list[Series]
    log_x: bool = False
    log_y: bool = False
    marks: dict[str, float] = field(default_factory=dict)  # horizontal lines, by what they say


@dataclass(frozen=True)
class Findings:
    """What a judge found: a number for each check, sentences about the edge, and the figure."""

    measured: dict[str, Measured]
    edges: list[str]
    panel: Panel


# --- reading ------------------------------------------------------------------------------------


def claims_directory() -> Path:
    """``configs/paper/claims`` below this directory, or in the clone that the package lies in.

    Raises:
        ConfigError: when there is neither.
    """
    beside = Path("configs", "paper", "claims")
    for path in (beside, Path(__file__).parents[2] / beside):
        if path.is_dir():
            return path
    text = "there is no such directory here; run this in a clone of the repository"
    raise ConfigError([Complaint(Mark(str(beside)), "(directory)", text)])


def load_claim(name: str, directory: Path) -> Claim:
    """A claim. Raises ConfigError with everything that is wrong with its file."""
    document = read_document(directory / f"{name}.yaml")
    try:
        claim = Claim.model_validate(document.data)
    except ValidationError as error:
        raise ConfigError(document.complaints + complaints_about(document, error.errors(), Claim)) from None
    if document.complaints:
        raise ConfigError(document.complaints)
    return claim


def sweep_files(claim: Claim, directory: Path, *, quick: bool) -> Iterator[tuple[str, str, str]]:
    """For each sweep of a claim: its name there, a file name for it, and the sweep file as it is run (YAML)."""
    for name, sweep in claim.sweeps.items():
        path = (directory / sweep.file).resolve()
        plain = load_sweep(path).plain()
        if quick:
            plain = _with(plain, sweep.quick)
        yield name, path.name, dump_yaml(plain)


def _with(plain: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A sweep with some keys replaced, and axes of its grid one by one; an axis that is null goes."""
    changed = copy.deepcopy(plain)
    for key, value in changes.items():
        if key == "grid":
            changed["grid"] = {k: v for k, v in {**changed["grid"], **value}.items() if v is not None}
        else:
            changed[key] = value
    return changed
