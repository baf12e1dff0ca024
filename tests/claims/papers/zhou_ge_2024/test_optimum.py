"""The claim about the best measure: for few teachers it holds, and it is told whether any has clusters of atoms."""

import pytest

from featlearn.claims.evidence import Evidence
from featlearn.claims.verdicts import verdict
from tests.claims.papers.zhou_ge_2024.small import claim, failed


@pytest.mark.slow
def test_it_holds_for_few_teachers() -> None:
    own = claim("optimum")
    record = verdict(own, Evidence({}, own.file.parameters | {"quick_teachers": 6}, quick=True))
    assert failed(record) == set()
    assert record.passed
    assert "of 6 teachers have clusters of atoms at a line; their rms angles fall with exponents" in record.edges[1]
    assert record.panel is not None
    assert [series.name for series in record.panel.series][2:] == ["rms angle of clusters"]


def test_teachers_without_clusters_are_measured_too() -> None:
    own = claim("optimum")
    record = verdict(own, Evidence({}, own.file.parameters | {"quick_teachers": 1}, quick=True))  # one in a plane
    assert record.message is None
    assert record.edges[1] == "0 of 1 teachers have clusters of atoms at a line"
    assert record.panel is not None
    assert [series.name for series in record.panel.series] == ["missing mass", "angle of the centre"]
