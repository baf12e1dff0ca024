"""The section ``data`` of a configuration: what is trained on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from featlearn.config.section import Count, NotNegative, Section, Violations


class PopulationData(Section):
    """The whole Gaussian distribution: losses and gradients are exact, nothing is sampled."""

    kind: Literal["population"] = "population"


class EmpiricalData(Section):
    """One sample for the whole run: drawn inputs with the teacher's labels, or data of your own (``path``)."""

    kind: Literal["empirical"]
    samples: Count | None = Field(None, description="n, the number of drawn inputs; not beside `path`")
    noise_std: NotNegative | None = Field(
        None, description="σ of the Gaussian noise on drawn labels; default 0, not beside `path`"
    )
    path: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="data of your own instead: an `.npz` with `inputs` (n, d) and `labels` (n), or a `.csv` with the "
        "columns `input_0` … and `label`; a relative path starts at the configuration",
    )
    sha256: str | None = Field(None, description="digest that the file at `path` must have; filled in by a run")

    def settled(self) -> dict[str, Any]:
        return {"noise_std": self.noise_std or 0.0} if self.path is None else {}

    def violations(self) -> Violations:
        if self.path is None:
            if self.samples is None:
                yield ("samples",), "missing; the number of inputs to draw (or give the `path` of your own data)"
            if self.sha256 is not None:
                yield ("sha256",), "belongs to a `path`; leave it out"
        else:
            for key in ("samples", "noise_std"):
                if getattr(self, key) is not None:
                    yield (key,), "is for drawn data, and the data come from `path`; leave it out"


class OnlineData(Section):
    """A fresh batch at each step, its labels exact but for their noise."""

    kind: Literal["online"]
    batch_size: Count = Field(description="inputs in the batch of each step")
    noise_std: NotNegative = Field(0.0, description="σ of the Gaussian noise on the labels")


Data = Annotated[PopulationData | EmpiricalData | OnlineData, Field(discriminator="kind")]
