"""Values that are given by a rule."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from featlearn.sweeps.model import MOST_POINTS, Spaced, SweepConfig

HUGE = 10**400


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"linear": [0.1, 0.3, 3]}, [0.1, 0.2, 0.3]),
        ({"log": [0.001, 0.1, 3]}, [0.001, 0.01, 0.1]),
        ({"log": [1e-3, 1e-3, 1]}, [0.001]),
        ({"linear": [-1e308, 0, 2]}, [-1e308, 0.0]),
        ({"range": [2, 8, 2]}, [2, 4, 6]),
        ({"range": [10**30, 10**30 + 2]}, [10**30, 10**30 + 1]),
    ],
)
def test_values_of_an_axis(rule: dict[str, Any], expected: list[float]) -> None:
    assert Spaced.model_validate(rule).values() == pytest.approx(expected, rel=1e-15)


def test_values_are_whole_numbers_when_the_ends_are_written_so() -> None:
    whole = Spaced.model_validate({"linear": [10, 40, 4]}).values()
    assert whole == [10, 20, 30, 40]
    assert all(type(value) is int for value in whole)
    assert all(type(value) is float for value in Spaced.model_validate({"linear": [10.0, 40, 4]}).values())


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"linear": [0, HUGE, 3]}, "is too large for a number"),
        ({"log": [1, HUGE, 3]}, "is too large for a number"),
        ({"linear": [0, 1, HUGE]}, "is too large for a number"),
        ({"range": [0, HUGE]}, "is too large for a number"),
        ({"range": [HUGE, HUGE + 2]}, "is too large for a number"),
        ({"range": [0, 10**30]}, f"has more than {MOST_POINTS} values"),
        ({"range": [10**30, 0, -1]}, f"has more than {MOST_POINTS} values"),
        ({"range": [0, MOST_POINTS + 1]}, f"has more than {MOST_POINTS} values"),
        ({"range": [0, 3, -(10**30)]}, "is empty"),
        ({"linear": [-1.7e308, 1.7e308, 3]}, "values that are too large"),
        ({"log": [1.7976931348622103e308, 1.7976931348622103e308, 3]}, "values that are too large"),
        ({"linear": [0, 1, 1e300]}, f"must be a whole number from 1 to {MOST_POINTS}"),
        ({"linear": [0, 1, float("inf")]}, "finite number"),
        ({"linear": [0, 1, True]}, "valid integer"),
    ],
)
def test_what_is_too_large_is_refused(rule: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Spaced.model_validate(rule)


def test_as_many_values_as_points_are_allowed() -> None:
    assert len(Spaced.model_validate({"range": [0, MOST_POINTS]}).values()) == MOST_POINTS


ANY_NUMBER = (
    st.integers(-3, 9)
    | st.integers(-(10**320), 10**320)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from([1.7976931348623157e308, -1.7976931348623157e308, 5e-324, 0.0])
)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(["linear", "log", "range"]), st.lists(ANY_NUMBER, min_size=3, max_size=3))
def test_whatever_the_numbers_there_are_finite_values_or_a_complaint(rule: str, numbers: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            values = Spaced.model_validate({rule: numbers}).values()
        except ValidationError:
            return
    assert 0 < len(values) <= MOST_POINTS
    assert np.isfinite(np.array(values, dtype=np.float64)).all()


def test_where_axes_stand_and_which_are_given_by_a_rule() -> None:
    text = {"base": "x", "grid": {"a": [1], "b": {"log": [1, 2, 2]}}, "zip": [{"c": [1], "d": {"range": [0, 1]}}]}
    config = SweepConfig.model_validate(text)
    assert config.places() == [
        (("grid", "a"), "a"),
        (("grid", "b"), "b"),
        (("zip", 0, "c"), "c"),
        (("zip", 0, "d"), "d"),
    ]
    assert config.spaced() == {"b", "d"}
    assert config.axes() == [{"a": [1]}, {"b": [1, 2]}, {"c": [1], "d": [0]}]
