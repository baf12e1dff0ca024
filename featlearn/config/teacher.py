"""The ``teacher`` section: the target network."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag

from featlearn.config.activation import NamedActivation
from featlearn.config.section import LARGEST_WEIGHT, Dimension, Section, Vector, Violations, WholeNumber
from featlearn.theory.span import dimension_of_span
from featlearn.theory.targets.formula import FormulaError, Term, hermite_terms
from featlearn.training.networks import explicit_teacher, largest_min_angle

Sign = Literal["random", "positive", "negative", "alternating"]
_SIGN: Any = Field("random", description="sign of a*_k")


class RandomWeights(Section):
    """Random output weights of the teacher."""

    magnitude: Annotated[list[Annotated[float, Field(gt=0, le=LARGEST_WEIGHT)]], Field(min_length=2, max_length=2)] = (
        Field([0.7, 1.3], description="bounds of the uniform distribution of |a*_k|")
    )
    sign: Sign = _SIGN

    def violations(self) -> Violations:
        if self.magnitude[0] > self.magnitude[1]:
            yield ("magnitude",), f"the lower bound {self.magnitude[0]:g} is above the upper {self.magnitude[1]:g}"


class PowerLawWeights(Section):
    """Output weights of the teacher that fall with a power of their number."""

    power_law: Annotated[float, Field(ge=0, le=10)] = Field(description="β in |a*_k| = k^−β, k = 1 … m*")
    sign: Sign = _SIGN


def _kind_of_weights(value: Any) -> str:
    if isinstance(value, list):
        return "list"
    falling = isinstance(value, PowerLawWeights) or (isinstance(value, dict) and "power_law" in value)
    return "falling" if falling else "mapping"


Rows = Annotated[list[Annotated[list[float], Field(min_length=1)]], Field(min_length=1)]  # of any length
Directions = Annotated[
    Annotated[Literal["random", "orthonormal", "axes"], Tag("name")] | Annotated[Rows, Tag("rows")],
    Discriminator(lambda value: "name" if isinstance(value, str) else "rows"),
]
OutputWeights = Annotated[
    Annotated[RandomWeights, Tag("mapping")]
    | Annotated[PowerLawWeights, Tag("falling")]
    | Annotated[Vector, Tag("list")],
    Discriminator(_kind_of_weights),
]


class TeacherActivation(NamedActivation):
    """The activation of the teacher, which drops the Hermite degrees that the student's drops."""


_ORTHOGONAL_WITHIN = 1e-12  # products of the directions of a polynomial, as rows of norm 1


class Teacher(Section):
    """The target: neurons, or a ``polynomial``, along directions that are random, orthonormal, the axes, or given."""

    input_dim: Dimension | None = Field(None, description="d, the dimension of the Gaussian inputs")
    width: Annotated[WholeNumber, Field(ge=1, le=1000)] | None = Field(
        None, description="m*, the number of teacher neurons"
    )
    rank: Dimension | None = Field(None, description="r, the dimension of the teacher's span; default min(m*, d)")
    min_angle: Annotated[float, Field(ge=0, le=90)] | None = Field(
        None, description="least angle between any two teacher lines, degrees; default 0"
    )
    output_weights: OutputWeights | None = Field(
        RandomWeights(),
        description="a*: random or a power law (a mapping), or a list beside `directions` that are not random",
    )
    directions: Directions | None = Field(
        None,
        description="`random` (the default); `orthonormal`: a uniformly random orthonormal set; `axes`: e_1 … e_m*; "
        "or rows w*_k, which are normalised: `input_dim` and `width` then follow",
    )
    min_conditioning: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None,
        description="random directions are drawn again until the absolute eigenvalues of H = Σ a*_k w*_k w*_kᵀ on the "
        "teacher's span have at least this ratio of the least to the largest; default 0 (`conditioning` of run.json)",
    )
    activation: TeacherActivation | None = Field(
        None, description="the teacher's activation, as {name: quadratic}; default: the student's"
    )
    biases: Vector | None = Field(
        None,
        description="b*_k of neurons φ(w*_k·x + b*_k), a list beside `directions` that are not random, for students "
        "with biases; default 0",
    )
    polynomial: str | None = Field(
        None,
        description="in place of `width` and `output_weights`: f* as a formula in coordinates x1 … xr along random "
        "orthonormal directions (or `directions`: axes, or rows that are orthogonal), made of numbers, + - * **, "
        'parentheses and Hermite polynomials He0 … He20 of a coordinate, as "He3(x1)" or "x1 + x1*x2"; `rank` is r',
    )

    @property
    def rows(self) -> list[list[float]] | None:
        """The directions where they are given."""
        return self.directions if isinstance(self.directions, list) else None

    @property
    def is_random(self) -> bool:
        """Whether the directions are drawn one by one."""
        return self.directions in (None, "random")

    def settled(self) -> dict[str, Any]:
        if self.polynomial is not None:
            drawn = self.directions in ("random", "orthonormal")  # what is there when nothing is said
            return {"output_weights": None} | ({"directions": None} if drawn else {})
        if not self.is_random:
            return {}
        width, dim = self.shape()
        rank = min(width, dim) if self.rank is None else self.rank
        return {"directions": None, "rank": rank, "min_angle": self.min_angle or 0.0}

    def violations(self) -> Violations:
        if self.polynomial is not None:
            yield from self._polynomial_violations()
        elif self.rows is None:
            yield from self._drawn_violations()
        else:
            yield from self._explicit_violations(self.rows)

    def _polynomial_violations(self) -> Violations:
        for key in ("width", "rank", "min_angle", "output_weights", "min_conditioning", "activation", "biases"):
            if key in self.model_fields_set and getattr(self, key) is not None:
                yield (key,), "is not for a polynomial, whose formula says it all; leave it out"
        if self.rows is not None:
            yield from self._row_violations(self.rows)
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
        elif self.rows is not None:
            if len(self.rows) != rank:
                yield ("directions",), f"has {len(self.rows)} rows for a polynomial of {rank} coordinates"
            elif not _are_orthogonal(self.rows):
                yield ("directions",), f"must be orthogonal to each other (to {_ORTHOGONAL_WITHIN:g})"
        elif self.input_dim is not None and rank > self.input_dim:
            yield ("polynomial",), f"names x{rank}, and the inputs have {self.input_dim} dimensions"

    def _drawn_violations(self) -> Violations:
        for key in ("input_dim", "width"):
            if getattr(self, key) is None:
                yield (key,), "missing; a random teacher needs it (or give explicit `directions`)"
        if self.output_weights is None:
            yield ("output_weights",), "missing; only a polynomial has none"
        if self.is_random and self.biases is not None:
            yield ("biases",), "a list needs explicit `directions`, orthonormal ones or the axes; leave it out"
        if self.is_random and isinstance(self.output_weights, list):
            takes = "a random teacher takes {magnitude, sign} or {power_law, sign}"
            yield ("output_weights",), f"a list needs explicit `directions`, orthonormal ones or the axes; {takes}"
        if self.width is None or self.input_dim is None:
            return
        yield from (self._random_violations if self.is_random else self._orthonormal_violations)(
            self.width, self.input_dim
        )

    def _orthonormal_violations(self, width: int, input_dim: int) -> Violations:
        if width > input_dim:
            yield ("width",), f"{width} orthonormal directions do not fit into the {input_dim} dimensions of the inputs"
        yield from self._violations_of_weights(width)
        for key in ("rank", "min_angle", "min_conditioning"):
            if getattr(self, key) is not None:
                yield (key,), f"follows from `directions: {self.directions}`; leave it out"

    def _random_violations(self, width: int, input_dim: int) -> Violations:
        rank = min(width, input_dim) if self.rank is None else self.rank
        if rank > width:
            yield ("rank",), f"{rank} is too much: {width} teacher neurons span at most {width} dimensions"
        elif rank > input_dim:
            yield ("rank",), f"{rank} is too much: the inputs have {input_dim} dimensions"
        elif width > 1 and (self.min_angle or 0.0) > largest_min_angle(width, rank):
            limit = f"{width} lines in {rank} dimensions are at most {largest_min_angle(width, rank):.4g}"
            yield ("min_angle",), f"{self.min_angle:g} degrees is too much: {limit} degrees apart"

    def _explicit_violations(self, directions: list[list[float]]) -> Violations:
        yield from self._row_violations(directions)
        count = len(directions)
        if self.output_weights is None or isinstance(self.output_weights, RandomWeights):
            yield ("output_weights",), f"explicit `directions` need a list of {count} output weights, or {{power_law}}"
        yield from self._violations_of_weights(count)
        if self.width is not None and self.width != count:
            yield ("width",), f"{self.width} contradicts `directions`, which say {count}; leave it out"
        for key in ("rank", "min_angle", "min_conditioning"):
            if getattr(self, key) is not None:
                yield (key,), "follows from explicit `directions`; leave it out"

    def _row_violations(self, directions: list[list[float]]) -> Violations:
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

    def _violations_of_weights(self, count: int) -> Violations:
        if isinstance(self.output_weights, list) and len(self.output_weights) != count:
            yield ("output_weights",), f"has {len(self.output_weights)} entries for {count} directions"
        if self.biases is not None and len(self.biases) != count:
            yield ("biases",), f"has {len(self.biases)} entries for {count} directions"

    def shape(self) -> tuple[int, int]:
        """(m*, d), of a valid teacher; m* = 0 of a polynomial."""
        if self.polynomial is not None:
            dim = self.input_dim if self.rows is None else len(self.rows[0])
            assert dim is not None
            return 0, dim
        if self.rows is not None:
            return len(self.rows), len(self.rows[0])
        assert self.width is not None
        assert self.input_dim is not None
        return self.width, self.input_dim

    def dimension_of_span(self) -> int:
        """r, of a valid teacher."""
        if self.polynomial is not None:
            return len(self.terms()[0].degrees)
        if self.rows is not None:
            return dimension_of_span(np.array(self.rows, dtype=float))
        rank = self.rank if self.is_random else self.width
        assert rank is not None
        return rank


def _are_orthogonal(directions: list[list[float]]) -> bool:
    """Whether rows are, once they are normalised; rows that cannot be are told of elsewhere."""
    if len({len(row) for row in directions}) > 1 or not all(map(any, directions)):
        return True
    rows = explicit_teacher(np.array(directions, dtype=float), np.zeros(0)).first_layer
    return bool(np.all(np.abs(rows @ rows.T - np.eye(len(rows))) <= _ORTHOGONAL_WITHIN))
