"""The ``activation`` section."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ValidatorFunctionWrapHandler, WrapValidator

from featlearn.config.section import Section, Violations, WholeNumber
from featlearn.theory.activations import Activation, ActivationName, activation, activation_names
from featlearn.theory.activations.registry import HIGHEST_DROP


def _known(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """A name of the package, or one that was registered since."""
    return value if isinstance(value, str) and value in activation_names() else handler(value)


KnownActivation = Annotated[ActivationName, WrapValidator(_known)]


class ActivationChoice(Section):
    """The activation of teacher and student."""

    name: KnownActivation = Field("relu", description="φ, see the table of activations")
    drop_hermite_below: Annotated[WholeNumber, Field(ge=0, le=HIGHEST_DROP)] = Field(
        2,
        description="ℓ: the Hermite degrees below it are dropped; 2: constant and linear part (the paper); 0: plain φ",
        json_schema_extra={"minimum": 0, "maximum": HIGHEST_DROP},
    )

    def entry(self) -> Activation:
        """The activation itself."""
        return activation(self.name, self.drop_hermite_below)

    def violations(self) -> Violations:
        why = why_not(self.name, self.drop_hermite_below)
        if why is not None:
            yield ("drop_hermite_below",), why


def why_not(name: str, drop: int) -> str | None:
    """Why there is no activation of a name without the degrees below ``drop``; None where there is one."""
    try:
        hermite = activation(name, drop).hermite
    except ValueError as error:
        return str(error)
    if hermite is None or any(hermite(k, 1.0) for k in (drop, drop + 1)):  # others miss every second one
        return None
    highest = max(k for k in range(drop) if hermite(k, 1.0))
    return f"{drop} leaves nothing: {name} has no Hermite degree above {highest}"
