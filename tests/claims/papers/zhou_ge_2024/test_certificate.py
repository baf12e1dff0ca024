"""The claim about the dual certificate holds for few teachers."""

import pytest

from featlearn.claims.evidence import Evidence
from featlearn.claims.verdicts import verdict
from tests.claims.papers.zhou_ge_2024.small import claim, failed


@pytest.mark.slow
def test_it_holds_for_few_teachers() -> None:
    own = claim("certificate")
    record = verdict(own, Evidence({}, own.file.parameters | {"quick_teachers": 6}, quick=True))
    assert failed(record) == set()
    assert record.passed
