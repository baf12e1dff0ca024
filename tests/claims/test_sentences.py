"""Numbers within sentences."""

from featlearn.claims.sentences import count_or_less, count_or_never, share_of, values_at


def test_values_are_told_with_their_places() -> None:
    assert values_at("d", [4, 8.5], [0.123, 2.0], "{:.2f}".format) == "0.12 at d = 4, 2.00 at d = 8.5"
    assert values_at("n", [1.0], [float("inf")], count_or_never) == "never at n = 1"


def test_cases_are_counted() -> None:
    assert share_of([True, False, True]) == "2 of 3"


def test_counts_are_whole_and_what_never_happens_has_none() -> None:
    assert [count_or_never(x) for x in (3.6, float("inf"), float("nan"))] == ["4", "never", "never"]
    assert [count_or_less(x, 3.0) for x in (3.0, 3.6, float("inf"))] == ["at most 3", "4", "never"]
