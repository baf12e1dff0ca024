"""The loss at the end against the scale of the start, beside the least loss of the tangent features."""

from __future__ import annotations

import numpy as np

from featlearn.claims.curves import against, by_seed, curve
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import exponent_of, median_of
from featlearn.claims.records import Panel
from featlearn.claims.sentences import values_at
from featlearn.config.build import build
from featlearn.config.model import Config
from featlearn.theory import population
from featlearn.theory.linear_floors import tangent_floor

_SCALE = "student.init.second_layer_std"
_LARGE = 1.0  # from here on weights move little


def measure(evidence: Evidence) -> Findings:
    table = evidence.table("scale")
    size, floor = np.array([sizes(config) for config in evidence.configs("scale")]).T
    loss = np.where(table["status"] == "done", table["loss"], np.inf)
    scales, losses = against(table, _SCALE, loss / size)
    floors = against(table, _SCALE, floor / size)[1]
    largest = table[_SCALE] == scales[-1]
    large = [scale for scale in scales if scale >= _LARGE]
    motion = by_seed(table, table["feature_motion"].astype(float), [{_SCALE: scale} for scale in large])
    return Findings(
        {
            "rich": losses[0],
            "lazy": median_of(loss[largest] / floor[largest]),
            "motion": exponent_of(large, motion),
        },
        ["loss / ‖f*‖²: " + values_at("τ", scales, [m.value for m in losses], "{:.2g}".format)],
        Panel(
            "τ",
            "loss / ‖f*‖²",
            [curve("trained", scales, losses), curve("tangent features of the start", scales, floors)],
            log_x=True,
        ),
    )


def sizes(config: Config) -> tuple[float, float]:
    """‖f*‖², and the least loss of the tangent features of the start."""
    problem, _, start = build(config)
    teacher = problem.teacher_second_layer[0], problem.teacher_first_layer[0]
    size = population.squared_norm(problem.activation, teacher[0][None], teacher[1][None])[0]
    floor = tangent_floor(problem.activation, start.state.second_layer[0], start.state.first_layer[0], *teacher)
    return size, np.nan if floor is None else floor
