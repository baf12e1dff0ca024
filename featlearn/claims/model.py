"""The files of a paper: what it is, and for each claim a sentence, sweeps, what is measured, and thresholds."""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import Field

from featlearn.claims.intervals import Measured
from featlearn.config.complaints import did_you_mean
from featlearn.config.section import Section, Violations
from featlearn.sweeps.model import SweepConfig

Text = Annotated[str, Field(min_length=1)]
Numbers = Annotated[tuple[float, ...], Field(min_length=1, strict=False)]  # YAML has lists


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


class Published(Section):
    """Published numbers, drawn as points in the figure of a claim, in its units."""

    x: Numbers = Field(description="where they stand")
    y: Numbers = Field(description="the numbers")
    source: Text = Field(description="where they were published")

    def violations(self) -> Violations:
        if len(self.x) != len(self.y):
            yield ("y",), f"has {len(self.y)} entries, and x has {len(self.x)}"


class PaperFile(Section):
    """What ``paper.yaml`` says of a paper."""

    title: Text = Field(description="its title")
    authors: list[Text] = Field(min_length=1, description="their names")
    year: int = Field(description="when it appeared")
    source: Text = Field(description="its number in arXiv, or where it appeared")
    code: Text | None = Field(None, description="the repository of its authors")
    setting: Text = Field(description="what is trained on what")
    shows: Text = Field(description="what the published figure shows")
    unconfirmed: list[Text] = Field([], description="what no stored source confirmed")
    ours: list[Text] = Field([], description="constants and choices that are ours")
    minutes: float | None = Field(None, gt=0, description="what a full reproduction takes on two cores")


class ClaimFile(Section):
    """What the file of a claim says."""

    order: float = Field(description="its place among the claims of its paper: smaller numbers come first")
    sentence: Text = Field(description="the claim")
    origin: Literal["paper", "reading"] = Field(description="paper: said or shown by it; reading: how we read it")
    source: Text = Field(description="where it comes from")
    falsified_by: Text = Field(description="what would show that it is wrong")
    edge: Text = Field(description="where it is expected to stop holding, and how that is looked for")
    parameters: dict[str, float] = Field({}, description="numbers that the measurement needs")
    published: dict[str, Published] = Field({}, description="published numbers, by what they are")
    sweeps: dict[str, ClaimSweep] = Field({}, description="the runs that it is measured on")
    checks: dict[str, Check] = Field(min_length=1, description="what is measured, and the thresholds")
