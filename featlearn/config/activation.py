"""The ``activation`` section."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from featlearn.config.section import Section, Violations, WholeNumber
from featlearn.theory.activations import Activation, activation


class ActivationChoice(Section):
    """The activation of teacher and student."""

    name: Literal["relu", "abs", "erf", "quadratic"] = Field("relu", description="φ, see the table of activations")
    drop_hermite_below: WholeNumber = Field(
        2, description="2: constant and linear part dropped (the paper); 0: plain φ", json_schema_extra={"enum": [0, 2]}
    )

    def entry(self) -> Activation:
        """The activation itself."""
        return activation(self.name, self.drop_hermite_below)

    def violations(self) -> Violations:
        if self.drop_hermite_below not in (0, 2):
            yield ("drop_hermite_below",), f"{self.drop_hermite_below} is not allowed; one of: 0, 2"
