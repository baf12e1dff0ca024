"""The ``student`` section: the trained network and its initial weights."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from featlearn.config.section import Matrix, NotNegativeWeight, Section, Vector, Violations, WholeNumber

Width = Annotated[WholeNumber, Field(ge=1, le=100_000)]


class SymmetricInit(Section):
    """Rows uniform on the sphere, a = ±1/√m, the second half mirrored so that f = 0."""

    kind: Literal["symmetric"] = "symmetric"


class GaussianInit(Section):
    """Independent Gaussian weights."""

    kind: Literal["gaussian"]
    first_layer_std: NotNegativeWeight = Field(description="standard deviation of every entry of W")
    second_layer_std: NotNegativeWeight = Field(description="standard deviation of every a_j")


class NearTeacherInit(Section):
    """Neuron j starts at an angle to teacher line j mod m*, in a random direction around it."""

    kind: Literal["near_teacher"]
    angle: Annotated[float, Field(ge=0, le=90)] = Field(description="degrees from the teacher line")


class ExplicitInit(Section):
    """The weights themselves."""

    kind: Literal["explicit"]
    first_layer: Matrix = Field(description="rows w_j")
    second_layer: Vector = Field(description="output weights a_j")

    def violations(self) -> Violations:
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
        "divided by α²; left out, the network itself. No 1/m in front: that is for the deviations of the start to say",
    )

    def violations(self) -> Violations:
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
