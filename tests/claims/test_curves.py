"""From tables to curves: the order of the values, and runs that are missing."""

import numpy as np
import pytest

from featlearn.claims.curves import against, by_seed, crossing, curve, median_curve, within
from featlearn.claims.intervals import Measured, median_of

TABLE = {
    "seed": np.array([1, 0, 0, 1, 2]),
    "width": np.array([16, 16, 8, 8, 8]),
    "loss": np.array([0.4, 0.3, 0.1, 0.2, 0.6]),
}


def test_medians_against_an_axis_are_in_the_order_of_its_values() -> None:
    widths, medians = against(TABLE, "width", TABLE["loss"])
    assert widths == [8, 16]
    assert [m.value for m in medians] == [0.2, 0.35]
    assert [m.count for m in medians] == [3, 2]


def test_columns_by_seed_have_nan_where_a_run_is_missing() -> None:
    cases = by_seed(TABLE, TABLE["loss"], [{"width": 16}, {"width": 8}, {"width": 4}])
    nan = np.nan
    np.testing.assert_array_equal(cases, [[0.3, 0.1, nan], [0.4, 0.2, nan], [nan, 0.6, nan]])


def test_curves_carry_values_and_intervals() -> None:
    series = curve("loss", [8.0], [Measured(0.2, 0.1, 0.6, 3)])
    assert (series.name, series.x, series.y, series.low, series.high) == ("loss", [8.0], [0.2], [0.1], [0.6])
    cases = np.array([[1.0, 4.0], [2.0, 5.0], [3.0, 9.0]])
    assert median_curve("m", [1.0, 2.0], cases) == curve(
        "m", [1.0, 2.0], [median_of(cases[:, 0]), median_of(cases[:, 1])]
    )


def test_a_crossing_is_interpolated_in_the_logarithms() -> None:
    assert crossing([100, 400, 1600], np.array([8.0, 4.0, 2.0]), 4.0) == 400
    assert crossing([100, 400, 1600], np.array([8.0, 4.0, 1.0]), 2.0) == pytest.approx(800)
    assert crossing([100, 400], np.array([1.0, 0.5]), 2.0) == 100
    assert crossing([100, 400], np.array([1.0, 3.0]), 2.0) == np.inf
    assert crossing([100, 400], np.array([np.inf, 1.0]), 2.0) == 400


def test_crossings_at_the_smallest_place_are_not_known() -> None:
    np.testing.assert_array_equal(within([100, 400], [100.0, 100.1, np.inf]), [np.nan, 100.1, np.inf])
    np.testing.assert_array_equal(within([100, 400], np.array([[100.0], [400.0]])), [[np.nan], [400.0]])
