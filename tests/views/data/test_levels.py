"""Values that last are told from those that pass."""

import numpy as np
import pytest

from featlearn.views.data.levels import Level, changes, levels


def told(values: list[float], tolerance: float = 0.0, steps: list[int] | None = None) -> list[tuple[int, int, float]]:
    rows = np.array(steps or [0, *(2**k for k in range(len(values) - 1))])
    return [(level.first, level.last, level.value) for level in levels(rows, np.array(values, dtype=float), tolerance)]


def test_a_value_lasts_that_holds_while_the_steps_double() -> None:
    assert told([0, 0, 0, 1, 1, 3, 3, 3]) == [(0, 2, 0), (3, 4, 1), (5, 7, 3)]
    assert told([0, 0, 0, 1, 3, 3, 3, 3]) == [(0, 2, 0), (4, 7, 3)]  # 1 is seen at a single step


def test_what_stands_at_the_end_lasts_and_what_stood_at_the_start_too() -> None:
    assert told([5, 0, 0, 0, 2]) == [(0, 0, 5), (1, 3, 0), (4, 4, 2)]
    assert told([7]) == [(0, 0, 7)]


@pytest.mark.parametrize(("until", "lasts"), [(19, False), (20, True)])
def test_it_is_the_steps_that_count_and_not_the_rows(until: int, lasts: bool) -> None:
    found = told([0, 1, 1, 0, 0], steps=[0, 10, until, 30, 100])
    assert found == ([(0, 0, 0), (1, 2, 1), (3, 4, 0)] if lasts else [(0, 4, 0)])


def test_values_within_a_tolerance_are_one_and_the_step_is_that_of_the_last_of_them() -> None:
    assert told([100, 99, 98, 60, 57, 55, 55, 55], 5) == [(0, 2, 100), (5, 7, 55)]


def test_values_that_grow_and_then_drift_back_are_told_where_they_were_largest() -> None:
    assert told([0, 391, 400, 398, 390, 381, 381], 20) == [(0, 0, 0), (2, 6, 400)]


def test_rows_without_a_value_are_passed_over() -> None:
    nan = np.nan
    assert told([nan, 0, nan, 0, 2, nan, 2, nan]) == [(1, 3, 0), (4, 6, 2)]
    assert told([nan, nan]) == told([]) == []


def test_changes_are_from_one_lasting_value_to_the_next() -> None:
    steps = np.array([0, 1, 2, 4, 8])
    assert changes(steps, np.array([0.0, 0, 1, 1, 1])) == [(Level(0, 1, 0.0), Level(2, 4, 1.0))]
    assert changes(steps, np.ones(5)) == []
