"""The section ``data`` of a configuration: what is trained on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from featlearn.config.data_columns import Wanted
from featlearn.config.section import Count, Dimension, NotNegative, Section, Violations

Name = Annotated[  # of a column; those of files without names are numbers
    str,
    BeforeValidator(lambda given: str(given) if isinstance(given, int) and not isinstance(given, bool) else given),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
]
Names = Annotated[
    Annotated[Name, Tag("name")] | Annotated[list[Name], Field(min_length=1), Tag("list")],
    Discriminator(lambda given: "list" if isinstance(given, list) else "name"),
]


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
    batch_size: Count | None = Field(
        None,
        description="samples of each gradient step, from one random order of the sample after another; default all",
    )
    with_replacement: bool | None = Field(
        None, description="whether each batch is drawn anew from all samples instead; default false"
    )
    path: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="data of your own instead: `.csv`, `.tsv`, `.txt` (or `.csv.gz`), `.npz`, `.npy` or `.parquet`; a "
        "relative path starts at the configuration",
    )
    inputs: Names | None = Field(
        None,
        description="columns (or the array) with the inputs: a list of names, or one name in which `*` is any text; "
        "default those that are numbered alike, as `x1`, `x2`, …",
    )
    label: Name | None = Field(
        None, description="column (or array) with the labels; default `label`, `target`, `y` or `output`"
    )
    test_path: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="a file with samples that are not trained on, as `path`: the column `test_loss`"
    )
    test_fraction: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="share of the samples at `path` that are not trained on, drawn by the seed; not beside `test_path`",
    )
    sha256: str | None = Field(None, description="digest that the file at `path` must have; filled in by a run")
    test_sha256: str | None = Field(None, description="the same of `test_path`")
    input_dim: Dimension | None = Field(
        None, description="d, as the file at `path` has it; filled in by a run without a teacher"
    )

    def settled(self) -> dict[str, Any]:
        found: dict[str, Any] = {"noise_std": self.noise_std or 0.0} if self.path is None else {}
        return found | {"with_replacement": self.with_replacement or None}

    def violations(self) -> Violations:
        if self.path is None:
            if self.samples is None:
                yield ("samples",), "missing; the number of inputs to draw (or give the `path` of your own data)"
            for key in ("inputs", "label", "test_path", "test_fraction", "sha256", "input_dim"):
                if getattr(self, key) is not None:
                    yield (key,), "belongs to a `path`; leave it out"
        else:
            for key in ("samples", "noise_std"):
                if getattr(self, key) is not None:
                    yield (key,), "is for drawn data, and the data come from `path`; leave it out"
            if self.test_path is not None and self.test_fraction is not None:
                yield ("test_fraction",), "the samples that are not trained on come from `test_path`; leave it out"
        if self.batch_size is None and self.with_replacement is not None:
            yield ("with_replacement",), "is about batches, and there is no `batch_size`"
        drawn = self.samples if self.path is None else None
        if self.batch_size is not None and drawn is not None and self.batch_size > drawn:
            yield ("batch_size",), f"{self.batch_size} is more than the {drawn} samples"
        if self.test_path is None and self.test_sha256 is not None:
            yield ("test_sha256",), "belongs to a `test_path`; leave it out"

    def wanted(self, input_dim: int | None) -> Wanted:
        """What is to be taken from the file at ``path`` for inputs of ``input_dim`` entries."""
        inputs = tuple(self.inputs) if isinstance(self.inputs, list) else self.inputs
        return Wanted(input_dim, inputs, self.label)


class OnlineData(Section):
    """A fresh batch at each step, its labels exact but for their noise."""

    kind: Literal["online"]
    batch_size: Count = Field(description="inputs in the batch of each step")
    noise_std: NotNegative = Field(0.0, description="σ of the Gaussian noise on the labels")
    reuse: Count | None = Field(None, description="k: so many steps in a row use one batch; default 1")

    def settled(self) -> dict[str, Any]:
        return {"reuse": None if self.reuse == 1 else self.reuse}


Data = Annotated[PopulationData | EmpiricalData | OnlineData, Field(discriminator="kind")]
