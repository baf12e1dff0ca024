"""The claims of the paper on sweeps that are cut down, with a training that is as it should be, or broken."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from featlearn.claims.evidence import Evidence
from featlearn.claims.load import Claim, load_paper
from featlearn.claims.records import ClaimRecord
from featlearn.claims.sweep_files import sweep_files
from featlearn.claims.verdicts import verdict
from featlearn.runs import batch
from featlearn.sweeps.begin import begin
from featlearn.sweeps.executors import SerialExecutor
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.run import run_sweep
from featlearn.training.backends.fused import FusedBackend
from featlearn.training.stages import Schedule, Stage

LATE = "stages.local_convergence"
TINY = {"teacher.input_dim": [6], "student.width": [24]}
SHORT = {f"{LATE}.steps": [18000], f"{LATE}.weight_decay.every": [2000]}
TINY_AND_SHORT = {"seeds": 16, "grid": {**TINY, **SHORT}}  # for sweeps of the three stages

Small = Mapping[str, Mapping[str, object]]  # for each sweep of a claim, its quick form


class Broken(FusedBackend):
    """Steps that are not what they should be: the weight decay is dropped, or the sign of the step is wrong."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def _spoiled(self, stage: Stage) -> Stage:
        if self.fault == "no decay":
            return replace(stage, weight_decay=Schedule(0.0))
        assert stage.step_size is not None
        return replace(stage, step_size=replace(stage.step_size, start=-stage.step_size.start))

    def _walk(self, problem: Any, stages: Any, *rest: Any) -> Any:
        return super()._walk(problem, [self._spoiled(stage) for stage in stages], *rest)


def claim(name: str) -> Claim:
    return load_paper("zhou-ge-2024").claims[name]


def judged(name: str, small: Small, place: Path) -> ClaimRecord:
    """The verdict on a claim whose sweeps have these quick forms."""
    own = claim(name)
    cut = {key: one.model_copy(update={"quick": small[key]}) for key, one in own.file.sweeps.items()}
    own = replace(own, file=own.file.model_copy(update={"sweeps": cut}))
    found = {}
    for key, _, text in sweep_files(own, quick=True):
        path = place / f"{key}.yaml"
        path.write_text(text)
        found[key] = begin(load_sweep(path), place)
        run_sweep(found[key], SerialExecutor)
    return verdict(own, Evidence(found, own.file.parameters, quick=True))


def judged_when_broken(
    fault: str, name: str, small: Small, place: Path, monkeypatch: pytest.MonkeyPatch
) -> ClaimRecord:
    with monkeypatch.context() as patched:
        patched.setattr(batch, "backend_of", lambda config: Broken(fault))
        return judged(name, small, place)


def failed(record: ClaimRecord) -> set[str]:
    """The checks that did not hold, where all could be measured."""
    assert record.message is None
    return {check.id for check in record.checks if not check.passed}
