"""Claims judged on sweeps that are cut down, by the code as it is."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from featlearn.claims.evidence import Evidence
from featlearn.claims.load import Claim
from featlearn.claims.records import ClaimRecord
from featlearn.claims.sweep_files import sweep_files
from featlearn.claims.verdicts import verdict
from featlearn.sweeps.begin import begin
from featlearn.sweeps.executors import SerialExecutor
from featlearn.sweeps.load import load_sweep
from featlearn.sweeps.run import run_sweep

Small = Mapping[str, Mapping[str, object]]  # for each sweep of a claim, its quick form


def judged(claim: Claim, small: Small, place: Path, **parameters: float) -> ClaimRecord:
    """The verdict on a claim whose sweeps have these quick forms, and its measurement other parameters."""
    cut = {key: one.model_copy(update={"quick": small[key]}) for key, one in claim.file.sweeps.items()}
    changed = {"sweeps": cut, "parameters": claim.file.parameters | parameters}
    own = replace(claim, file=claim.file.model_copy(update=changed))
    found = {}
    for key, _, text in sweep_files(own, quick=True):
        path = place / f"{key}.yaml"
        path.write_text(text)
        found[key] = begin(load_sweep(path), place)
        run_sweep(found[key], SerialExecutor)
    return verdict(own, Evidence(found, own.file.parameters, quick=True, published=own.file.published))


def by_values(claim: Claim) -> Claim:
    """The claim with its thresholds for the values alone: the intervals of few runs are wide."""
    checks = {key: one.model_copy(update={"judged_by": "value"}) for key, one in claim.file.checks.items()}
    return replace(claim, file=claim.file.model_copy(update={"checks": checks}))


def failed(record: ClaimRecord) -> set[str]:
    """The checks that did not hold, where all could be measured."""
    assert record.message is None
    return {check.id for check in record.checks if not check.passed}
