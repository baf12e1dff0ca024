"""Positions on an axis that is searched."""

from itertools import islice, pairwise

import pytest

from featlearn.sweeps.search.scale import Scale, Tolerance, Value

WIDTHS = Scale(2, 400, log=True, whole=True)
STEPS = Scale(0.01, 10.0, log=True, whole=False)
SHARES = Scale(-1.0, 1.0, log=False, whole=False)
FIVE_PERCENT = Tolerance(0.05, relative=True)


@pytest.mark.parametrize("scale", [WIDTHS, STEPS, SHARES])
def test_a_position_is_where_its_value_is(scale: Scale) -> None:
    assert (scale.position(scale.first), scale.position(scale.last)) == (0, 1)
    for position in (0.0, 0.3, 0.5, 1.0):
        assert scale.position(scale.value(position)) == pytest.approx(position)


@pytest.mark.parametrize(
    ("scale", "low", "high", "middle"),
    [(STEPS, 0.01, 10.0, 0.3), (STEPS, 0.3, 10.0, 2.0), (SHARES, -1.0, 1.0, 0.0), (SHARES, 0.25, 0.5, 0.4)],
)
def test_a_middle_has_few_digits(scale: Scale, low: float, high: float, middle: float) -> None:
    assert list(scale.between(low, high)) == [pytest.approx(middle, rel=0.05)]
    [found] = scale.between(low, high)
    assert len(f"{found:g}") <= 4


def test_middles_of_whole_numbers_are_whole_and_lie_between() -> None:
    assert next(WIDTHS.between(2, 400)) == 28
    assert list(WIDTHS.between(3, 5)) == [4]
    assert list(WIDTHS.between(3, 4)) == []
    assert list(islice(WIDTHS.between(10, 20), 5)) == [14, 15, 13, 16, 12]


@pytest.mark.parametrize(
    ("scale", "tolerance"),
    [
        (WIDTHS, FIVE_PERCENT),
        (STEPS, FIVE_PERCENT),
        (STEPS, Tolerance(0.5, relative=False)),
        (SHARES, Tolerance(0.01, relative=False)),
        (Scale(1, 10, log=False, whole=False), FIVE_PERCENT),
    ],
)
def test_halving_as_often_as_it_says_makes_every_part_narrow(scale: Scale, tolerance: Tolerance) -> None:
    count = scale.halvings(tolerance)
    for halvings, all_narrow in ((count, True), (count - 1, False)):
        values = [scale.value(i / 2**halvings) for i in range(2**halvings + 1)]
        assert all(scale.narrow(low, high, tolerance) for low, high in pairwise(values)) == all_narrow


@pytest.mark.parametrize(
    ("scale", "low", "high", "tolerance", "count"),
    [
        (SHARES, 0.0, 0.001, Tolerance(0.1, relative=False), 21),
        (SHARES, 0.0, 0.5, Tolerance(0.1, relative=False), 5),
        (STEPS, 1.0, 10.0, FIVE_PERCENT, 4),
        (Scale(1, 100, log=False, whole=True), 7, 8, Tolerance(1, relative=False), 100),
        (WIDTHS, 100, 101, FIVE_PERCENT, 81),  # of 110 values some are the same whole number
    ],
)
def test_a_grid_is_as_fine_as_the_gap_or_the_tolerance(
    scale: Scale, low: Value, high: Value, tolerance: Tolerance, count: int
) -> None:
    assert scale.grid(low, high, tolerance) == count
