"""The paper's claims as data: a sentence, the sweeps that test it, what is measured, and the thresholds it is held to.

Each file of ``configs/paper/claims/`` is one claim. How its numbers are measured from finished sweeps is said by the
function that ``judges.JUDGES`` has for it.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from featlearn.claims.intervals import Measured
from featlearn.claims.records import Panel
from featlearn.config.complaints import complaint_at, complaints_about, did_you_mean, hidden_complaints
from featlearn.config.section import Section, Violations
from featlearn.config.yaml_source import Complaint, ConfigError, Mark, dump_yaml, read_document
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.model import SweepConfig

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

    def violations(self) -> Violations:
        if self.above is None and self.below is None:
            yield (), "needs a threshold: above, below or both"
        elif self.above is not None and self.below is not None and self.above >= self.below:
            yield ("below",), f"must be greater than above, {self.above:g}: no number is both"

    def holds(self, measured: Measured) -> bool:
        """Whether a measured number is what it must be. A value with an endless interval is not known to be."""
        low, high = measured.low, measured.high
        if self.judged_by == "value" and isfinite(low) and isfinite(high):
            low = high = measured.value
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

    def violations(self) -> Violations:
        known = list(SweepConfig.model_fields)
        for key in self.quick:
            if key not in known:
                yield ("quick", key), f"unknown key{did_you_mean(key, known, 'those of a sweep file are')}"
        if not isinstance(self.quick.get("grid", {}), dict):
            yield ("quick", "grid"), "expected a mapping: axis → values, or null for an axis that goes"


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
    document = read_document(_file(name, directory))
    try:
        claim = Claim.model_validate(document.data)
    except ValidationError as error:
        found = complaints_about(document, error.errors(), Claim)
        wrong = [c.key for c in found]
        hidden = hidden_complaints(document, error, Claim)  # but for those that a wrong key within them made
        found += [c for c in hidden if not any(key.startswith(c.key) for key in wrong)]
        spoiled = {c.key for c in document.complaints}
        raise ConfigError(document.complaints + [c for c in found if c.key not in spoiled]) from None
    complaints = document.complaints
    for key, sweep in claim.sweeps.items():
        path = _sweep_path(directory, sweep)
        if not path.is_file():
            complaints.append(complaint_at(document, ("sweeps", key, "file"), f"{path}: no such file"))
    if complaints:
        raise ConfigError(complaints)
    return claim


def _file(name: str, directory: Path) -> Path:
    return directory / f"{name}.yaml"


def _sweep_path(directory: Path, sweep: ClaimSweep) -> Path:
    return Path(os.path.normpath(directory / sweep.file))


def sweep_files(claim: Claim, directory: Path, *, quick: bool) -> Iterator[tuple[str, str, str]]:
    """For each sweep of a claim: its name there, a file name for it, and the sweep file as it is run (YAML).

    Raises:
        ConfigError: with everything that is wrong with a sweep file, or with what ``quick`` makes of it.
    """
    for name, sweep in claim.sweeps.items():
        path = _sweep_path(directory, sweep)
        plain = load_sweep(path).plain()
        text = dump_yaml(plain)
        if quick and sweep.quick:
            text = dump_yaml(_with(plain, sweep.quick))
            _check_quick(text, path, name)
        yield name, path.name, text


def _check_quick(text: str, path: Path, name: str) -> None:
    """Raises ConfigError when a sweep is none once the keys of ``quick`` are in it."""
    with TemporaryDirectory() as place:
        file = Path(place, path.name)
        file.write_text(text, encoding="utf-8")
        try:
            load_sweep(file)
        except ConfigError as error:
            found = [
                Complaint(Mark(str(path)), f"{c.key} (as sweeps.{name}.quick has it)", c.message)
                for c in error.complaints
            ]
            raise ConfigError(found) from None


def _with(plain: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A sweep with some keys replaced, and axes of its grid one by one; an axis that is null goes."""
    changed = copy.deepcopy(plain)
    for key, value in changes.items():
        if key == "grid":
            changed["grid"] = {k: v for k, v in {**changed.get("grid", {}), **value}.items() if v is not None}
        else:
            changed[key] = value
    return changed
