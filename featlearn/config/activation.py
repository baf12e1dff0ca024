"""The ``activation`` section."""

from __future__ import annotations

from pydantic import Field

from featlearn.config.section import Section, Violations, WholeNumber
from featlearn.theory.activations import DROP_SETTINGS, Activation, ActivationName, activation


class ActivationChoice(Section):
    """The activation of teacher and student."""

    name: ActivationName = Field("relu", description="φ, see the table of activations")
    drop_hermite_below: WholeNumber = Field(
        2,
        description="2: constant and linear part dropped (the paper); 0: plain φ",
        json_schema_extra={"enum": [*DROP_SETTINGS]},
    )

    def entry(self) -> Activation:
        """The activation itself."""
        return activation(self.name, self.drop_hermite_below)

    def violations(self) -> Violations:
        if self.drop_hermite_below not in DROP_SETTINGS:
            allowed = ", ".join(map(str, DROP_SETTINGS))
            yield ("drop_hermite_below",), f"{self.drop_hermite_below} is not allowed; one of: {allowed}"
