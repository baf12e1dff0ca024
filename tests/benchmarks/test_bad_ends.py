"""The bad ends of Safran & Shamir are minima."""

import pytest

from tests.benchmarks.bad_ends import ends, least_share


@pytest.mark.slow
def test_bad_ends_are_minima_and_good_ones_too() -> None:
    found = ends(range(30), 8, 8)
    bad = [end for end in found if end.bad]
    assert 1 <= len(bad) <= 9  # 12.6 % of 1000 published starts
    assert {end.curvature.verdict for end in found} == {"minimum"}
    assert least_share(bad) >= -1e-8
    assert max(end.curvature.grad_norm for end in found) < 1e-12
    assert max(end.loss for end in found if not end.bad) < 1e-20
