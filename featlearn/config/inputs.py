"""The section ``inputs`` of a configuration: the Gaussian distribution of the inputs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from featlearn.config.section import Section

LARGEST_VARIANCE, SMALLEST_VARIANCE = 1e6, 1e-6


class Spike(Section):
    """One direction in which inputs vary more than in the others."""

    strength: Annotated[float, Field(ge=0, le=LARGEST_VARIANCE)] = Field(description="s in Σ = I + s v vᵀ")
    along: Literal["teacher", "random"] = Field(
        "teacher", description="v: the direction of the first teacher neuron, or a random one"
    )


class SpikedCovariance(Section):
    """The identity and a spike."""

    spike: Spike = Field(description="Σ = I + s v vᵀ, ‖v‖ = 1, as {strength: 4, along: teacher}")


class PowerLawCovariance(Section):
    """Variances that fall with a power of the number of the coordinate."""

    power_law: Annotated[float, Field(ge=0, le=10)] = Field(description="α in Σ_ii = i^−α, i = 1 … d")


def _kind_of_covariance(value: Any) -> str:
    if isinstance(value, str | list):
        return "name" if isinstance(value, str) else "list"
    falling = isinstance(value, PowerLawCovariance) or (isinstance(value, dict) and "power_law" in value)
    return "falling" if falling else "mapping"


Variances = Annotated[list[Annotated[float, Field(ge=SMALLEST_VARIANCE, le=LARGEST_VARIANCE)]], Field(min_length=1)]
Covariance = Annotated[
    Annotated[Literal["identity"], Tag("name")]
    | Annotated[SpikedCovariance, Tag("mapping")]
    | Annotated[PowerLawCovariance, Tag("falling")]
    | Annotated[Variances, Tag("list")],
    Discriminator(_kind_of_covariance),
]


class Inputs(Section):
    """The distribution N(0, Σ) of the inputs."""

    covariance: Covariance = Field(
        "identity",
        description="Σ: `identity`, {spike: …}, {power_law: α}, or the list of the d variances of a diagonal",
    )
