"""The thresholds of a claim: which measured numbers they let pass."""

import pytest

from featlearn.claims.intervals import Measured
from featlearn.claims.model import Check

INF = float("inf")


def check(**keys: object) -> Check:
    return Check.model_validate({"measures": "a number", **keys})


def test_the_whole_interval_must_be_on_the_right_side() -> None:
    measured = Measured(0.97, 0.94, 0.99, 20)
    assert check(above=0.93).holds(measured)
    assert not check(above=0.95).holds(measured)
    assert check(above=0.95, judged_by="value").holds(measured)
    assert not check(above=0.93, below=0.98).holds(measured)
    assert not check(above=0.94).holds(measured), "on the threshold is not above it"
    assert [check(**k).threshold for k in ({"above": 0.9}, {"below": 1e-3}, {"above": 1.9, "below": 2.1})] == [
        "> 0.9",
        "< 0.001",
        "1.9 … 2.1",
    ]


@pytest.mark.parametrize("judged_by", ["interval", "value"])
def test_what_is_not_known_does_not_hold(judged_by: str) -> None:
    nan = float("nan")
    for low, value, high in [(-INF, INF, INF), (-INF, 0.5, 0.9), (0.1, 0.5, INF), (nan, nan, nan)]:
        assert not check(above=0.0, below=1.0, judged_by=judged_by).holds(Measured(value, low, high, 9))
    assert not check(above=0.0, judged_by=judged_by).holds(Measured(INF, -INF, INF, 9))
