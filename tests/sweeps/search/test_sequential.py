"""Sequential tests decide wrongly as seldom as they say, and as soon as they can."""

import numpy as np
import pytest

from featlearn.sweeps.search.sequential import ShareTest, share_interval

ERROR = 0.05
TRIALS = 1500
MOST_WRONG = 1.3 * ERROR  # of so many trials, with room for chance


def wrong(test: ShareTest, outcomes: np.ndarray) -> tuple[float, float]:
    """How often it decides that the number is above, and below, where it is the bound: then either is wrong."""
    found = [test.decision(row) for row in outcomes]
    return found.count(True) / len(found), found.count(False) / len(found)


@pytest.mark.parametrize("bound", [0.05, 0.5, 0.8, 0.95])
def test_a_share_at_the_bound_is_seldom_taken_for_more_or_less_however_often_one_looks(bound: float) -> None:
    outcomes = np.random.default_rng(1).random((TRIALS, 300)) < bound
    above, below = wrong(ShareTest(bound, ERROR), outcomes)
    assert 0 < above <= MOST_WRONG
    assert 0 < below <= MOST_WRONG


@pytest.mark.parametrize("share", [0.6, 0.9, 0.99])
def test_a_share_away_from_the_bound_is_decided_rightly_and_soon(share: float) -> None:
    outcomes = np.random.default_rng(3).random((200, 2000)) < share
    test = ShareTest(0.5, 0.01)
    assert [test.decision(row) for row in outcomes].count(False) == 0
    soon = {0.6: 700, 0.9: 40, 0.99: 20}[share]
    assert [test.decision(row[:soon]) for row in outcomes].count(True) > 180


def test_what_is_decided_stays_so() -> None:
    test = ShareTest(0.5, 0.01)
    fewest, _ = test.fewest()
    assert test.decision([0] * (fewest - 1)) is None
    assert test.decision([0] * fewest) is False
    assert test.decision([0] * fewest + [1] * 500) is False
    assert test.decision([]) is None


def test_few_agreeing_outcomes_decide_where_the_bound_is_far_from_them() -> None:
    below, above = ShareTest(0.95, 0.003).fewest()
    assert below <= 3
    assert 100 < above < 150
    assert ShareTest(0.5, 0.003).decision([1] * ShareTest(0.5, 0.003).fewest()[1]) is True


def test_the_interval_of_a_share_is_where_the_test_decides_nothing() -> None:
    low, high = share_interval(30, 100, 0.9)
    assert low < 0.3 < high
    outcomes = [1] * 30 + [0] * 70
    for bound, decided in ((low - 0.01, True), (low + 0.01, None), (high - 0.01, None), (high + 0.01, False)):
        # that the last of the outcomes decide
        test = ShareTest(bound, 0.05)
        found = {test.decision(np.random.default_rng(seed).permutation(outcomes)) for seed in range(20)}
        assert decided in found
    assert share_interval(0, 10, 0.95)[0] == 0
    assert share_interval(10, 10, 0.95)[1] == 1
    assert share_interval(0, 0, 0.95) == (0, 1)
