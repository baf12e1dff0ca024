"""The curvature at the end of a run as ``run.json`` holds it."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from featlearn.runs.records import CurvatureRecord, ExplainedZeros
from featlearn.training.curvature import curvature
from featlearn.training.plan import Plan
from featlearn.training.problem import Problem
from featlearn.training.state import State

_DIGITS = 7  # of the eigenvalues in between


def curvature_record(problem: Problem, plan: Plan, state: State, steps: int) -> CurvatureRecord | None:
    """What the end of a run is; ``problem`` and ``state`` are its own (B = 1), after so many steps of the last stage.

    None where numbers overflow or memory ends.
    """
    # a run that is done must not fail for it
    with np.errstate(all="ignore"), suppress(ValueError, RuntimeError, np.linalg.LinAlgError, MemoryError):
        found = curvature(problem, plan.stages[-1], state, steps)
        if np.isfinite(found.eigenvalues).all() and np.isfinite(found.grad_norm):
            return CurvatureRecord(
                verdict=found.verdict,
                grad_norm=found.grad_norm,
                least=float(found.eigenvalues[0]) if found.parameters else 0.0,
                largest=float(found.eigenvalues[-1]) if found.parameters else 0.0,
                parameters=found.parameters,
                negative=found.negative,
                zeros=found.zeros,
                explained=ExplainedZeros(**found.explained),
                vanished=found.vanished,
                grows=found.grows,
                undecided=found.undecided,
                eigenvalues=tuple(float(f"{x:.{_DIGITS - 1}e}") for x in found.eigenvalues),
            )
    return None
