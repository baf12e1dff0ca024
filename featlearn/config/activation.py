"""The ``activation`` section, and what the teacher's own activation shares with it."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import Field, ValidatorFunctionWrapHandler, WrapValidator

from featlearn.config.section import Section, Violations, Weight, WholeNumber
from featlearn.theory.activations import Activation, ActivationName, activation, activation_names, default_parameters
from featlearn.theory.activations.polynomials import HIGHEST_DEGREE
from featlearn.theory.activations.registry import HIGHEST_DROP
from featlearn.theory.activations.series import HermiteSeries

LEAST_COEFFICIENT = 1e-100  # of a polynomial, at its largest
LEAST_KEPT = 1e-9  # the least share of E φ(z)² that a series must be exact for: four digits of it are


def _known(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """A name of the package, or one that was registered since."""
    return value if isinstance(value, str) and value in activation_names() else handler(value)


KnownActivation = Annotated[ActivationName, WrapValidator(_known)]


class NamedActivation(Section):
    """An activation by its name and its parameters."""

    name: KnownActivation = Field(description="see the table of activations")
    negative_slope: Annotated[float, Field(ge=-10, le=10)] | None = Field(
        None, description="of leaky_relu: α, its slope below 0; default 0.01"
    )
    coefficients: Annotated[list[Weight], Field(min_length=2, max_length=HIGHEST_DEGREE + 1)] | None = Field(
        None, description="of polynomial: [c0, c1, …], the coefficient of z^k for each k; the last is not 0"
    )

    def parameters(self) -> dict[str, Any]:
        """Those that are given, as ``activations.activation`` takes them."""
        given = {"negative_slope": self.negative_slope, "coefficients": self.coefficients}
        return {key: value for key, value in given.items() if value is not None}

    def settled(self) -> dict[str, Any]:
        slope = default_parameters(self.name).get("negative_slope")
        return {} if slope is None or self.negative_slope is not None else {"negative_slope": slope}

    def violations(self) -> Violations:
        known = default_parameters(self.name)
        for key in self.parameters():
            if key not in known:
                whose = {"negative_slope": "leaky_relu", "coefficients": "polynomial"}[key]
                yield (key,), f"is for {whose}, and the activation is {self.name}; leave it out"
        if self.negative_slope == 1 and "negative_slope" in known:
            yield ("negative_slope",), "1 makes it the linear function; use name: linear"
        if self.name == "polynomial" and self.coefficients is None:
            yield ("coefficients",), "missing; a polynomial needs [c0, c1, …], as in [0, 0, 0, 1] for z³"
        if self.coefficients and self.coefficients[-1] == 0:
            yield ("coefficients",), "ends with 0; leave out the powers that are not there"
        elif self.coefficients and (why := _too_small(self.coefficients)):
            yield ("coefficients",), why


class ActivationChoice(NamedActivation):
    """The activation of teacher and student."""

    name: KnownActivation = Field("relu", description="φ, see the table of activations")
    drop_hermite_below: Annotated[WholeNumber, Field(ge=0, le=HIGHEST_DROP)] = Field(
        2,
        description="ℓ: the Hermite degrees below it are dropped; 2: constant and linear part (the paper); 0: plain φ",
        json_schema_extra={"minimum": 0, "maximum": HIGHEST_DROP},
    )

    def entry(self) -> Activation:
        """The activation itself."""
        return activation(self.name, self.drop_hermite_below, **self.parameters())

    def violations(self) -> Violations:
        wrong = list(super().violations())
        yield from wrong
        why = None if wrong else why_not(self, self.drop_hermite_below)
        if why is not None:
            yield ("drop_hermite_below",), why


def why_not(given: NamedActivation, drop: int) -> str | None:
    """Why there is no activation of a name without the degrees below ``drop``; None where there is one."""
    try:
        found = activation(given.name, drop, **given.parameters())
    except ValueError as error:
        return str(error)
    if given.coefficients and (why := _too_small(given.coefficients[drop:])) and not found.is_zero:
        return f"{drop} leaves coefficients that are too small: {why}"
    if found.is_zero:
        return f"{drop} leaves nothing: {found.label} has no Hermite degree above {found.degree}; 0 keeps all of them"
    return None if found.series is None or drop == 0 else _too_little_for(found.series, found)


def _too_small(coefficients: list[float]) -> str | None:
    """Why the kernel of a polynomial, which has the squares of its coefficients, has none; None where it has one."""
    largest = max(map(abs, coefficients), default=0.0)
    if largest >= LEAST_COEFFICIENT:
        return None
    return f"the largest is {largest:.3g}, whose square is no number of the kernel; take at least {LEAST_COEFFICIENT:g}"


def _too_little_for(series: HermiteSeries, found: Activation) -> str | None:
    """Why a series is not exact enough for what is kept of a row of norm 1; None where it is."""
    drop, norms = found.drop_hermite_below, np.ones(1)
    degree = max(series.degree(1.0) or 0, HIGHEST_DROP)
    squares = series.coefficients(norms, degree, 0)[0] ** 2
    kept = np.cumsum(squares[::-1])[::-1] / (series.mean_square(norms)[0] or 1.0)  # of the degrees from each one on
    if kept[drop] >= LEAST_KEPT:
        return None
    most = max(np.flatnonzero(kept >= LEAST_KEPT), default=0)
    return (
        f"{drop} leaves {kept[drop]:.1g} of E φ(z)² of {found.label}, and its Hermite series is exact to some 1e-13 of "
        f"it; take at most {most}"
    )
