"""The ``log`` section: what is written along the way."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from featlearn.config.section import Section, WholeNumber


class Log(Section):
    """What is written along the way."""

    points: Annotated[WholeNumber, Field(ge=2, le=100_000)] = Field(
        300, description="rows per run, log-spaced within each stage"
    )
    snapshots: Annotated[WholeNumber, Field(ge=1, le=10_000)] = Field(
        60, description="neuron snapshots per run, at logged rows"
    )
    gap: bool = Field(
        True,
        description="compare the objective with its certified optimum: some 0.005 s for each λ of a teacher of rank 2, "
        "up to a second for higher ranks",
    )
    floors: bool = Field(
        False,
        description="compute the least loss of random features and of the tangent kernel at the end, for "
        "run.json and whatever shows it: at most some seconds, null for large networks",
    )
    curvature: bool = Field(
        False,
        description="compute the eigenvalues of the Hessian of the objective of the last stage at the end, for "
        "run.json and whatever shows it: minimum, saddle or flat; a minute at 5000 trained weights",
    )
