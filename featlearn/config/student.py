"""The ``student`` section: the trained network and its initial weights."""

from __future__ import annotations

from math import sqrt
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag

from featlearn.config.section import Matrix, NotNegativeWeight, Section, Vector, Violations, Weight, WholeNumber
from featlearn.training import networks

Width = Annotated[WholeNumber, Field(ge=1, le=100_000)]


class SymmetricInit(Section):
    """Rows uniform on the sphere, a = ±1/√m, the second half mirrored so that f = 0."""

    kind: Literal["symmetric"] = "symmetric"


class EqualSizes(Section):
    """Output weights of one size and of random sign."""

    signs: NotNegativeWeight = Field(description="c in a_j = ±c, each sign with probability ½")


class GaussianSizes(Section):
    """Independent Gaussian output weights."""

    std: NotNegativeWeight = Field(description="standard deviation of every a_j")


def _kind_of_second_layer(value: Any) -> str:
    if isinstance(value, GaussianSizes) or (isinstance(value, dict) and "std" in value):
        return "gaussian sizes"
    return "equal sizes" if isinstance(value, dict | EqualSizes) else "number"


SecondLayer = Annotated[
    Annotated[Weight, Tag("number")]
    | Annotated[EqualSizes, Tag("equal sizes")]
    | Annotated[GaussianSizes, Tag("gaussian sizes")],
    Discriminator(_kind_of_second_layer),
]


class DrawnInit(Section):
    """What starts with a random first layer may say of the second."""

    kind: str
    second_layer: SecondLayer | None = Field(
        None, description="a_j: a number, which all of them are, {signs: c} or {std: s}"
    )
    mirrored: bool | None = Field(
        None, description="whether the second half of the neurons repeats the first with opposite a_j, so that f = 0"
    )
    balanced: bool | None = Field(None, description="whether |a_j| = ‖w_j‖: of the a_j above, the signs are kept")

    def settled(self) -> dict[str, Any]:
        return {key: getattr(self, key) or None for key in ("mirrored", "balanced")}

    def violations(self) -> Violations:
        if self.balanced and not self.draw().size:
            yield ("balanced",), "needs signs, and a second layer of zeros has none: give a second_layer"

    def draw(self) -> networks.SecondLayer:
        """How the second layer is drawn, of a valid start."""
        said, rest = self.second_layer, {"mirrored": bool(self.mirrored), "balanced": bool(self.balanced)}
        if isinstance(said, EqualSizes):
            return networks.SecondLayer("signs", said.signs, **rest)
        if isinstance(said, GaussianSizes):
            return networks.SecondLayer("gaussian", said.std, **rest)
        return networks.SecondLayer("equal", said or 0.0, **rest)


class GaussianInit(DrawnInit):
    """Independent Gaussian rows."""

    also_needed = ("second_layer_std",)

    kind: Literal["gaussian"]
    first_layer_std: NotNegativeWeight = Field(description="standard deviation of every entry of W")
    second_layer_std: NotNegativeWeight | None = Field(
        None, description="standard deviation of every a_j; or give `second_layer`"
    )

    def settled(self) -> dict[str, Any]:
        if isinstance(self.second_layer, GaussianSizes):  # two ways to say the same
            return super().settled() | {"second_layer": None, "second_layer_std": self.second_layer.std}
        return super().settled()

    def violations(self) -> Violations:
        if self.second_layer is None and self.second_layer_std is None:
            yield ("second_layer_std",), "missing (standard deviation of every a_j; or give second_layer)"
        elif self.second_layer is not None and self.second_layer_std is not None:
            yield ("second_layer_std",), "says the same as second_layer: leave one of them out"
        else:
            yield from super().violations()

    def draw(self) -> networks.SecondLayer:
        if self.second_layer_std is None:
            return super().draw()
        rest = {"mirrored": bool(self.mirrored), "balanced": bool(self.balanced)}
        return networks.SecondLayer("gaussian", self.second_layer_std, **rest)


class SphereInit(DrawnInit):
    """Rows uniform on a sphere."""

    also_needed = ("second_layer",)

    kind: Literal["sphere"]
    norm: NotNegativeWeight = Field(1.0, description="‖w_j‖")

    def violations(self) -> Violations:
        if self.second_layer is None:
            yield ("second_layer",), "missing (a_j: a number, which all of them are, {signs: c} or {std: s})"
        else:
            yield from super().violations()


class NearTeacherInit(Section):
    """Neuron j starts at an angle to teacher line j mod m*, in a random direction around it."""

    kind: Literal["near_teacher"]
    angle: Annotated[float, Field(ge=0, le=90)] = Field(description="degrees from the teacher line")


class ExplicitInit(Section):
    """The weights themselves."""

    kind: Literal["explicit"]
    first_layer: Matrix = Field(description="rows w_j")
    second_layer: Vector = Field(description="output weights a_j")
    biases: Vector | None = Field(None, description="b_j, of neurons φ(w_j·x + b_j); default none")

    def violations(self) -> Violations:
        dim = len(self.first_layer[0])
        for j, row in enumerate(self.first_layer):
            if len(row) != dim:
                yield ("first_layer", j), f"has {len(row)} entries, the first row has {dim}"
        if len(self.second_layer) != len(self.first_layer):
            yield ("second_layer",), f"has {len(self.second_layer)} entries for {len(self.first_layer)} rows"
        if self.biases is not None and len(self.biases) != len(self.first_layer):
            yield ("biases",), f"has {len(self.biases)} entries for {len(self.first_layer)} rows"


class FileInit(Section):
    """Weights from an ``.npz`` file with ``first_layer`` (m, d), ``second_layer`` (m) and maybe ``biases`` (m).

    A run's checkpoint is one.
    """

    kind: Literal["file"]
    path: Annotated[str, Field(min_length=1)] = Field(
        description="the file; a relative path starts at the configuration"
    )
    biases: Literal["stored"] | None = Field(
        None, description="`stored`: the biases in the file; or give `student.biases`; default none"
    )
    sha256: str | None = Field(None, description="digest that the file must have; filled in by a run")


Init = Annotated[
    SymmetricInit | GaussianInit | SphereInit | NearTeacherInit | ExplicitInit | FileInit, Field(discriminator="kind")
]


class Biases(Section):
    """Biases at the start: equal ones, or independent Gaussian ones."""

    std: NotNegativeWeight | None = Field(None, description="standard deviation of every b_j, whose mean is 0")
    constant: Weight | None = Field(None, description="what every b_j is")

    def violations(self) -> Violations:
        if (self.std is None) == (self.constant is None):
            which = "missing std or constant" if self.std is None else "takes one of std and constant"
            yield (), f"{which}, as in {{std: 0.5}}"


class Student(Section):
    """The trained network."""

    width: Width | None = Field(None, description="m, the number of neurons; follows from explicit or file weights")
    init: Init = Field(SymmetricInit(), description="initial weights")
    biases: Biases | None = Field(
        None,
        description="b_j of neurons φ(w_j·x + b_j) at the start, {std: s} or {constant: c}; stages train them as the "
        "layer `biases`. Explicit starts and files take `init.biases`. Default: no biases",
    )
    output_scale: Annotated[float, Field(gt=0, le=1e8)] | None = Field(
        None,
        description="α of lazy training: the trained function is α (f(x; θ) − f(x; θ₀)), θ₀ the start, and steps are "
        "divided by α²; left out, the network itself. A factor 1/m in front is what `scaling` says",
    )
    scaling: Literal["standard", "mean_field", "ntk"] | None = Field(
        None,
        description="c in f = c Σ_j a_j φ(w_j·x): 1 (`standard`, the default), 1/m (`mean_field`), 1/√m (`ntk`); steps "
        "are those of plain descent on a and W: a mean-field step is of the order of m",
    )

    def settled(self) -> dict[str, Any]:
        return {"scaling": None if self.scaling == "standard" else self.scaling}

    def factor(self, width: int) -> float | None:
        """c in f = c Σ_j a_j φ(w_j·x); None for 1."""
        if self.scaling is None:
            return None
        return 1.0 / width if self.scaling == "mean_field" else 1.0 / sqrt(width)

    def violations(self) -> Violations:
        if self.width is None:
            if not isinstance(self.init, ExplicitInit | FileInit):
                yield ("width",), "missing; the number of student neurons"
        elif self.is_mirrored and self.width % 2:
            which = "symmetric" if isinstance(self.init, SymmetricInit) else "mirrored"
            yield ("width",), f"{self.width} is odd; a {which} start mirrors one half of the neurons: use an even width"
        elif isinstance(self.init, ExplicitInit) and self.width != len(self.init.first_layer):
            yield ("width",), f"{self.width} contradicts init.first_layer, which has {len(self.init.first_layer)} rows"
        if self.biases is not None and getattr(self.init, "biases", None) is not None:
            yield ("biases",), "says the same as init.biases: leave one of them out"

    @property
    def has_biases(self) -> bool:
        """Whether its neurons have biases, of any value."""
        return self.biases is not None or getattr(self.init, "biases", None) is not None

    def draw_biases(self, rng: np.random.Generator, width: int) -> np.ndarray:
        """(width,) biases as ``biases`` says, which is given."""
        assert self.biases is not None
        std, constant = self.biases.std or 0.0, self.biases.constant or 0.0
        return networks.drawn_biases(rng, width, std=std, constant=constant, mirrored=self.is_mirrored)

    @property
    def is_mirrored(self) -> bool:
        """Whether one half of the neurons repeats the other at the start, with opposite output weights."""
        return isinstance(self.init, SymmetricInit) or (isinstance(self.init, DrawnInit) and bool(self.init.mirrored))

    def redraw(self) -> networks.SecondLayer | None:
        """How the second layer is drawn again; None for a start that draws none."""
        if isinstance(self.init, SymmetricInit) and self.width is not None:
            return networks.SecondLayer("equal", 1.0 / sqrt(self.width), mirrored=True)
        return self.init.draw() if isinstance(self.init, DrawnInit) else None

    @property
    def starts_at_zero(self) -> bool:
        """Whether it is the zero function at the start, whatever its seed."""
        return self.is_mirrored or (isinstance(self.init, DrawnInit) and not self.init.draw().size)
