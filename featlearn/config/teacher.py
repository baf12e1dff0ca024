"""The ``teacher`` section: the target network."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag

from featlearn.config.section import LARGEST_WEIGHT, Dimension, Section, Vector, Violations, WholeNumber
from featlearn.theory.activations import ActivationName
from featlearn.theory.span import dimension_of_span
from featlearn.theory.targets.formula import FormulaError, Term, hermite_terms
from featlearn.training.networks import explicit_teacher, largest_min_angle


class RandomWeights(Section):
    """Random output weights of the teacher."""

    magnitude: Annotated[list[Annotated[float, Field(gt=0, le=LARGEST_WEIGHT)]], Field(min_length=2, max_length=2)] = (
        Field([0.7, 1.3], description="bounds of the uniform distribution of |a*_k|")
    )
    sign: Literal["random", "positive", "negative", "alternating"] = Field("random", description="sign of a*_k")

    def violations(self) -> Violations:
        if self.magnitude[0] > self.magnitude[1]:
            yield ("magnitude",), f"the lower bound {self.magnitude[0]:g} is above the upper {self.magnitude[1]:g}"


Directions = Annotated[list[Annotated[list[float], Field(min_length=1)]], Field(min_length=1)]  # of any length
OutputWeights = Annotated[
    Annotated[RandomWeights, Tag("mapping")] | Annotated[Vector, Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "mapping"),
]


class TeacherActivation(Section):
    """The activation of the teacher, which drops the Hermite degrees that the student's drops."""

    name: ActivationName = Field(description="see the table of activations")


_ORTHOGONAL_WITHIN = 1e-12  # products of the directions of a polynomial, as rows of norm 1


class Teacher(Section):
    """The target: neurons, random or explicit when ``directions`` is given, or a ``polynomial``."""

    input_dim: Dimension | None = Field(None, description="d, the dimension of the Gaussian inputs")
    width: Annotated[WholeNumber, Field(ge=1, le=1000)] | None = Field(
        None, description="m*, the number of teacher neurons"
    )
    rank: Dimension | None = Field(None, description="r, the dimension of the teacher's span; default min(m*, d)")
    min_angle: Annotated[float, Field(ge=0, le=90)] | None = Field(
        None, description="least angle between any two teacher lines, degrees; default 0"
    )
    output_weights: OutputWeights | None = Field(
        RandomWeights(), description="a*: random (a mapping), or a list beside explicit `directions`"
    )
    directions: Directions | None = Field(
        None, description="explicit teacher: rows w*_k, normalised; `input_dim` and `width` follow"
    )
    activation: TeacherActivation | None = Field(
        None, description="the teacher's activation, as {name: quadratic}; default: the student's"
    )
    polynomial: str | None = Field(
        None,
        description="in place of `width` and `output_weights`: f* as a formula in coordinates x1 … xr along random "
        "orthonormal directions (or along explicit, orthogonal `directions`), made of numbers, + - * **, parentheses "
        'and Hermite polynomials He0 … He20 of a coordinate, as "He3(x1)" or "x1 + x1*x2"; `rank` is r',
    )

    def settled(self) -> dict[str, Any]:
        if self.polynomial is not None:
            return {"output_weights": None}
        if self.directions is not None:
            return {}
        width, dim = self.shape()
        return {"rank": min(width, dim) if self.rank is None else self.rank, "min_angle": self.min_angle or 0.0}

    def violations(self) -> Violations:
        if self.polynomial is not None:
            yield from self._polynomial_violations()
        elif self.directions is None:
            yield from self._random_violations()
        else:
            yield from self._weight_violations(self.directions)
            yield from self._explicit_violations(self.directions)

    def _polynomial_violations(self) -> Violations:
        for key in ("width", "rank", "min_angle", "output_weights", "activation"):
            if key in self.model_fields_set and getattr(self, key) is not None:
                yield (key,), "is not for a polynomial, whose formula says it all; leave it out"
        if self.directions is not None:
            yield from self._explicit_violations(self.directions)
        elif self.input_dim is None:
            yield ("input_dim",), "missing; a polynomial needs it (or give explicit `directions`)"
        try:
            rank = len(self.terms()[0].degrees)
        except FormulaError as error:
            yield ("polynomial",), f"in the formula, {error}"
            return
        unused = [i + 1 for i in range(rank) if not any(term.degrees[i] for term in self.terms())]
        if unused:
            yield ("polynomial",), f"does not depend on x{unused[0]}; its coordinates must be x1 … xr without gaps"
        elif self.directions is not None:
            if len(self.directions) != rank:
                yield ("directions",), f"has {len(self.directions)} rows for a polynomial of {rank} coordinates"
            elif not _are_orthogonal(self.directions):
                yield ("directions",), f"must be orthogonal to each other (to {_ORTHOGONAL_WITHIN:g})"
        elif self.input_dim is not None and rank > self.input_dim:
            yield ("polynomial",), f"names x{rank}, and the inputs have {self.input_dim} dimensions"

    def _random_violations(self) -> Violations:
        for key in ("input_dim", "width"):
            if getattr(self, key) is None:
                yield (key,), "missing; a random teacher needs it (or give explicit `directions`)"
        if not isinstance(self.output_weights, RandomWeights):
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

    def _weight_violations(self, directions: list[list[float]]) -> Violations:
        count = len(directions)
        if not isinstance(self.output_weights, list):
            yield ("output_weights",), f"explicit `directions` need a list of {count} output weights"
        elif len(self.output_weights) != count:
            yield ("output_weights",), f"has {len(self.output_weights)} entries for {count} directions"
        if self.width is not None and self.width != count:
            yield ("width",), f"{self.width} contradicts `directions`, which say {count}; leave it out"
        for key in ("rank", "min_angle"):
            if getattr(self, key) is not None:
                yield (key,), "follows from explicit `directions`; leave it out"

    def _explicit_violations(self, directions: list[list[float]]) -> Violations:
        dim = len(directions[0])
        for k, row in enumerate(directions):
            if len(row) != dim:
                yield ("directions", k), f"has {len(row)} entries, the first row has {dim}"
            elif not any(row):
                yield ("directions", k), "is zero: a direction must have a length"
        if self.input_dim is not None and self.input_dim != dim:
            yield ("input_dim",), f"{self.input_dim} contradicts `directions`, which say {dim}; leave it out"

    def terms(self) -> tuple[Term, ...]:
        """Those of the polynomial. Raises FormulaError."""
        assert self.polynomial is not None
        return hermite_terms(self.polynomial)

    def shape(self) -> tuple[int, int]:
        """(m*, d), of a valid teacher; m* = 0 of a polynomial."""
        if self.polynomial is not None:
            dim = self.input_dim if self.directions is None else len(self.directions[0])
            assert dim is not None
            return 0, dim
        if self.directions is not None:
            return len(self.directions), len(self.directions[0])
        assert self.width is not None
        assert self.input_dim is not None
        return self.width, self.input_dim

    def dimension_of_span(self) -> int:
        """r, of a valid teacher."""
        if self.polynomial is not None:
            return len(self.terms()[0].degrees)
        if self.directions is not None:
            return dimension_of_span(np.array(self.directions, dtype=float))
        assert self.rank is not None
        return self.rank


def _are_orthogonal(directions: list[list[float]]) -> bool:
    """Whether rows are, once they are normalised; rows that cannot be are told of elsewhere."""
    if len({len(row) for row in directions}) > 1 or not all(map(any, directions)):
        return True
    rows = explicit_teacher(np.array(directions, dtype=float), np.zeros(0)).first_layer
    return bool(np.all(np.abs(rows @ rows.T - np.eye(len(rows))) <= _ORTHOGONAL_WITHIN))
