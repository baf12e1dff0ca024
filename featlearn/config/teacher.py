"""The ``teacher`` section: the target network."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag

from featlearn.config.section import Dimension, Matrix, Positive, Section, Vector, Violations, WholeNumber
from featlearn.theory.span import dimension_of_span
from featlearn.training.networks import largest_min_angle


class RandomWeights(Section):
    """Random output weights of the teacher."""

    magnitude: Annotated[list[Positive], Field(min_length=2, max_length=2)] = Field(
        [0.7, 1.3], description="bounds of the uniform distribution of |a*_k|"
    )
    sign: Literal["random", "positive", "negative", "alternating"] = Field("random", description="sign of a*_k")

    def violations(self) -> Violations:
        if self.magnitude[0] > self.magnitude[1]:
            yield ("magnitude",), f"the lower bound {self.magnitude[0]:g} is above the upper {self.magnitude[1]:g}"


OutputWeights = Annotated[
    Annotated[RandomWeights, Tag("mapping")] | Annotated[Vector, Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "mapping"),
]


class Teacher(Section):
    """The target network: random, or explicit when ``directions`` is given."""

    input_dim: Dimension | None = Field(None, description="d, the dimension of the Gaussian inputs")
    width: Annotated[WholeNumber, Field(ge=1, le=1000)] | None = Field(
        None, description="m*, the number of teacher neurons"
    )
    rank: Dimension | None = Field(None, description="r, the dimension of the teacher's span; default min(m*, d)")
    min_angle: Annotated[float, Field(ge=0, le=90)] | None = Field(
        None, description="least angle between any two teacher lines, degrees; default 0"
    )
    output_weights: OutputWeights = Field(
        RandomWeights(), description="a*: random (a mapping), or a list beside explicit `directions`"
    )
    directions: Matrix | None = Field(
        None, description="explicit teacher: rows w*_k, normalised; `input_dim` and `width` follow"
    )

    def settled(self) -> dict[str, Any]:
        if self.directions is not None:
            return {}
        width, dim = self.shape()
        return {"rank": min(width, dim) if self.rank is None else self.rank, "min_angle": self.min_angle or 0.0}

    def violations(self) -> Violations:
        yield from self._random_violations() if self.directions is None else self._explicit_violations(self.directions)

    def _random_violations(self) -> Violations:
        for key in ("input_dim", "width"):
            if getattr(self, key) is None:
                yield (key,), "missing; a random teacher needs it (or give explicit `directions`)"
        if isinstance(self.output_weights, list):
            yield ("output_weights",), "a list needs explicit `directions`; a random teacher takes {magnitude, sign}"
        if self.width is None or self.input_dim is None:
            return
        rank = min(self.width, self.input_dim) if self.rank is None else self.rank
        if rank > self.width:
            yield ("rank",), f"{rank} is too much: {self.width} teacher neurons span at most {self.width} dimensions"
        elif rank > self.input_dim:
            yield ("rank",), f"{rank} is too much: the inputs have {self.input_dim} dimensions"
        elif self.width > 1 and (self.min_angle or 0.0) > largest_min_angle(self.width, rank):
            limit = f"{self.width} lines in {rank} dimensions are at most {largest_min_angle(self.width, rank):.4g}"
            yield ("min_angle",), f"{self.min_angle:g} degrees is too much: {limit} degrees apart"

    def _explicit_violations(self, directions: list[list[float]]) -> Violations:
        count, dim = len(directions), len(directions[0])
        for k, row in enumerate(directions):
            if len(row) != dim:
                yield ("directions", k), f"has {len(row)} entries, the first row has {dim}"
            elif not any(row):
                yield ("directions", k), "is zero: a direction must have a length"
        if not isinstance(self.output_weights, list):
            yield ("output_weights",), f"explicit `directions` need a list of {count} output weights"
        elif len(self.output_weights) != count:
            yield ("output_weights",), f"has {len(self.output_weights)} entries for {count} directions"
        for key, given, follows in (("input_dim", self.input_dim, dim), ("width", self.width, count)):
            if given is not None and given != follows:
                yield (key,), f"{given} contradicts `directions`, which say {follows}; leave it out"
        for key in ("rank", "min_angle"):
            if getattr(self, key) is not None:
                yield (key,), "follows from explicit `directions`; leave it out"

    def shape(self) -> tuple[int, int]:
        """(m*, d), of a valid teacher."""
        if self.directions is not None:
            return len(self.directions), len(self.directions[0])
        assert self.width is not None
        assert self.input_dim is not None
        return self.width, self.input_dim

    def dimension_of_span(self) -> int:
        """r, of a valid teacher."""
        if self.directions is not None:
            return dimension_of_span(np.array(self.directions, dtype=float))
        assert self.rank is not None
        return self.rank
