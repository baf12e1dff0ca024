"""The claims of the paper on sweeps that are cut down, with a training that is as it should be, or broken."""

from pathlib import Path

import pytest

from featlearn.claims.load import Claim, load_paper
from featlearn.claims.records import ClaimRecord
from tests.claims.papers import small
from tests.claims.papers.faults import FAULTS
from tests.claims.papers.small import Small

LATE = "stages.local_convergence"
TINY = {"teacher.input_dim": [6], "student.width": [24]}
SHORT = {f"{LATE}.steps": [18000], f"{LATE}.weight_decay.every": [2000]}
TINY_AND_SHORT = {"seeds": 16, "grid": {**TINY, **SHORT}}  # for sweeps of the three stages


def claim(name: str) -> Claim:
    return load_paper("zhou-ge-2024").claims[name]


def judged(name: str, cut: Small, place: Path) -> ClaimRecord:
    """The verdict on a claim whose sweeps have these quick forms."""
    return small.judged(claim(name), cut, place)


def judged_when_broken(fault: str, name: str, cut: Small, place: Path, monkeypatch: pytest.MonkeyPatch) -> ClaimRecord:
    with monkeypatch.context() as patched:
        FAULTS[fault](patched)
        return judged(name, cut, place)
