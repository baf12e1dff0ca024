"""The file of a claim: a sentence, the sweeps that test it, what is measured, and the thresholds it is held to."""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import Field

from featlearn.claims.intervals import Measured
from featlearn.config.complaints import did_you_mean
from featlearn.config.section import Section, Violations
from featlearn.sweeps.model import SweepConfig

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


class ClaimFile(Section):
    """What the file of a claim says."""

    order: float = Field(description="its place among the claims of its paper: smaller numbers come first")
    sentence: Text = Field(description="the claim")
    origin: Literal["paper", "reading"] = Field(description="paper: in its abstract; reading: how we read it")
    source: Text = Field(description="where it comes from")
    falsified_by: Text = Field(description="what would show that it is wrong")
    edge: Text = Field(description="where it is expected to stop holding, and how that is looked for")
    parameters: dict[str, float] = Field({}, description="numbers that the measurement needs")
    sweeps: dict[str, ClaimSweep] = Field({}, description="the runs that it is measured on")
    checks: dict[str, Check] = Field(min_length=1, description="what is measured, and the thresholds")
