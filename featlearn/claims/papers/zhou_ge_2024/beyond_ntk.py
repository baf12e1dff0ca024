"""The floors of the features at the start, and the loss of the trained network, against the dimension."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featlearn.claims.curves import against, curve
from featlearn.claims.evidence import Evidence, Findings, size_and_floors
from featlearn.claims.intervals import Measured, smallest_of
from featlearn.claims.records import Panel
from featlearn.claims.sentences import values_at

_DIMENSION = "teacher.input_dim"


def measure(evidence: Evidence) -> Findings:
    table = evidence.table("dimension")
    size, *floors = np.array([size_and_floors(config) for config in evidence.configs("dimension")]).T
    loss = np.where(table["status"] == "done", table["loss"], np.inf) / size
    dims, trained = against(table, _DIMENSION, loss)
    random, tangent = (against(table, _DIMENSION, floor / size)[1] for floor in floors)
    rises = np.concatenate([np.diff([m.value for m in medians]) for medians in (random, tangent)])
    curves = {"random features": random, "tangent features": tangent, "trained, three stages": trained}
    return Findings(
        {
            "trained": _largest(trained),
            "random_features": random[-1],
            "ntk": tangent[-1],
            "growth": smallest_of(rises),
        },
        [
            f"{name}: " + values_at("d", dims, [m.value for m in medians], "{:.3g}".format)
            for name, medians in curves.items()
        ],
        Panel(
            "input dimension d",
            "loss / ‖f*‖²",
            [curve(name, dims, medians) for name, medians in curves.items()],
            log_x=True,
            log_y=True,
        ),
    )


def _largest(medians: Sequence[Measured]) -> Measured:
    """The largest of medians; its interval goes from the largest lower to the largest upper end of any of theirs."""
    value, low, high = (max(ends) for ends in zip(*((m.value, m.low, m.high) for m in medians), strict=True))
    return Measured(value, low, high, min(m.count for m in medians))
