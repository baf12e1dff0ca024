"""The judge of each claim: from the evidence to the findings."""

from __future__ import annotations

from collections.abc import Callable

from featlearn.claims import judges_of_optima, judges_of_runs, judges_of_scale
from featlearn.claims.evidence import Evidence
from featlearn.claims.model import Findings

Judge = Callable[[Evidence], Findings]

JUDGES: dict[str, Judge] = {
    "subspace": judges_of_runs.subspace,
    "local": judges_of_runs.local,
    "decay": judges_of_runs.decay,
    "end": judges_of_runs.end,
    "beyond-ntk": judges_of_optima.beyond_ntk,
    "optimum": judges_of_optima.optimum,
    "geometry": judges_of_optima.geometry,
    "descent": judges_of_optima.descent,
    "certificate": judges_of_optima.certificate,
    "rate": judges_of_scale.rate,
    "width": judges_of_scale.width,
    "samples": judges_of_scale.samples,
}
