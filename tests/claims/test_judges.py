"""The judges: small versions of the claims hold, and a training broken on purpose turns the right ones to FAIL."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.claims.evidence import Evidence
from featlearn.claims.judges import JUDGES
from featlearn.claims.model import CLAIMS, Claim, claims_directory, load_claim, sweep_files
from featlearn.claims.records import ClaimRecord
from featlearn.claims.reproduce import verdict
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
SMALL: dict[str, dict[str, Any]] = {  # what the sweep files are cut down to
    "first_step_dimension": {"seeds": 6, "grid": {"teacher.input_dim": [8, 16, 32]}},
    "first_step_size": {"seeds": 2},
    "local_starts": {
        "grid": {**TINY, **SHORT, "student.init.angle": [20, 40]},
        "zip": [{"teacher.width": [3], "teacher.min_angle": [25]}],
    },
    "constant_decay": {
        "seeds": 6,
        "grid": {**TINY, "teacher.min_angle": [45], f"{LATE}.weight_decay": [0.0, 0.001, 0.002]},
    },
    "three_stage": {"seeds": 16, "grid": {**TINY, **SHORT}},
    "without_first_step": {"seeds": 16, "grid": {**TINY, **SHORT}},
    "floors_dimension": {"seeds": 3, "grid": {"teacher.input_dim": [8, 64]}},
}


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


def _judged(name: str, tmp_path: Path) -> ClaimRecord:
    claim = load_claim(name, claims_directory())
    small = {key: one.model_copy(update={"quick": SMALL[Path(one.file).stem]}) for key, one in claim.sweeps.items()}
    cut: Claim = claim.model_copy(update={"sweeps": small})
    found = {}
    for key, _, text in sweep_files(cut, claims_directory(), quick=True):
        path = tmp_path / f"{key}.yaml"
        path.write_text(text)
        found[key] = begin(load_sweep(path), tmp_path)
        run_sweep(found[key], SerialExecutor)
    return verdict(name, cut, Evidence(found, claim.parameters, quick=True))


def _failed(record: ClaimRecord) -> set[str]:
    assert record.message is None
    return {check.id for check in record.checks if not check.passed}


@pytest.mark.parametrize("name", ["subspace", "local", "decay", "beyond-ntk", "geometry", "descent"])
def test_small_versions_hold(name: str, tmp_path: Path) -> None:
    record = _judged(name, tmp_path)
    assert record.passed, record.checks
    assert _failed(record) == set()


@pytest.mark.parametrize(
    ("name", "failed"),
    [
        ("subspace", {"share"}),
        ("local", {"success"}),
        ("decay", {"unaligned", "aligned", "exponent"}),
        ("geometry", {"constant"}),
    ],
)
def test_without_weight_decay_in_the_gradient_the_claims_fail(
    name: str, failed: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "backend_of", lambda config: Broken("no decay"))
    record = _judged(name, tmp_path)
    assert not record.passed
    assert record.message is not None or _failed(record) >= failed


@pytest.mark.parametrize(
    ("name", "failed"),
    [("local", {"success"}), ("decay", {"fits", "aligned"}), ("end", {"with"}), ("beyond-ntk", {"trained"})],
)
def test_with_a_flipped_sign_the_claims_fail(
    name: str, failed: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "backend_of", lambda config: Broken("wrong sign"))
    record = _judged(name, tmp_path)
    assert not record.passed
    assert record.message is not None or _failed(record) >= failed


@pytest.mark.parametrize("name", ["optimum", "certificate"])
def test_claims_about_the_optimum_hold_for_few_teachers(name: str) -> None:
    claim = load_claim(name, claims_directory())
    record = verdict(name, claim, Evidence({}, claim.parameters | {"quick_teachers": 6}, quick=True))
    assert record.passed, record.checks


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_has_a_file_and_a_judge(name: str) -> None:
    claim = load_claim(name, claims_directory())
    assert name in JUDGES
    for quick in (False, True):
        assert all(text for _, _, text in sweep_files(claim, claims_directory(), quick=quick))
    assert all(np.isfinite([x for x in (c.above, c.below) if x is not None]).all() for c in claim.checks.values())
